/*
 * ingress_head.c
 *		Takes what the head of a request says.
 */
#include "ingress_head.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "port.h"

#include "types/is_utf8.h"

/* a request has no more */
#define MAX_HEADERS 100

/* What is told of each header while all are gone through. */
typedef struct Heads
{
	Exchange *exchange;
	Buffer json;
	const char *bad;
	const char *key;
	const char *names[MAX_HEADERS];
	int count;
} Heads;

static bool is_plain_text(const char *value, size_t len);
static size_t trimmed(const char *value);
static enum MHD_Result take_header(void *arg, enum MHD_ValueKind kind, const char *name,
								   const char *value);
static bool is_passed_on(const Heads *heads, const char *name);
static void add_string(Buffer *json, const char *text, size_t len, bool is_name);
static bool keep(Exchange *exchange, Buffer *buffer, char **where);
static enum MHD_Result find_delay(void *arg, enum MHD_ValueKind kind, const char *name,
								  const char *value);
static size_t character_length(const char *text, size_t len);

bool
head_take_segment(Exchange *exchange, int number, char **where)
{
	UrlText text = exchange->url.segments[number];
	char *value = malloc(text.len + 1);
	size_t len;

	*where = NULL;
	if (value == NULL)
	{
		answer_out_of_memory(exchange);
		return false;
	}
	len = url_decode(text, false, value);
	value[len] = '\0';
	if (strlen(value) == len && restate_is_utf8(value, len))
		*where = value;
	else
		free(value);
	return true;
}

bool
head_take_key(Exchange *exchange, char **where)
{
	*where = NULL;
	return exchange->url.nsegments < 2 || head_take_segment(exchange, 1, where);
}

bool
head_take_path(Exchange *exchange, int first, bool decoded, char **where)
{
	Buffer array = {0};

	buffer_add_text(&array, "{");
	for (int i = first; i < exchange->url.nsegments; i++)
	{
		UrlText raw = exchange->url.segments[i];
		char *text = NULL;
		const char *bytes = raw.bytes;
		size_t len = raw.len;

		if (decoded)
		{
			if (!head_take_segment(exchange, i, &text))
			{
				buffer_free(&array);
				return false;
			}
			bytes = text;
			len = text ? strlen(text) : 0;
		}
		else if (!restate_is_utf8(bytes, len))
			len = 0;
		if (i > first)
			buffer_add_text(&array, ",");
		buffer_add_text(&array, bytes ? "\"" : "NULL");
		for (size_t j = 0; bytes && j < len; j++)
		{
			if (bytes[j] == '"' || bytes[j] == '\\')
				buffer_add_text(&array, "\\");
			buffer_add(&array, bytes + j, 1);
		}
		if (bytes)
			buffer_add_text(&array, "\"");
		free(text);
	}
	buffer_add_text(&array, "}");
	return keep(exchange, &array, where);
}

/*
 * Takes what a buffer has; returns false, and answers, where memory had run out.
 */
static bool
keep(Exchange *exchange, Buffer *buffer, char **where)
{
	if (buffer->failed)
	{
		buffer_free(buffer);
		answer_out_of_memory(exchange);
		return false;
	}
	*where = buffer->data;
	return true;
}

bool
head_take_delay(Exchange *exchange, char **where)
{
	const char *value = NULL;
	char *text;
	UrlText encoded;
	size_t len;

	*where = NULL;
	MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, find_delay, &value);
	if (value == NULL)
		return true;
	encoded = (UrlText){value, strlen(value)};
	text = malloc(encoded.len + 1);
	if (text == NULL)
	{
		answer_out_of_memory(exchange);
		return false;
	}
	len = url_decode(encoded, true, text);
	text[len] = '\0';
	/* what is no text is no delay either */
	if (strlen(text) != len || !restate_is_utf8(text, len))
		text[0] = '\0';
	*where = text;
	return true;
}

/*
 * Notes the value of a parameter that is called delay, of several the last.
 */
static enum MHD_Result
find_delay(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	const char **found = arg;

	(void) kind;
	if (strcasecmp(name, "delay") == 0)
		*found = value ? value : "";
	return MHD_YES;
}

bool
head_take_headers(Exchange *exchange, char **headers, char **bad, char **key)
{
	Heads heads = {.exchange = exchange};
	const char *path = strstr(exchange->target, "://");
	size_t len;

	*headers = *bad = *key = NULL;
	/* of a target in absolute form the path alone */
	path = path && exchange->target[0] != '/' ? path + 3 + strcspn(path + 3, "/?#") : exchange->target;
	len = strcspn(path, "#");
	buffer_add_text(&heads.json, "[{\"name\":\"x-restate-ingress-path\",\"value\":");
	add_string(&heads.json, path, is_plain_text(path, len) ? len : 0, false);
	buffer_add_text(&heads.json, "}");
	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, take_header, &heads);
	buffer_add_text(&heads.json, "]");
	if (heads.count > MAX_HEADERS)
	{
		buffer_free(&heads.json);
		answer_error(exchange, 431, "", "the request has more than 100 headers");
		return false;
	}
	if (!keep(exchange, &heads.json, headers) ||
		(heads.bad && !exchange_keep(exchange, bad, heads.bad)) ||
		(heads.key && !exchange_keep(exchange, key, heads.key)))
		return false;
	if (*key)
		(*key)[trimmed(*key)] = '\0';
	for (char *p = *bad; p && *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char) (*p - 'A' + 'a');
	return true;
}

/*
 * Takes a header.  Of several of a name the first counts, as with Restate's server.
 */
static enum MHD_Result
take_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	Heads *heads = arg;
	size_t len = value ? trimmed(value) : 0;
	bool is_key = strcasecmp(name, "idempotency-key") == 0;

	(void) kind;
	if (heads->count == MAX_HEADERS)
	{
		heads->count++;
		return MHD_NO;
	}
	for (int i = 0; i < heads->count; i++)
		if (strcasecmp(heads->names[i], name) == 0)
			return MHD_YES;
	heads->names[heads->count++] = name;
	if (!is_key && !is_passed_on(heads, name))
		return MHD_YES;
	if (!is_plain_text(value, len) || !is_plain_text(name, strlen(name)))
	{
		/* the key is looked at before the others */
		if (heads->bad == NULL || is_key)
			heads->bad = is_plain_text(name, strlen(name)) ? name : "of a strange name";
		return MHD_YES;
	}
	if (is_key)
	{
		heads->key = value ? value : "";
		return MHD_YES;
	}
	buffer_add_text(&heads->json, ",{\"name\":");
	add_string(&heads->json, name, strlen(name), true);
	buffer_add_text(&heads->json, ",\"value\":");
	add_string(&heads->json, value, len, false);
	buffer_add_text(&heads->json, "}");
	return MHD_YES;
}

/*
 * Returns whether handlers are given the header: not what is about the connection, nor
 * the token that is for us.
 */
static bool
is_passed_on(const Heads *heads, const char *name)
{
	return strcasecmp(name, "host") != 0 && strcasecmp(name, "connection") != 0 &&
		   !(heads->exchange->port->token && strcasecmp(name, "authorization") == 0);
}

/*
 * Writes a string of printable ASCII as JSON; a name in lower case.
 */
static void
add_string(Buffer *json, const char *text, size_t len, bool is_name)
{
	buffer_add_text(json, "\"");
	for (size_t i = 0; i < len; i++)
	{
		char c = text[i];

		if (c == '"' || c == '\\')
			buffer_add_text(json, "\\");
		if (c == '\t')
		{
			buffer_add_text(json, "\\t");
			continue;
		}
		if (is_name && c >= 'A' && c <= 'Z')
			c = (char) (c - 'A' + 'a');
		buffer_add(json, &c, 1);
	}
	buffer_add_text(json, "\"");
}

/*
 * Returns whether the text is printable ASCII and tabs.
 */
static bool
is_plain_text(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((value[i] < ' ' || value[i] > '~') && value[i] != '\t')
			return false;
	return true;
}

/*
 * Returns how long a value is without the blanks at its end, which libmicrohttpd leaves
 * there.
 */
static size_t
trimmed(const char *value)
{
	size_t len = strlen(value);

	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	return len;
}

bool
head_take_text(Exchange *exchange, char **where)
{
	const char *text = exchange->body.data ? exchange->body.data : "";
	size_t left = exchange->body.len;
	Buffer buffer = {0};

	buffer_add_text(&buffer, "");
	while (left > 0)
	{
		size_t len = character_length(text, left);

		if (len > 0)
			buffer_add(&buffer, text, len);
		else
			buffer_add_text(&buffer, "\xef\xbf\xbd");
		text += len > 0 ? len : 1;
		left -= len > 0 ? len : 1;
	}
	return keep(exchange, &buffer, where);
}

/*
 * Returns the length of the character that the text begins with; 0 if it is none, or
 * a NUL.
 */
static size_t
character_length(const char *text, size_t len)
{
	if (text[0] == '\0')
		return 0;
	for (size_t n = 1; n <= 4 && n <= len; n++)
		if (restate_is_utf8(text, n))
			return n;
	return 0;
}

void
add_cors_headers(const Exchange *exchange, struct MHD_Response *response)
{
	static const char *const asked[][2] = {
		{"Origin", "access-control-allow-origin"},
		{"Access-Control-Request-Method", "access-control-allow-methods"},
		{"Access-Control-Request-Headers", "access-control-allow-headers"}};
	bool is_preflight = strcmp(exchange->method, "OPTIONS") == 0;

	MHD_add_response_header(
		response, "vary", "origin, access-control-request-method, access-control-request-headers");
	MHD_add_response_header(response, "access-control-allow-credentials", "true");
	/* of a request that we do not let in a page learns nothing */
	if (exchange->route == NULL)
		return;
	for (size_t i = 0; i < (is_preflight ? 3 : 1); i++)
	{
		const char *value =
			MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, asked[i][0]);

		if (value)
			MHD_add_response_header(response, asked[i][1], value);
	}
}
