/*
 * deploy_client.c
 *		Calls of the gateway's client for deployments, as a program tells them to
 *		be made: test/lib/DeployClient.pm builds it and runs it as deploy_client URI
 *		h1|h2|any [MOST-CALLS [CA-FILE]].
 *
 * Each line of the input is a call: NAME METHOD PATH SIZE PIECE FLAGS, of which
 * SIZE bytes are sent in pieces, one when the one before has come back.  Flags: h
 * does not end what is sent before the answer has begun; r resets it at the
 * answer's first piece; s takes nothing of the answer until a while later; f is a
 * fetch of at most SIZE bytes; l has little time.  With CONNECT_MS in the environment a
 * connection has that time.  Each line of the output tells how one has ended.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deploy/fetch.h"
#include "deploy/tls.h"
#include "log.h"
#include "loop.h"

typedef struct Test
{
	Call call; /* first */
	Fetch fetch;
	char name[32];
	char method[16];
	char path[64];
	char flags[16];
	size_t size;
	size_t piece;
	size_t given;
	size_t came;
	size_t kept; /* came, and is not taken yet */
	bool is_equal;
	Timer timer;
} Test;

static Endpoint *endpoint;
static int under_way;

static void done(Test *test, const char *how);
static void send_piece(Test *test);

static const char *const ends[] = {
	"complete", "unreachable", "not-http2", "broken", "malformed", "late", "no-memory"};

static bool
has(const Test *test, char flag)
{
	return strchr(test->flags, flag) != NULL;
}

/* The byte at a place of what is sent. */
static char
byte_at(size_t place)
{
	return (char) ('a' + place % 23);
}

static void
head(Call *call)
{
	Test *test = (Test *) call;

	if (has(test, 'h') && test->given < test->size)
		send_piece(test);
}

static void
take_later(Timer *timer)
{
	Test *test = timer->owner;
	size_t kept = test->kept;

	printf("%s kept %zu\n", test->name, kept);
	test->kept = 0;
	strcpy(test->flags, "-");
	call_took(&test->call, kept);
}

static void
data(Call *call, const char *bytes, size_t len)
{
	Test *test = (Test *) call;

	for (size_t i = 0; i < len; i++)
		test->is_equal = test->is_equal && bytes[i] == byte_at(test->came + i);
	test->came += len;
	if (has(test, 'r'))
	{
		call_reset(call);
		done(test, "reset");
		return;
	}
	if (has(test, 's'))
	{
		test->kept += len;
		if (test->timer.place == 0)
			(void) loop_set_timer(&test->timer, loop_now() + 500);
		return;
	}
	call_took(call, len);
	if (test->came == test->given && test->given < test->size)
		send_piece(test);
}

static void
ended(Call *call, CallEnd how, const char *why)
{
	char text[512];

	snprintf(text, sizeof(text), "%s%s%s", ends[how], *why ? ": " : "", why);
	done((Test *) call, text);
}

static const CallEvents events = {.head = head, .data = data, .ended = ended};

static void
fetched(Fetch *fetch)
{
	Test *test = fetch->owner;

	printf("%s %s %d %zu %s %s %s\n", test->name, fetch->is_too_large ? "too-large" : ends[fetch->end],
		   fetch->call.status, fetch->body.len, fetch->content_type[0] ? fetch->content_type : "-",
		   fetch->server[0] ? fetch->server : "-", fetch->why);
	if (--under_way == 0)
		endpoint_free(endpoint);
	fetch_free(fetch);
	free(test);
}

static void
done(Test *test, const char *how)
{
	loop_clear_timer(&test->timer);
	printf("%s %s %d %zu %s\n", test->name, strncmp(how, "reset", 5) == 0 ? "reset" : how,
		   test->call.status, test->came, test->is_equal ? "equal" : "different");
	if (--under_way == 0)
		endpoint_free(endpoint);
	free(test);
}

/* Sends the next piece, and ends it with the last. */
static void
send_piece(Test *test)
{
	size_t len = test->size - test->given < test->piece ? test->size - test->given : test->piece;
	char *bytes = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		bytes[i] = byte_at(test->given + i);
	test->given += len;
	if (!call_send(&test->call, bytes, len))
		abort();
	free(bytes);
	if (test->given == test->size)
		call_finish(&test->call);
}

static int
turn(void)
{
	if (under_way == 0)
	{
		/* the endpoint is freed in the turn of its timer */
		static int turns;

		if (turns++ > 2)
			loop_end();
		return 1;
	}
	return -1;
}

int
main(int argc, char **argv)
{
	EndpointConfig config = {.uri = argv[1],
							 .http = strcmp(argv[2], "h1") == 0	 ? ENDPOINT_HTTP1 :
									 strcmp(argv[2], "any") == 0 ? ENDPOINT_ANY :
																   ENDPOINT_HTTP2,
							 .connect_ms = getenv("CONNECT_MS") ? atoi(getenv("CONNECT_MS")) : 60000,
							 .most_calls = argc > 3 ? atoi(argv[3]) : 1000};
	const char *error;
	char line[256];

	signal(SIGPIPE, SIG_IGN);
	if (!loop_start())
		return 1;
	error = argc > 4 ? tls_configure(argv[4]) : NULL;
	if (error)
	{
		printf("refused: %s\n", error);
		loop_free();
		return 0;
	}
	endpoint = endpoint_new(&config, &error);
	if (endpoint == NULL)
	{
		printf("refused: %s\n", error);
		loop_free();
		tls_free_configuration();
		return 0;
	}
	while (fgets(line, sizeof(line), stdin))
	{
		Test *test = calloc(1, sizeof(*test));
		CallHeader *headers;

		if (sscanf(line, "%31s %15s %63s %zu %zu %15s", test->name, test->method, test->path,
				   &test->size, &test->piece, test->flags) != 6)
			return 2;
		test->is_equal = true;
		test->timer.fire = take_later;
		test->timer.owner = test;
		under_way++;
		static CallHeader given[] = {{"accept", "x/y"}, {"x-test", "1"}};
		headers = given;
		if (has(test, 'f'))
		{
			test->fetch.call.method = test->method;
			test->fetch.call.path = test->path;
			test->fetch.call.headers = headers;
			test->fetch.call.nheaders = 2;
			test->fetch.call.deadline = loop_now() + (has(test, 'l') ? 1500 : 60000);
			test->fetch.limit = test->size;
			test->fetch.done = fetched;
			test->fetch.owner = test;
			if (fetch_start(endpoint, &test->fetch))
				return 3;
			continue;
		}
		test->call.events = &events;
		test->call.method = test->method;
		test->call.path = test->path;
		test->call.headers = headers;
		test->call.nheaders = 2;
		test->call.deadline = loop_now() + 60000;
		if (call_start(endpoint, &test->call))
			return 3;
		if (!has(test, 'h'))
			send_piece(test);
	}
	if (under_way > 0)
		loop_run(turn);
	loop_free();
	tls_free_configuration();
	return 0;
}
