/*
 * request.c
 *		Fuzzes all that the gateway does with a request before it asks the
 *		database: route, parameters, headers and body.
 *
 * An input is a request line, lines of headers, an empty line and the body;
 * lines end in a line feed.
 */
#include "check.h"

#include <jansson.h>
#include <microhttpd.h>
#include <string.h>
#include <strings.h>

#include "../../src/gateway/bodies.h"
#include "../../src/gateway/console.h"
#include "../../src/gateway/exchange.h"
#include "../../src/gateway/reads.h"
#include "../../src/gateway/routes.h"
#include "types/id_codec.h"
#include "types/is_utf8.h"

#define MAX_IDS			 1000
#define MAX_HEADERS		 8
#define MOST_ALLOCATIONS 64
/* there is room for the bodies of all that is served at once */
#define MOST_OF_BODIES	 ((size_t) 1024 * 1024)

typedef struct Request
{
	char *method;
	char *target;
	char *names[MAX_HEADERS];
	char *values[MAX_HEADERS];
	int nheaders;
	const char *body;
	size_t body_len;
} Request;

/* the one that is being served */
static Request request;

extern int LLVMFuzzerInitialize(int *argc, char ***argv);
static void read_request(char *text, size_t len);
static char *take_line(char **text, size_t *left);
static Exchange *serve(const char *method, const char *target);
static void check_refused(Exchange *exchange);
static void check_accepted(Exchange *exchange);
static void check_ids(const char *literal);
static void check_same(const Exchange *a, const Exchange *b);
static void try_encoded_again(const Exchange *exchange);
static void try_version(const Exchange *exchange);
static void try_without_memory(const Exchange *exchange);
static bool may_allocate(void);

/* how many allocations succeed before one fails; negative: all do */
static int allocations_left = -1;

/* what the linker puts in the place of the C library's, and what it had there */
extern void *__real_malloc(size_t size);
extern void *__real_calloc(size_t count, size_t size);
extern void *__real_realloc(void *old, size_t size);
extern char *__real_strdup(const char *text);
extern void *__wrap_malloc(size_t size);
extern void *__wrap_calloc(size_t count, size_t size);
extern void *__wrap_realloc(void *old, size_t size);
extern char *__wrap_strdup(const char *text);

/*
 * Stands in for libmicrohttpd, with the headers of the request.
 */
const char *
MHD_lookup_connection_value(struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *key)
{
	(void) connection;
	CHECK(kind == MHD_HEADER_KIND);
	for (int i = 0; i < request.nheaders; i++)
		if (strcasecmp(request.names[i], key) == 0)
			return request.values[i];
	return NULL;
}

/*
 * Has jansson's allocations fail with the others, and gives the metrics a pool,
 * which opens no session as nothing is submitted.
 */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const Options options = {.reason_header = "reason"};
	static const PoolConfig config = {.slots = {.name = "operations", .conninfo = "", .size = 1}};
	Pool *pool = pool_start(&config);

	(void) argc;
	(void) argv;
	CHECK(pool != NULL);
	bodies_configure(MOST_OF_BODIES);
	reads_configure(pool, NULL, NULL);
	console_configure(&options);
	json_set_alloc_funcs(__wrap_malloc, free);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	Exchange *exchange;

	CHECK(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	read_request(text, size);
	exchange = serve(request.method, request.target);
	CHECK(exchange != NULL);
	if (exchange->status)
		check_refused(exchange);
	else
		check_accepted(exchange);
	if (exchange->route)
		try_encoded_again(exchange);
	try_version(exchange);
	try_without_memory(exchange);
	exchange_free(exchange);
	CHECK(bodies_held() == 0);
	free(text);
	return 0;
}

/*
 * Returns whether this allocation succeeds.
 */
static bool
may_allocate(void)
{
	if (allocations_left < 0)
		return true;
	if (allocations_left == 0)
		return false;
	allocations_left--;
	return true;
}

void *
__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return may_allocate() ? __real_calloc(count, size) : NULL;
}

void *
__wrap_realloc(void *old, size_t size)
{
	return may_allocate() ? __real_realloc(old, size) : NULL;
}

char *
__wrap_strdup(const char *text)
{
	return may_allocate() ? __real_strdup(text) : NULL;
}

/*
 * Takes the request out of a text, which it changes.
 */
static void
read_request(char *text, size_t len)
{
	char *space;

	memset(&request, 0, sizeof(request));
	request.method = take_line(&text, &len);
	space = strchr(request.method, ' ');
	if (space)
		*space = '\0';
	request.target = space ? space + 1 : request.method + strlen(request.method);
	while (len > 0)
	{
		char *line = take_line(&text, &len);
		char *colon = strchr(line, ':');

		if (*line == '\0')
			break;
		if (colon == NULL || request.nheaders == MAX_HEADERS)
			continue;
		*colon = '\0';
		request.names[request.nheaders] = line;
		request.values[request.nheaders++] = colon + 1 + strspn(colon + 1, " ");
	}
	request.body = text;
	request.body_len = len;
}

/*
 * Takes a line off the text and terminates it.
 */
static char *
take_line(char **text, size_t *left)
{
	char *line = *text;
	char *end = memchr(line, '\n', *left);
	size_t len = end ? (size_t) (end - line) + 1 : *left;

	if (end)
		*end = '\0';
	*text += len;
	*left -= len;
	return line;
}

/*
 * Serves the request up to where the database would be asked, as the server
 * does, with another method and target perhaps.
 */
static Exchange *
serve(const char *method, const char *target)
{
	Exchange *exchange = exchange_new(target);

	CHECK(exchange != NULL || allocations_left == 0);
	if (exchange == NULL)
		return NULL;
	strncpy(exchange->method, *method ? method : "?", sizeof(exchange->method) - 1);
	route_find(exchange);
	exchange->body_len = request.body_len;
	if (exchange->status == 0 && request.body_len > 0 && request.body_len <= exchange->route->body_limit)
		body_add(exchange, request.body, request.body_len);
	if (exchange->status == 0)
		exchange->route->prepare(exchange);
	return exchange;
}

/*
 * What is answered without the database is a document, the way to one, or an
 * error in the documented form.
 */
static void
check_refused(Exchange *exchange)
{
	json_t *answer;

	CHECK(exchange->status == 200 || exchange->status == 308 || exchange->status == 501 ||
		  (exchange->status >= 400 && exchange->status < 500));
	CHECK((exchange->location != NULL) == (exchange->status == 308));
	CHECK(!exchange->retry_later);
	CHECK((exchange->allow[0] != '\0') == (exchange->status == 405));
	if (exchange->content_type == NULL)
	{
		CHECK((exchange->status == 200 || exchange->status == 308) && exchange->answer.len == 0);
		return;
	}
	if (strcmp(exchange->content_type, "application/json") != 0)
		return;
	answer = json_loadb(exchange->answer.data, exchange->answer.len, JSON_REJECT_DUPLICATES, NULL);
	CHECK(json_is_object(answer));
	if (exchange->status != 200)
	{
		CHECK(json_object_size(answer) == 2);
		CHECK(json_string_length(json_object_get(answer, "message")) > 0);
		CHECK(json_string_length(json_object_get(answer, "restate_code")) > 0);
	}
	json_decref(answer);
}

/*
 * What goes to the database is text, as many arguments as the call takes, and
 * no more than the route allows.
 */
static void
check_accepted(Exchange *exchange)
{
	const Route *route = exchange->route;

	CHECK(route != NULL && route->task != NULL && route->needs != NEEDS_NOTHING);
	CHECK(exchange->answer.len == 0 && exchange->content_type == NULL);
	CHECK(exchange->body.len <= route->body_limit);
	for (int i = 0; i < EXCHANGE_MAX_ARGS; i++)
	{
		const char *arg = exchange->args[i];

		CHECK(arg == NULL || i < (route->sql ? route->nargs : 1));
		CHECK(arg == NULL || restate_is_utf8(arg, strlen(arg)));
	}
	CHECK(route->nargs == 0 || exchange->args[0] != NULL);
	if (strncmp(route->pattern, "/internal/", 10) == 0)
		check_ids(exchange->args[0]);
	if (strcmp(route->pattern, "/invocations/{id}/restart-as-new") == 0 && exchange->args[1])
	{
		char *end;

		CHECK(strspn(exchange->args[1], "+0123456789") == strlen(exchange->args[1]));
		CHECK(strtoull(exchange->args[1], &end, 10) <= UINT32_MAX && *end == '\0' && end > exchange->args[1]);
	}
	if (strcmp(route->pattern, "/invocations/{id}") == 0)
		CHECK(exchange->args[1] && strcasestr("cancel,kill,purge", exchange->args[1]));
	if (strcmp(route->pattern, "/query") == 0)
		CHECK(exchange->args[0] != NULL);
}

/*
 * The array literal of a batch holds ids and nothing else.
 */
static void
check_ids(const char *literal)
{
	const char *p = literal;
	uint8_t id[RESTATE_INVOCATION_ID_BYTES];
	int count = 0;

	CHECK(*p == '{');
	if (strcmp(p, "{}") == 0)
		return;
	do
	{
		p++;
		CHECK(strlen(p) > RESTATE_INVOCATION_ID_CHARS);
		CHECK(restate_decode_invocation_id(p, RESTATE_INVOCATION_ID_CHARS, id) == RESTATE_ID_OK);
		p += RESTATE_INVOCATION_ID_CHARS;
		count++;
	} while (*p == ',');
	CHECK(strcmp(p, "}") == 0 && count <= MAX_IDS);
}

/*
 * The path made from the route, with each byte of the parameter escaped, leads
 * to the same.
 */
static void
try_encoded_again(const Exchange *exchange)
{
	Buffer target = {0};
	Exchange *again;

	/* of a prefix the rest is a file's name, which this does not know */
	if (exchange->route->is_prefix)
		return;
	for (int i = 0; i < ROUTE_MAX_SEGMENTS && exchange->route->segments[i]; i++)
	{
		buffer_add_text(&target, "/");
		if (strcmp(exchange->route->segments[i], "*") != 0)
			buffer_add_text(&target, exchange->route->segments[i]);
		else
			for (size_t k = 0; k < exchange->path_parameter_len; k++)
				buffer_printf(&target, "%%%02x", (unsigned char) exchange->path_parameter[k]);
	}
	if (exchange->url.query.bytes)
	{
		buffer_add_text(&target, "?");
		buffer_add(&target, exchange->url.query.bytes, exchange->url.query.len);
	}
	again = serve(exchange->method, target.data);
	CHECK(again != NULL);
	check_same(exchange, again);
	exchange_free(again);
	buffer_free(&target);
}

/*
 * A path without a version is that of version 3, unless it has so many segments that one
 * more is too many.
 */
static void
try_version(const Exchange *exchange)
{
	const char *target = exchange->target;
	Buffer longer = {0};
	Exchange *again;

	if (target[0] != '/' || (target[1] == 'v' && strchr("123", target[2])) ||
		exchange->url.nsegments >= URL_MAX_SEGMENTS)
		return;
	buffer_printf(&longer, "/v3%s", target);
	again = serve(exchange->method, longer.data);
	CHECK(again != NULL);
	check_same(exchange, again);
	exchange_free(again);
	buffer_free(&longer);
}

/*
 * Both go to the same route with the same arguments, or are refused alike.
 */
static void
check_same(const Exchange *a, const Exchange *b)
{
	CHECK(a->route == b->route && a->status == b->status && strcmp(a->allow, b->allow) == 0);
	CHECK(a->path_parameter_len == b->path_parameter_len);
	CHECK(a->path_parameter_len == 0 || memcmp(a->path_parameter, b->path_parameter, a->path_parameter_len) == 0);
	for (int i = 0; i < EXCHANGE_MAX_ARGS; i++)
	{
		CHECK((a->args[i] == NULL) == (b->args[i] == NULL));
		CHECK(a->args[i] == NULL || strcmp(a->args[i], b->args[i]) == 0);
	}
	CHECK(a->answer.len == b->answer.len);
	CHECK(a->answer.len == 0 || memcmp(a->answer.data, b->answer.data, a->answer.len) == 0);
}

/*
 * Where memory runs out at any moment, and stays so, the request is refused or
 * leads to the same call: never to another one.
 */
static void
try_without_memory(const Exchange *exchange)
{
	if (exchange->status)
		return;
	for (int n = 0; n < MOST_ALLOCATIONS; n++)
	{
		Exchange *again;
		bool has_failed;

		allocations_left = n;
		again = serve(request.method, request.target);
		has_failed = allocations_left == 0;
		allocations_left = -1;
		if (again && again->status == 0)
			check_same(exchange, again);
		else if (again)
			CHECK(has_failed && again->status >= 400);
		exchange_free(again);
		if (!has_failed)
			break;
	}
}
