/*
 * url.c
 *		Fuzzes the functions that take request targets apart: the pieces make
 *		up the target, and what was encoded is decoded.
 */
#include "check.h"

#include <jansson.h>
#include <string.h>

#include "../../src/gateway/url.h"
#include "types/is_utf8.h"

static void try_target(const char *target);
static void try_parameters(UrlText query);
static void try_decode(UrlText text, bool plus_is_space);
static void try_encoded(UrlText text, bool plus_is_space);
static void try_utf8(UrlText text);
static char *encode(UrlText text);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	UrlText text = {(const char *) data, size};
	char *target = malloc(size + 1);

	CHECK(target != NULL);
	memcpy(target, data, size);
	target[size] = '\0';
	try_target(target);
	free(target);
	for (int plus_is_space = 0; plus_is_space < 2; plus_is_space++)
	{
		try_decode(text, plus_is_space);
		try_encoded(text, plus_is_space);
	}
	try_utf8(text);
	try_parameters(text);
	return 0;
}

/*
 * Path and query lie in the target, one after the other, in as many pieces as
 * there are separators.
 */
static void
try_target(const char *target)
{
	const char *end = target + strlen(target);
	const char *next = NULL;
	UrlTarget url;

	url_parse(target, &url);
	CHECK(url.nsegments >= 1 && url.nsegments <= URL_MAX_SEGMENTS + 1);
	for (int i = 0; i < url.nsegments && i < URL_MAX_SEGMENTS && url.segments[i].bytes; i++)
	{
		UrlText segment = url.segments[i];

		CHECK(segment.bytes > target && segment.bytes + segment.len <= end);
		CHECK(segment.bytes[-1] == '/');
		CHECK(next == NULL || segment.bytes == next + 1);
		for (size_t k = 0; k < segment.len; k++)
			CHECK(strchr("/?#", segment.bytes[k]) == NULL);
		next = segment.bytes + segment.len;
		try_decode(segment, false);
	}
	if (next && url.nsegments <= URL_MAX_SEGMENTS)
		CHECK(*next == '\0' || *next == '?' || *next == '#');
	if (url.query.bytes)
	{
		CHECK(url.query.bytes[-1] == '?' && url.query.bytes + url.query.len <= end);
		CHECK(url.query.bytes[url.query.len] == '\0' || url.query.bytes[url.query.len] == '#');
		CHECK(memchr(url.query.bytes, '#', url.query.len) == NULL);
		if (next && url.nsegments <= URL_MAX_SEGMENTS)
			CHECK(url.query.bytes == next + 1);
		try_parameters(url.query);
	}
	else
		CHECK(url.query.len == 0);
}

/*
 * Decoding makes nothing longer, and leaves what holds no escape as it is.
 */
static void
try_decode(UrlText text, bool plus_is_space)
{
	char *decoded = malloc(text.len + (text.len == 0));
	size_t len;

	CHECK(decoded != NULL);
	len = url_decode(text, plus_is_space, decoded);
	CHECK(len <= text.len && (text.len - len) % 2 == 0);
	if (text.len > 0 && memchr(text.bytes, '%', text.len) == NULL)
	{
		CHECK(len == text.len);
		for (size_t i = 0; i < len; i++)
			CHECK(decoded[i] == (plus_is_space && text.bytes[i] == '+' ? ' ' : text.bytes[i]));
	}
	free(decoded);
}

/*
 * Encoded and decoded, any bytes are the same.
 */
static void
try_encoded(UrlText text, bool plus_is_space)
{
	UrlText encoded = {encode(text), 3 * text.len};
	char *decoded = malloc(encoded.len + 1);

	CHECK(decoded != NULL);
	CHECK(url_decode(encoded, plus_is_space, decoded) == text.len);
	CHECK(text.len == 0 || memcmp(decoded, text.bytes, text.len) == 0);
	free(decoded);
	free((char *) encoded.bytes);
}

/*
 * Returns the bytes with each of them escaped, upper and lower case in turn.
 */
static char *
encode(UrlText text)
{
	char *encoded = malloc(3 * text.len + 1);
	char *p = encoded;

	CHECK(encoded != NULL);
	for (size_t i = 0; i < text.len; i++)
	{
		const char *digits = i % 2 ? "0123456789abcdef" : "0123456789ABCDEF";

		*p++ = '%';
		*p++ = digits[(unsigned char) text.bytes[i] >> 4];
		*p++ = digits[(unsigned char) text.bytes[i] & 0x0F];
	}
	return encoded;
}

/*
 * What is UTF-8 to us is to jansson.
 */
static void
try_utf8(UrlText text)
{
	json_t *string = json_stringn(text.bytes, text.len);

	CHECK(restate_is_utf8(text.bytes, text.len) == (string != NULL));
	json_decref(string);
}

/*
 * A parameter that is put in front or behind is found there, once more than
 * before; the last one counts.
 */
static void
try_parameters(UrlText query)
{
	/* name and value are taken from the middle, so that they can stand there */
	UrlText middle = {query.len ? query.bytes + query.len / 3 : "", query.len / 3};
	char *value_encoded = encode(middle);
	size_t longest = query.len + 3 * middle.len + sizeof("&fr%6Fm=&");
	char *longer = malloc(longest);
	UrlText text = {longer, 0};
	char *before;
	char *after;
	size_t before_len;
	size_t after_len;
	int count;

	CHECK(longer != NULL);
	count = url_query_parameter(query, "from", &before, &before_len);
	CHECK(count >= 0 && (count == 0) == (before == NULL));
	CHECK(before ? before_len <= query.len && before[before_len] == '\0' : before_len == 0);

	if (query.len)
		memcpy(longer, query.bytes, query.len);
	text.len = query.len + (size_t) snprintf(longer + query.len, longest - query.len, "&fr%%6Fm=%.*s",
											 (int) (3 * middle.len), value_encoded);
	CHECK(url_query_parameter(text, "from", &after, &after_len) == count + 1);
	CHECK(after_len == middle.len && (after_len == 0 || memcmp(after, middle.bytes, after_len) == 0));
	free(after);

	text.len = (size_t) snprintf(longer, longest, "from=%.*s&", (int) (3 * middle.len), value_encoded);
	if (query.len)
		memcpy(longer + text.len, query.bytes, query.len);
	text.len += query.len;
	CHECK(url_query_parameter(text, "from", &after, &after_len) == count + 1);
	if (count == 0)
		CHECK(after_len == middle.len);
	else
		CHECK(after_len == before_len && memcmp(after, before, after_len) == 0);
	free(after);
	free(before);
	free(longer);
	free(value_encoded);
}
