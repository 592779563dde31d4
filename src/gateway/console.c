/*
 * console.c
 *		Serves the console, a page of ours: its files are in the program.
 */
#include "console.h"

#include <stdio.h>
#include <string.h>

#include "console_files.h"
#include "etag.h"
#include "media.h"

#define START_PAGE "index.html"
#define SETTINGS   "settings.json"
/* no file has a longer name */
#define MAX_NAME   64

/*
 * The page loads and asks for what is here and nothing else, has no script or style in
 * it that is not a file of ours, makes no script of text, is in no frame, and tells
 * nobody where it was.  The policy holds for what it is told as well.
 */
static const AnswerHeader console_headers[] = {
	{"Cache-Control", "no-cache"},
	{"Content-Security-Policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';"
	 " base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
	 " require-trusted-types-for 'script'; trusted-types 'none'"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Referrer-Policy", "no-referrer"},
	{"X-Content-Type-Options", "nosniff"},
	{NULL, NULL},
};

static const Options *options;

static bool take_name(const UrlTarget *url, char *name);
static const EmbeddedFile *find_file(const char *name);
static void answer_settings(Exchange *exchange);
static void add_text_or_null(Buffer *buffer, const char *text);

void
console_configure(const Options *with_options)
{
	options = with_options;
}

void
prepare_console(Exchange *exchange)
{
	const EmbeddedFile *file = NULL;
	char name[MAX_NAME + 1];

	exchange->headers = console_headers;
	if (take_name(&exchange->url, name))
	{
		if (strcmp(name, SETTINGS) == 0)
		{
			answer_settings(exchange);
			return;
		}
		file = find_file(name[0] ? name : START_PAGE);
	}
	if (file == NULL)
	{
		answer_error(exchange, 404, "route_not_found", "the console has no such file");
		return;
	}
	snprintf(exchange->etag, sizeof(exchange->etag), "\"%s\"", file->tag);
	/* with 304, too, the file's length is told, but none of it is sent */
	buffer_add(&exchange->answer, (const char *) file->bytes, file->len);
	answer_json(exchange, etag_is_known(exchange) ? 304 : 200);
	if (exchange->status == 503)
		exchange->etag[0] = '\0';
	else
		exchange->content_type = media_of_file(file->name);
}

/*
 * A way relative to the path is one that holds behind a proxy as well.
 */
void
prepare_console_redirect(Exchange *exchange)
{
	exchange->headers = console_headers;
	if (exchange_keep(exchange, &exchange->location, "console/"))
		answer_empty(exchange, 308);
}

/*
 * Decodes the name below the path.  Returns whether there may be a file of it.
 */
static bool
take_name(const UrlTarget *url, char *name)
{
	size_t len;

	if (url->nsegments != 2 || url->segments[1].len > MAX_NAME)
		return false;
	len = url_decode(url->segments[1], false, name);
	name[len] = '\0';
	return strlen(name) == len;
}

/*
 * Returns the file of the name, NULL where there is none.
 */
static const EmbeddedFile *
find_file(const char *name)
{
	for (size_t i = 0; i < sizeof(embedded_files) / sizeof(*embedded_files); i++)
		if (strcmp(embedded_files[i].name, name) == 0)
			return &embedded_files[i];
	return NULL;
}

/*
 * Answers with how the gateway was started: nothing of it helps who has no token.
 */
static void
answer_settings(Exchange *exchange)
{
	buffer_printf(&exchange->answer, "{\"needs_token\":%s,\"has_queries\":%s,\"reason_header\":",
				  options->token ? "true" : "false", options->query_db ? "true" : "false");
	add_text_or_null(&exchange->answer, options->reason_header);
	buffer_add_text(&exchange->answer, "}");
	answer_json(exchange, 200);
}

/*
 * Adds a JSON string, or null.
 */
static void
add_text_or_null(Buffer *buffer, const char *text)
{
	if (text)
		buffer_add_json_string(buffer, text);
	else
		buffer_add_text(buffer, "null");
}
