/*
 * uri.c
 *		Takes the URI of a deployment apart.
 */
#include "deploy/uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *parse_authority(const char *text, size_t len, Uri *uri);
static bool parse_port(const char *text, size_t len, char *port);

const char *
uri_parse(const char *text, Uri *uri)
{
	const char *rest = text;
	size_t authority;
	size_t path;
	const char *error;

	uri->is_secure = strncasecmp(text, "https://", strlen("https://")) == 0;
	if (uri->is_secure)
		rest += strlen("https://");
	else if (strncasecmp(text, "http://", strlen("http://")) == 0)
		rest += strlen("http://");
	else
		return "the URI must begin with http:// or https://";
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			return "the URI has characters that must be escaped";
	authority = strcspn(rest, "/?#");
	error = parse_authority(rest, authority, uri);
	if (error)
		return error;
	rest += authority;
	path = strcspn(rest, "?#");
	if (rest[path])
		return "the URI must have neither a query nor a fragment";
	while (path > 0 && rest[path - 1] == '/')
		path--;
	if (path >= sizeof(uri->path))
		return "the URI is too long";
	memcpy(uri->path, rest, path);
	uri->path[path] = '\0';
	return NULL;
}

/*
 * Reads HOST, HOST:PORT or [ADDRESS]:PORT; returns NULL, or what is wrong.
 */
static const char *
parse_authority(const char *text, size_t len, Uri *uri)
{
	const char *end = text + len;
	const char *host = text;
	const char *host_end;
	const char *after;

	if (memchr(text, '@', len))
		return "the URI must not have a user in it";
	if (len > 0 && *text == '[')
	{
		host = text + 1;
		host_end = memchr(host, ']', (size_t) (end - host));
		if (host_end == NULL)
			return "the URI has no ] behind the address";
		after = host_end + 1;
	}
	else
	{
		host_end = memchr(text, ':', len);
		if (host_end == NULL)
			host_end = end;
		after = host_end;
	}
	if (host_end == host || (size_t) (host_end - host) >= sizeof(uri->host))
		return "the URI must have a host";
	memcpy(uri->host, host, (size_t) (host_end - host));
	uri->host[host_end - host] = '\0';
	if (after == end)
		snprintf(uri->port, sizeof(uri->port), "%s", uri->is_secure ? "443" : "80");
	else if (*after != ':' || !parse_port(after + 1, (size_t) (end - after - 1), uri->port))
		return "the port in the URI is no number from 1 to 65535";
	snprintf(uri->authority, sizeof(uri->authority), "%.*s", (int) len, text);
	return NULL;
}

/*
 * Reads a port; returns whether it is one.
 */
static bool
parse_port(const char *text, size_t len, char *port)
{
	long number;

	if (len == 0 || len > 5 || strspn(text, "0123456789") < len)
		return false;
	memcpy(port, text, len);
	port[len] = '\0';
	number = strtol(port, NULL, 10);
	return number >= 1 && number <= 65535;
}
