/*
 * served.c
 *		Knows the deployments, and asks for each anew after a while: how one is to
 *		be called can be changed.
 */
#include "dispatch/served.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"

/* for how long what was loaded is taken for what there is */
#define FRESH_MS 5000

static bool fill(Served *served, const char *json, const Served *before);
static bool take_headers(Served *served, json_t *headers);
static bool is_ours(const char *name);
static bool is_same(const Served *a, const Served *b);
static const char *text_of(const Served *served, const char *name);
static void retire(Served *served);
static void destroy(Served *served);

static Served *all;
static int most_attempts;

void
served_configure(int most)
{
	most_attempts = most;
}

Served *
served_first(void)
{
	return all;
}

Served *
served_find(const char *id)
{
	Served *served = all;

	while (served && strcmp(served->id, id) != 0)
		served = served->next;
	return served;
}

Served *
served_load(const char *id, const char *json)
{
	Served *before = served_find(id);
	Served *served = calloc(1, sizeof(*served));

	if (served == NULL)
		return NULL;
	snprintf(served->id, sizeof(served->id), "%s", id);
	served->loaded_at = loop_now();
	if (!fill(served, json, before))
	{
		destroy(served);
		return NULL;
	}
	if (before && served->endpoint == NULL && served->error == NULL)
	{
		/* nothing has changed */
		before->loaded_at = served->loaded_at;
		destroy(served);
		return before;
	}
	if (before)
	{
		served->ntaken = before->ntaken;
		retire(before);
	}
	served->next = all;
	all = served;
	return served;
}

/*
 * Fills a deployment in, but for the endpoint where it is the same as before;
 * returns false where memory has run out.
 */
static bool
fill(Served *served, const char *json, const Served *before)
{
	EndpointConfig config = {.most_calls = 2 * most_attempts};
	json_t *document = json_loads(json, 0, NULL);
	const char *http;
	const char *protocol;

	served->document = document;
	config.uri = text_of(served, "uri");
	http = text_of(served, "http_version");
	protocol = text_of(served, "protocol_type");
	if (document == NULL || config.uri == NULL)
	{
		served->error = "it has no URI";
		return document != NULL;
	}
	config.http = http && strcmp(http, "HTTP/1.1") == 0 ? ENDPOINT_HTTP1 : ENDPOINT_HTTP2;
	served->is_half_duplex = protocol && strcmp(protocol, "RequestResponse") == 0;
	if (!take_headers(served, json_object_get(document, "additional_headers")))
		return false;
	if (before && is_same(before, served))
		return true;
	served->endpoint = endpoint_new(&config, &served->error);
	if (served->endpoint)
		served->error = NULL;
	return true;
}

/*
 * Takes the headers that requests to it have; returns false where memory has run out.
 */
static bool
take_headers(Served *served, json_t *headers)
{
	const char *name;
	json_t *value;

	json_object_foreach(headers, name, value)
	{
		char *lower;

		if (served->nheaders == SERVED_MAX_HEADERS || !json_is_string(value))
			continue;
		lower = strdup(name);
		if (lower == NULL)
			return false;
		for (char *c = lower; *c; c++)
			if (*c >= 'A' && *c <= 'Z')
				*c = (char) (*c - 'A' + 'a');
		if (is_ours(lower))
			free(lower);
		else
			served->headers[served->nheaders++] = (CallHeader){lower, json_string_value(value)};
	}
	return true;
}

/*
 * Returns whether a header says how a request is sent, which is ours to say.
 */
static bool
is_ours(const char *name)
{
	static const char *const names[] = {"host", "connection", "content-length", "transfer-encoding",
										"te", "upgrade", "keep-alive", "proxy-connection",
										"content-type", "accept", "x-restate-invocation-id",
										CLUSTER_HEADER, "traceparent", "tracestate"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/*
 * Returns whether both are called in the same way.
 */
static bool
is_same(const Served *a, const Served *b)
{
	static const char *const names[] = {"uri", "http_version", "protocol_type",
										"additional_headers"};

	if (a->error)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
	{
		json_t *of_a = json_object_get(a->document, names[i]);
		json_t *of_b = json_object_get(b->document, names[i]);

		if ((of_a || of_b) && !json_equal(of_a, of_b))
			return false;
	}
	return true;
}

/*
 * Returns a text of the deployment's document, or NULL.
 */
static const char *
text_of(const Served *served, const char *name)
{
	return json_string_value(json_object_get(served->document, name));
}

void
served_use(Served *served)
{
	served->nattempts++;
	served->ntaken++;
	if (served_is_full(served))
		served->is_behind = true;
}

bool
served_release(Served *served)
{
	Served *current = served->is_replaced ? served_find(served->id) : served;
	bool was_full = current && served_is_full(current);

	served->nattempts--;
	if (current)
		current->ntaken--;
	if (served->is_replaced && served->nattempts == 0)
		destroy(served);
	return was_full;
}

/*
 * Takes one out of those that are found.
 */
static void
retire(Served *served)
{
	Served **place = &all;

	while (*place != served)
		place = &(*place)->next;
	*place = served->next;
	served->is_replaced = true;
	if (served->nattempts == 0)
		destroy(served);
}

/*
 * Frees one.
 */
static void
destroy(Served *served)
{
	if (served->endpoint)
		endpoint_free(served->endpoint);
	for (int i = 0; i < served->nheaders; i++)
		free((char *) served->headers[i].name);
	json_decref(served->document);
	free(served);
}

bool
served_is_fresh(const Served *served)
{
	return loop_now() - served->loaded_at < FRESH_MS;
}

bool
served_is_full(const Served *served)
{
	return served->ntaken >= most_attempts;
}

bool
served_has_room_for(const Served *served, int count)
{
	return served->ntaken + count <= most_attempts;
}

int
served_room(void)
{
	int room = most_attempts;

	for (const Served *served = all; served; served = served->next)
		if (!served_is_full(served) && most_attempts - served->ntaken < room)
			room = most_attempts - served->ntaken;
	return room;
}

void
served_free_all(void)
{
	while (all)
	{
		Served *served = all;

		all = served->next;
		if (served->endpoint)
			endpoint_stop(served->endpoint);
		served->endpoint = NULL;
		destroy(served);
	}
}
