/*
 * url.h
 *		Request targets taken apart: pure functions on bytes.
 */
#ifndef RESTATE_GATEWAY_URL_H
#define RESTATE_GATEWAY_URL_H

#include <stdbool.h>
#include <stddef.h>

#define URL_MAX_SEGMENTS 8

/* A piece of text that is not terminated and may hold any byte. */
typedef struct UrlText
{
	const char *bytes;
	size_t len;
} UrlText;

/* A request target; the pieces point into the text that was taken apart. */
typedef struct UrlTarget
{
	UrlText segments[URL_MAX_SEGMENTS]; /* of the path, still encoded */
	int nsegments;						/* URL_MAX_SEGMENTS + 1: more than that */
	UrlText query;						/* still encoded; without the ? */
} UrlTarget;

extern void url_parse(const char *target, UrlTarget *url);

/*
 * Decodes %XX in place of itself, and + as a space if asked to; a % that is
 * followed by something else stands for itself.  buffer takes text.len bytes.
 */
extern size_t url_decode(UrlText text, bool plus_is_space, char *buffer);

/*
 * Finds a parameter of the query.  Returns how often it stands there; the
 * last value, decoded and terminated, is in a new buffer for the caller to
 * free, NULL where it stands nowhere.  *len counts any NUL in it.  Returns -1
 * where memory has run out.
 */
extern int url_query_parameter(UrlText query, const char *name, char **value, size_t *len);

#endif /* RESTATE_GATEWAY_URL_H */
