/*
 * h2.c
 *		Fuzzes the client for deployments in HTTP/2: a server says anything, in any
 *		pieces, and closes.  Each call ends once, is told things in their order, and is
 *		sent no more than there is room for.
 *
 * The first byte of an input says how many calls there are, the second what their owner
 * does, the third in what pieces the rest comes, which is the server's.
 */
#include "check.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deploy/client.h"
#include "deploy/dial.h"
#include "deploy/link.h"
#include "loop.h"

#define MOST_CALLS 4
/* after what is sent, and after the end, how many rounds have it dealt with */
#define ROUNDS	   4

/* What the owner does, by the bits of a byte. */
enum
{
	HOLDS_REQUEST = 1,	/* goes on sending when the answer has begun */
	TAKES_NOTHING = 2,	/* of the answer, until the end */
	RESETS_ON_DATA = 4, /* its call */
	STARTS_ANOTHER = 8, /* when one has ended */
	FREES_IN_EVENT = 16 /* the endpoint, in the first end */
};

typedef struct Told
{
	Call call; /* first */
	bool has_head;
	bool is_over;
	size_t untaken;
} Told;

static void start(Told *told);
static void header(Call *call, const char *name, const char *value);
static void head(Call *call);
static void data(Call *call, const char *bytes, size_t len);
static void ended(Call *call, CallEnd how, const char *why);
static int turn(void);
static void say_more(void);
static void connect_at_once(Timer *timer);

static const CallEvents events = {.header = header, .head = head, .data = data, .ended = ended};

static Endpoint *endpoint;
static Told calls[2 * MOST_CALLS];
static int ncalls;
static int owner;
static const uint8_t *said;
static size_t left;
static size_t piece;
static int peer; /* the server's end of the connection; -1: closed */
static int rounds;

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	EndpointConfig config = {.uri = "http://peer/base", .http = ENDPOINT_HTTP2, .most_calls = 2 * MOST_CALLS};
	const char *error;
	int count;

	if (size < 3)
		return 0;
	count = 1 + bytes[0] % MOST_CALLS;
	owner = bytes[1];
	piece = bytes[2] == 0 ? size : bytes[2];
	said = bytes + 3;
	left = size - 3;
	peer = -1;
	rounds = 0;
	ncalls = 0;
	memset(calls, 0, sizeof(calls));
	CHECK(loop_start());
	endpoint = endpoint_new(&config, &error);
	CHECK(endpoint != NULL);
	for (int i = 0; i < count; i++)
		start(&calls[ncalls++]);
	loop_run(turn);
	for (int i = 0; i < ncalls; i++)
		CHECK(calls[i].is_over && calls[i].call.endpoint == NULL);
	if (endpoint)
		endpoint_stop(endpoint);
	if (peer >= 0)
		close(peer);
	loop_free();
	return 0;
}

/*
 * Starts a call, with a request that has a body.
 */
static void
start(Told *told)
{
	static const CallHeader headers[] = {{"accept", "a/b"}};

	told->call.events = &events;
	told->call.method = "POST";
	told->call.path = "/invoke/a/b";
	told->call.headers = headers;
	told->call.nheaders = 1;
	CHECK(call_start(endpoint, &told->call) == NULL);
	CHECK(call_send(&told->call, "hello", 5));
	if (!(owner & HOLDS_REQUEST))
		call_finish(&told->call);
}

static void
header(Call *call, const char *name, const char *value)
{
	Told *told = (Told *) call;

	CHECK(!told->is_over && !told->has_head && name[0] != ':');
	CHECK(strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ \r\n") == NULL && strpbrk(value, "\r\n") == NULL);
}

static void
head(Call *call)
{
	Told *told = (Told *) call;

	CHECK(!told->is_over && !told->has_head && call->status >= 200 && call->status <= 999);
	told->has_head = true;
	if (owner & HOLDS_REQUEST)
	{
		CHECK(call_send(call, "more", 4));
		call_finish(call);
	}
}

static void
data(Call *call, const char *bytes, size_t len)
{
	Told *told = (Told *) call;
	volatile char last = bytes[len - 1];

	(void) last;
	CHECK(!told->is_over && told->has_head && len > 0);
	told->untaken += len;
	CHECK(told->untaken == call->untaken && told->untaken <= LINK_WINDOW);
	if (owner & RESETS_ON_DATA)
	{
		call_reset(call);
		told->is_over = true;
	}
	else if (!(owner & TAKES_NOTHING))
	{
		call_took(call, len);
		told->untaken = 0;
	}
}

static void
ended(Call *call, CallEnd how, const char *why)
{
	Told *told = (Told *) call;

	CHECK(!told->is_over && why != NULL && call->endpoint == NULL);
	CHECK(how != CALL_COMPLETE || told->has_head);
	told->is_over = true;
	if (owner & FREES_IN_EVENT && endpoint)
	{
		endpoint_free(endpoint);
		endpoint = NULL;
		for (int i = 0; i < ncalls; i++)
			calls[i].is_over = true;
	}
	else if (owner & STARTS_ANOTHER && endpoint && ncalls < 2 * MOST_CALLS && peer >= 0)
		start(&calls[ncalls++]);
}

/*
 * Has the server say its next piece; when all is said and dealt with, it closes, and
 * that is the end.
 */
static int
turn(void)
{
	char heard[65536];

	while (peer >= 0 && recv(peer, heard, sizeof(heard), MSG_DONTWAIT) > 0)
		;
	if (left > 0 && peer >= 0)
		say_more();
	else if (++rounds == ROUNDS)
	{
		/* what is connected to from now on closes at once */
		if (peer >= 0)
			close(peer);
		peer = -1;
		left = 0;
	}
	else if (rounds > ROUNDS)
	{
		bool are_over = true;

		for (int i = 0; i < ncalls; i++)
			are_over = are_over && calls[i].is_over;
		CHECK(rounds < 100 * ROUNDS);
		if (are_over && rounds > 2 * ROUNDS)
			loop_end();
	}
	return 0;
}

/*
 * Has the server say its next piece.
 */
static void
say_more(void)
{
	size_t len = left < piece ? left : piece;
	ssize_t n = send(peer, said, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n <= 0)
		left = 0;
	else
	{
		said += n;
		left -= (size_t) n;
	}
}

/*
 * Stands for dial.c: the server is there, once; whoever connects after it has closed finds
 * that it does at once.
 */
bool
dial_start(Dial *dial, const char *host, const char *port, int64_t deadline)
{
	CHECK(strcmp(host, "peer") == 0 && strcmp(port, "80") == 0 && deadline > 0);
	dial->timer.fire = connect_at_once;
	dial->timer.owner = dial;
	return loop_set_timer(&dial->timer, loop_now());
}

void
dial_cancel(Dial *dial)
{
	loop_clear_timer(&dial->timer);
}

static void
connect_at_once(Timer *timer)
{
	Dial *dial = timer->owner;
	int ends[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	if (peer < 0 && left > 0)
		peer = ends[1];
	else
		close(ends[1]);
	dial->done(dial, ends[0], "");
}
