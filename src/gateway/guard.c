/*
 * guard.c
 *		Looks at the head of a request.
 */
#include "guard.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bodies.h"
#include "media.h"
#include "port.h"
#include "routes.h"

/* a longer target is one that Restate's server does not take either */
#define MAX_TARGET 65534

/* What the headers say that must be said once, or plainly. */
typedef struct Headers
{
	int count;
	int lengths;
	int hosts;
	bool has_unknown_coding;
} Headers;

static const Options *options;

static enum MHD_Result note_header(void *arg, enum MHD_ValueKind kind, const char *name,
								   const char *value);
static bool has_plain_lines(const Exchange *exchange, const char *method, const char *version,
							int nheaders);
static const char *end_of_line(const char *p, const char *end);
static bool is_our_host(const char *authority, size_t len);
static bool is_named(const char *host, size_t len);
static size_t host_length(const char *authority, size_t len);
static bool is_foreign(const char *origin, const char *host);
static size_t trimmed(const char *value);
static const char *authority_of(const char *url, size_t *len);
static bool same_text(const char *a, const char *b);

void
guard_configure(const Options *with_options)
{
	options = with_options;
}

void
guard_head(Exchange *exchange, const char *method, const char *version)
{
	Headers headers = {0};
	const char *host = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Host");
	const char *origin =
		MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Origin");
	const char *authority;
	size_t len;

	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, note_header, &headers);
	if (headers.lengths > 1 || headers.hosts > 1 || headers.has_unknown_coding)
		answer_error(exchange, 400, "invalid_request",
					 "the headers do not say plainly where the request ends");
	else if (!has_plain_lines(exchange, method, version, headers.count))
		answer_error(exchange, 400, "invalid_request",
					 "a line of the head is folded, has a NUL or CR in it or ends in LF alone");
	else if (host == NULL && strcmp(version, "HTTP/1.0") != 0)
		answer_error(exchange, 400, "invalid_request", "there is no Host header");
	if (exchange->status)
	{
		exchange->is_last = true;
		return;
	}
	if (strlen(exchange->target) > MAX_TARGET)
	{
		answer_error(exchange, 414, "target_too_long", "the request target is too long");
		return;
	}
	/* a page of a name that was made to point here is kept out by the token, which it does not know */
	if (exchange->port->token)
		return;
	authority = authority_of(exchange->target, &len);
	if ((host && !is_our_host(host, trimmed(host))) || (authority && !is_our_host(authority, len)))
		answer_error(exchange, 421, "wrong_host",
					 "the gateway does not serve this host; --host=NAME lets it");
	else if (origin && is_foreign(origin, host))
		answer_error(exchange, 403, "foreign_origin",
					 "the gateway does not serve pages of another origin");
}

/*
 * Counts a header, and notes one of Headers.
 */
static enum MHD_Result
note_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	Headers *headers = arg;

	(void) kind;
	headers->count++;
	if (strcasecmp(name, "Content-Length") == 0)
		headers->lengths++;
	else if (strcasecmp(name, "Transfer-Encoding") == 0)
	{
		headers->lengths++;
		if (value == NULL || strcasecmp(value, "chunked") != 0)
			headers->has_unknown_coding = true;
	}
	else if (strcasecmp(name, "Host") == 0)
		headers->hosts++;
	return MHD_YES;
}

/*
 * Returns whether each line of the head ends in CR LF, none is folded and none
 * has a NUL or CR in it: of such a line someone else may read another request than
 * libmicrohttpd does, which takes them all.
 *
 * Up to its version 0.9.77 the method is where the head begins as it was
 * received, but for separators in it that have become NULs: CR LF two of them.
 */
static bool
has_plain_lines(const Exchange *exchange, const char *method, const char *version, int nheaders)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	const char *end;
	const char *p;

	if (info == NULL || strncmp(MHD_get_version(), "0.9.", 4) != 0)
		return true;
	end = method + info->header_size;
	/* the target goes up to the version */
	if (version <= method || version >= end || exchange->target_end != version - 1)
		return false;
	/* of a CR LF there is nothing left */
	if (memchr(version, '\r', (size_t) (end - version)))
		return false;
	p = end_of_line(version, end);
	while (p && p < end && *p)
	{
		if (*p == ' ' || *p == '\t')
			return false;
		/* name and value */
		p += strlen(p) + 1;
		p = p < end ? end_of_line(p, end) : NULL;
		nheaders--;
	}
	return p && p + 2 == end && p[1] == '\0' && nheaders == 0;
}

/*
 * Returns where the next line begins; NULL where this one does not end in
 * CR LF.
 */
static const char *
end_of_line(const char *p, const char *end)
{
	const char *stop = memchr(p, '\0', (size_t) (end - p));

	return stop && stop + 1 < end && stop[1] == '\0' ? stop + 2 : NULL;
}

/*
 * Returns whether a request for the authority, host and port perhaps, can be
 * meant for us: it says localhost, an address, or a name that we were given.
 * A page can make its own name point here, but not an address.
 */
static bool
is_our_host(const char *authority, size_t len)
{
	size_t host = host_length(authority, len);

	if (host == 0)
		return false;
	if (authority[0] == '[' || strspn(authority, "0123456789.") >= host)
		return true;
	return (host == strlen("localhost") && strncasecmp(authority, "localhost", host) == 0) ||
		   is_named(authority, host);
}

/*
 * Returns whether the host is one that we were given.
 */
static bool
is_named(const char *host, size_t len)
{
	const char *name = options->hosts ? options->hosts : "";

	while (len > 0 && *name)
	{
		size_t name_len = strcspn(name, ",");

		if (name_len == len && strncasecmp(name, host, len) == 0)
			return true;
		name += name_len + (name[name_len] == ',');
	}
	return false;
}

/*
 * Returns how long the host in an authority is; 0: it is none.
 */
static size_t
host_length(const char *authority, size_t len)
{
	const char *end = authority + len;
	const char *port;

	if (len > 0 && authority[0] == '[')
	{
		const char *bracket = memchr(authority, ']', len);

		port = bracket ? bracket + 1 : NULL;
	}
	else
	{
		port = memchr(authority, ':', len);
		if (port == NULL)
			port = end;
	}
	if (port == NULL || (port < end && *port != ':'))
		return 0;
	for (const char *p = port + 1; p < end; p++)
		if (*p < '0' || *p > '9')
			return 0;
	return (size_t) (port - authority);
}

/*
 * Returns whether the page that the request comes from is not of the host and
 * port that it is sent to, nor of a host that we were given.
 */
static bool
is_foreign(const char *origin, const char *host)
{
	size_t len;
	const char *authority = authority_of(origin, &len);

	if (authority == NULL)
		return true;
	if (host && trimmed(host) == len && strncasecmp(authority, host, len) == 0)
		return false;
	return !is_named(authority, host_length(authority, len));
}

/*
 * Returns how long a value is without the blanks at its end, which
 * libmicrohttpd leaves there.
 */
static size_t
trimmed(const char *value)
{
	size_t len = strlen(value);

	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	return len;
}

/*
 * Returns the authority in a URL, NULL where it has none.
 */
static const char *
authority_of(const char *url, size_t *len)
{
	const char *authority = url[0] == '/' ? NULL : strstr(url, "://");

	if (authority == NULL)
		return NULL;
	authority += strlen("://");
	*len = strcspn(authority, "/?#");
	return authority;
}

void
guard_token(Exchange *exchange)
{
	const char *header;

	if (exchange->port->token == NULL || exchange->route->is_open)
		return;
	header = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Authorization");
	if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0 ||
		!same_text(header + 7, exchange->port->token))
		answer_error(exchange, 401, "unauthorized", "a bearer token is needed");
}

/*
 * Compares in a time that does not depend on where the texts differ.
 */
static bool
same_text(const char *given, const char *token)
{
	size_t given_len = strlen(given);
	size_t token_len = strlen(token);
	volatile unsigned char difference = given_len != token_len;

	for (size_t i = 0; i < given_len; i++)
		difference |= (unsigned char) (given[i] ^ token[i % token_len]);
	return difference == 0;
}

void
guard_body(Exchange *exchange)
{
	const char *type =
		MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Content-Type");
	const char *coding =
		MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Content-Encoding");
	const char *length =
		MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Content-Length");
	unsigned long long len = length ? strtoull(length, NULL, 10) : 0;

	if (exchange->route->body_limit == 0)
		return;
	if (exchange->route->is_raw)
	{
		/* how a longer one is refused, its route says */
		if (len <= exchange->route->body_limit)
			body_expect(exchange, len);
		return;
	}
	if (!media_is_json(type))
		answer_error(exchange, 415, "unsupported_media_type", "the body must be application/json");
	else if (coding && strcasecmp(coding, "identity") != 0)
		answer_error(exchange, 415, "unsupported_media_type", "the body must not be encoded");
	else if (len > exchange->route->body_limit)
		answer_error(exchange, 413, "body_too_large", "the body is too large");
	else
		body_expect(exchange, len);
}
