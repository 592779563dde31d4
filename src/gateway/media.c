/*
 * media.c
 *		Reads media types, and knows those of files.
 */
#include "media.h"

#include <string.h>
#include <strings.h>

/* of the files that a web page consists of */
static const struct
{
	const char *suffix;
	const char *type;
} file_types[] = {
	{".css", "text/css; charset=utf-8"},
	{".gif", "image/gif"},
	{".html", "text/html; charset=utf-8"},
	{".ico", "image/x-icon"},
	{".jpeg", "image/jpeg"},
	{".jpg", "image/jpeg"},
	{".js", "text/javascript; charset=utf-8"},
	{".json", "application/json"},
	{".map", "application/json"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".otf", "font/otf"},
	{".png", "image/png"},
	{".svg", "image/svg+xml"},
	{".ttf", "font/ttf"},
	{".txt", "text/plain; charset=utf-8"},
	{".wasm", "application/wasm"},
	{".webmanifest", "application/manifest+json"},
	{".webp", "image/webp"},
	{".woff", "font/woff"},
	{".woff2", "font/woff2"},
};

static size_t token_length(const char *text);
static const char *after_parameter(const char *p);
static bool is(const char *text, size_t len, const char *word);

/*
 * The subtype is json, or has it before or after its last plus sign; the
 * parameters have their form and mean nothing.
 */
bool
media_is_json(const char *type)
{
	const char *subtype;
	const char *plus;
	size_t len;

	if (type == NULL || token_length(type) != strlen("application") ||
		strncasecmp(type, "application/", strlen("application/")) != 0)
		return false;
	subtype = type + strlen("application/");
	len = token_length(subtype);
	if (len == 0 || *subtype == '+')
		return false;
	for (const char *p = subtype + len; *p;)
	{
		p = after_parameter(p);
		if (p == NULL)
			return false;
	}
	plus = memrchr(subtype, '+', len);
	if (plus == NULL)
		return is(subtype, len, "json");
	return is(subtype, (size_t) (plus - subtype), "json") ||
		   is(plus + 1, (size_t) (subtype + len - plus - 1), "json");
}

/*
 * Returns how many characters of a token the text begins with.
 */
static size_t
token_length(const char *text)
{
	return strspn(text, "!#$%&'*+-.^_`|~0123456789"
						"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/*
 * Returns where a parameter ends that begins with a semicolon, blanks behind
 * that; NULL where there is none.  After the last semicolon there may be
 * nothing.
 */
static const char *
after_parameter(const char *p)
{
	size_t name;

	/* blanks at the end of the value are none of it */
	if (p[strspn(p, " \t")] == '\0')
		return p + strspn(p, " \t");
	if (*p++ != ';')
		return NULL;
	p += strspn(p, " ");
	if (*p == '\0')
		return p;
	name = token_length(p);
	if (name == 0 || p[name] != '=')
		return NULL;
	p += name + 1;
	if (*p != '"')
		return token_length(p) > 0 ? p + token_length(p) : NULL;
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : NULL;
}

/*
 * Returns whether the text is the word, in any case.
 */
static bool
is(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

const char *
media_of_file(const char *name)
{
	const char *suffix = strrchr(name, '.');

	for (size_t i = 0; suffix && i < sizeof(file_types) / sizeof(*file_types); i++)
		if (strcasecmp(suffix, file_types[i].suffix) == 0)
			return file_types[i].type;
	return "application/octet-stream";
}
