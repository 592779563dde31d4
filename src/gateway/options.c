/*
 * options.c
 *		Flags, and for each an environment variable that stands in for it.
 */
#include "options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define DEFAULT_LISTEN	"127.0.0.1:9070"
#define MIN_TOKEN_CHARS 16

static const struct option long_options[] = {
	{"listen", required_argument, NULL, 'l'},
	{"ingress", required_argument, NULL, 'i'},
	{"ingress-db", required_argument, NULL, 'I'},
	{"ingress-pool", required_argument, NULL, 'N'},
	{"ingress-token-file", required_argument, NULL, 'k'},
	{"ingress-url", required_argument, NULL, 'R'},
	{"db", required_argument, NULL, 'd'},
	{"query-db", required_argument, NULL, 'q'},
	{"worker-db", required_argument, NULL, 'W'},
	{"worker-slots", required_argument, NULL, 's'},
	{"deployment-slots", required_argument, NULL, 'S'},
	{"deployment-ca-file", required_argument, NULL, 'A'},
	{"in-flight", required_argument, NULL, 'F'},
	{"pool", required_argument, NULL, 'p'},
	{"lanes", required_argument, NULL, 'n'},
	{"query-pool", required_argument, NULL, 'P'},
	{"query-row-limit", required_argument, NULL, 'r'},
	{"ui-dir", required_argument, NULL, 'U'},
	{"host", required_argument, NULL, 'H'},
	{"token-file", required_argument, NULL, 't'},
	{"clock", optional_argument, NULL, 'C'},
	{"person-header", required_argument, NULL, 'u'},
	{"reason-header", required_argument, NULL, 'w'},
	{"poll", required_argument, NULL, 'o'},
	{"log-level", required_argument, NULL, 'L'},
	{"request-bodies", required_argument, NULL, 'B'},
	{"request-timeout", required_argument, NULL, 'T'},
	{"drain-timeout", required_argument, NULL, 'D'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"restate-gateway serves Restate's Admin API over the tables of restate_admin. When asked\n"
	"to, it takes calls of handlers (--ingress), runs handlers of services written with\n"
	"Restate's SDKs (--worker-db), and has the database do what is due (--clock).\n"
	"\n"
	"Usage: restate-gateway [OPTION]...\n"
	"\n"
	"  --listen=ADDRESS:PORT    where to listen [127.0.0.1:9070]; beyond loopback only\n"
	"                           with a token; port 0 is any that is free; the path of a\n"
	"                           socket, from / on, is a place, too\n"
	"  --host=NAME,...          names that clients may call it by, besides localhost and\n"
	"                           addresses, where no token is asked for\n"
	"  --db=CONNINFO            libpq connection string for the operations [libpq's own]\n"
	"  --query-db=CONNINFO      for POST /query, /deployments and /services, as a role\n"
	"                           that can only read the views; without it these are 503\n"
	"  --worker-db=CONNINFO     runs handlers of services written with Restate's SDKs, as a role\n"
	"                           that may do what workers do; without it none are run\n"
	"  --worker-slots=N         how many invocations it runs at a time [1000]\n"
	"  --deployment-slots=N     how many of these on one deployment [1000]\n"
	"  --in-flight=MIB          how much may be on its way between handlers and the database\n"
	"                           before handlers are held back [256]\n"
	"  --deployment-ca-file=FILE\n"
	"                           certificates, in PEM, of who may vouch for deployments at an https\n"
	"                           address [those that the system trusts]\n"
	"  --pool=N                 connections for operations [8]\n"
	"  --lanes=N                how many of them carry out together what waits, about as\n"
	"                           many as the database has processors; 0: none do [2]\n"
	"  --query-pool=N           connections for queries [2]\n"
	"  --query-row-limit=N      rows that a query may return; more is an error [100000 as JSON, any as a stream]\n"
	"  --ingress=ADDRESS:PORT   where to take calls of handlers, as --listen; Restate's own port\n"
	"                           is 8080 [nowhere]\n"
	"  --ingress-db=CONNINFO    connection string for these [that of --db]\n"
	"  --ingress-pool=N         connections for these, and one more that is told of results [8]\n"
	"  --ingress-token-file=FILE\n"
	"                           asks there for the token in this file [that of --token-file]\n"
	"  --ingress-url=URL        where clients reach it, which /version tells them [where it listens]\n"
	"  --ui-dir=DIR             a copy of the files of Restate's web UI, to serve at /ui\n"
	"  --token-file=FILE        asks for the bearer token in the file's first line\n"
	"  --request-bodies=MIB     how much memory the bodies of requests may take together; what\n"
	"                           comes beyond it is 503 [256]\n"
	"  --request-timeout=SECS   how long a request may take [30]\n"
	"  --drain-timeout=SECS     how long, once it is to end, what is under way may take [as\n"
	"                           --request-timeout]\n"
	"  --clock[=on|off]         has the database do what is due, and runs bulk jobs: calls\n"
	"                           restate_tick and restate_bulk_next [off]\n"
	"  --poll=SECS              how often it asks, when all is well, for what nobody has told it\n"
	"                           of: what others have made ready or due, and results [1]\n"
	"  --person-header=NAME     a header that names who asks, for the audit [none]: only where\n"
	"                           a proxy sets it, which clients cannot pass\n"
	"  --reason-header=NAME     a header that says why, for the audit [none]\n"
	"  --log-level=LEVEL        debug, info, warn or error [info]\n"
	"  --help, --version\n"
	"\n"
	"Each option can be given in the environment, as RESTATE_GATEWAY_LISTEN and so on.\n";

static void fail(const char *fmt, const char *value)
	__attribute__((noreturn, format(printf, 1, 0)));
static void fail_at(const char *option, const char *value, const char *what)
	__attribute__((noreturn));
static void apply(Options *options, int flag, const char *value);
static int number(const char *name, const char *value, int min, int max);
static Place parse_place(const char *option, const char *value);
static bool is_loopback(const struct sockaddr_storage *address);
static bool is_url(const char *value);
static void *checked(void *memory);
static char *read_token(const char *path);
static void apply_environment(Options *options);
static const char *from_environment(const char *prefix, const char *option);

/*
 * Says what is wrong and ends the program.
 */
static void
fail(const char *fmt, const char *value)
{
	fputs("restate-gateway: ", stderr);
	fprintf(stderr, fmt, value);
	fputs("\nTry restate-gateway --help.\n", stderr);
	exit(2);
}

/*
 * Says what is wrong with the value of an option, and ends the program.
 */
static void
fail_at(const char *option, const char *value, const char *what)
{
	char message[512];

	snprintf(message, sizeof(message), "%s %s %s", option, value, what);
	fail("%s", message);
}

void
options_read(Options *options, int argc, char **argv)
{
	int flag;

	memset(options, 0, sizeof(*options));
	options->db = "";
	options->worker_slots = 1000;
	options->deployment_slots = 1000;
	options->in_flight = 256;
	options->pool = 8;
	options->lanes = 2;
	options->query_pool = 2;
	options->request_bodies = 256;
	options->request_timeout = 30;
	options->log_level = LOG_INFO;
	options->ingress_pool = 8;
	options->poll = 1;
	options->listen = parse_place("--listen", DEFAULT_LISTEN);
	apply_environment(options);
	while ((flag = getopt_long(argc, argv, "hV", long_options, NULL)) != -1)
	{
		if (flag == '?')
			exit(2);
		apply(options, flag, optarg);
	}
	if (optind < argc)
		fail("unexpected argument %s", argv[optind]);
	if (!is_loopback(&options->listen.address) && options->token == NULL)
		fail("%s", "to listen beyond loopback a --token-file is needed");
	if (options->ingress_token == NULL && options->token)
		options->ingress_token = checked(strdup(options->token));
	if (options->ingress.len > 0 && !is_loopback(&options->ingress.address) &&
		options->ingress_token == NULL)
		fail("%s", "for an --ingress beyond loopback an --ingress-token-file is needed");
	if (options->drain_timeout == 0)
		options->drain_timeout = options->request_timeout;
	log_set_level(options->log_level);
}

/*
 * Takes each option that the environment gives, by its name of today or by that
 * of the time when the program was called restate-admin-http.
 */
static void
apply_environment(Options *options)
{
	for (const struct option *o = long_options; o->name; o++)
	{
		const char *value;

		if (o->has_arg == no_argument)
			continue;
		value = from_environment("RESTATE_GATEWAY_", o->name);
		if (value == NULL)
			value = from_environment("RESTATE_ADMIN_HTTP_", o->name);
		if (value)
			apply(options, o->val, value);
	}
}

/*
 * Returns what the environment has for an option; NULL for nothing.
 */
static const char *
from_environment(const char *prefix, const char *option)
{
	char name[64];
	const char *value;
	int len = snprintf(name, sizeof(name), "%s%s", prefix, option);

	for (int i = 0; i < len; i++)
		if (name[i] >= 'a' && name[i] <= 'z')
			name[i] = (char) (name[i] - 'a' + 'A');
		else if (name[i] == '-')
			name[i] = '_';
	value = getenv(name);
	return value && value[0] ? value : NULL;
}

/*
 * Takes one option.
 */
static void
apply(Options *options, int flag, const char *value)
{
	int level;

	switch (flag)
	{
		case 'l':
			options->listen = parse_place("--listen", value);
			break;
		case 'i':
			options->ingress = parse_place("--ingress", value);
			break;
		case 'I':
			options->ingress_db = value;
			break;
		case 'N':
			options->ingress_pool = number("--ingress-pool", value, 1, 1000);
			break;
		case 'k':
			free(options->ingress_token);
			options->ingress_token = read_token(value);
			break;
		case 'R':
			if (!is_url(value))
				fail("--ingress-url %s is no URL that begins with http:// or https://", value);
			options->ingress_url = value;
			break;
		case 'd':
			options->db = value;
			break;
		case 'q':
			options->query_db = value;
			break;
		case 'W':
			options->worker_db = value;
			break;
		case 's':
			options->worker_slots = number("--worker-slots", value, 1, 100000);
			break;
		case 'S':
			options->deployment_slots = number("--deployment-slots", value, 1, 100000);
			break;
		case 'A':
			options->deployment_ca_file = value;
			break;
		case 'F':
			options->in_flight = number("--in-flight", value, 1, 65536);
			break;
		case 'p':
			options->pool = number("--pool", value, 1, 1000);
			break;
		case 'n':
			options->lanes = number("--lanes", value, 0, 1000);
			break;
		case 'P':
			options->query_pool = number("--query-pool", value, 1, 1000);
			break;
		case 'r':
			options->query_row_limit = number("--query-row-limit", value, 1, 100000000);
			break;
		case 'U':
			options->ui_dir = value;
			break;
		case 'H':
			options->hosts = value;
			break;
		case 't':
			free(options->token);
			options->token = read_token(value);
			break;
		case 'B':
			/* the least has room for the largest */
			options->request_bodies = number("--request-bodies", value, 32, 65536);
			break;
		case 'T':
			options->request_timeout = number("--request-timeout", value, 1, 3600);
			break;
		case 'D':
			options->drain_timeout = number("--drain-timeout", value, 1, 3600);
			break;
		case 'C':
			if (value && strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
				fail("--clock is on or off, not %s", value);
			options->clock = value == NULL || strcmp(value, "on") == 0;
			break;
		case 'u':
			options->person_header = value;
			break;
		case 'w':
			options->reason_header = value;
			break;
		case 'o':
			options->poll = number("--poll", value, 1, 86400);
			break;
		case 'L':
			level = log_level_from_name(value);
			if (level < 0)
				fail("no log level %s", value);
			options->log_level = (LogLevel) level;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		case 'V':
			puts("restate-gateway " RESTATE_ADMIN_VERSION);
			exit(0);
		default:
			break;
	}
}

/*
 * Returns the number in the text, which must lie between the bounds.
 */
static int
number(const char *name, const char *value, int min, int max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (errno || end == value || *end || n < min || n > max)
	{
		fprintf(stderr, "restate-gateway: %s must be a number from %d to %d\n", name, min, max);
		exit(2);
	}
	return (int) n;
}

/*
 * Reads ADDRESS:PORT, where an IPv6 address stands in brackets, or a path.
 */
static Place
parse_place(const char *option, const char *value)
{
	Place place = {0};
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
							 .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	char host[64];
	const char *colon = strrchr(value, ':');
	size_t host_len;

	if (value[0] == '/')
	{
		struct sockaddr_un *address = (struct sockaddr_un *) &place.address;

		if (strlen(value) >= sizeof(address->sun_path))
			fail_at(option, value, "is too long a path");
		address->sun_family = AF_UNIX;
		memcpy(address->sun_path, value, strlen(value));
		place.len = sizeof(*address);
		return place;
	}
	if (colon == NULL || colon == value || (size_t) (colon - value) >= sizeof(host))
		fail_at(option, value, "is neither ADDRESS:PORT nor a path");
	host_len = (size_t) (colon - value);
	memcpy(host, value, host_len);
	host[host_len] = '\0';
	if (host[0] == '[' && host[host_len - 1] == ']')
	{
		host[host_len - 1] = '\0';
		memmove(host, host + 1, host_len - 1);
	}
	if (strcmp(host, "localhost") == 0)
		strcpy(host, "127.0.0.1");
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		fail_at(option, value, "is not a numeric address and port");
	memcpy(&place.address, found->ai_addr, found->ai_addrlen);
	place.len = found->ai_addrlen;
	freeaddrinfo(found);
	return place;
}

/*
 * Returns whether only this machine can reach the address.
 */
static bool
is_loopback(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_UNIX)
		return true;
	if (address->ss_family == AF_INET)
	{
		const struct sockaddr_in *in = (const struct sockaddr_in *) address;

		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	}
	if (address->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *) address)->sin6_addr);
	return false;
}

/*
 * Returns whether the text is the URL of a server, of printable ASCII.
 */
static bool
is_url(const char *value)
{
	const char *rest = value + (strncmp(value, "https://", 8) == 0 ? 8 : 7);

	if (strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0)
		return false;
	if (*rest == '\0' || *rest == '/')
		return false;
	for (const char *c = rest; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return true;
}

/*
 * Returns memory that was asked for, and ends the program where there was none.
 */
static void *
checked(void *memory)
{
	if (memory == NULL)
		fail("%s", "out of memory");
	return memory;
}

/*
 * Returns the file's first line.
 */
static char *
read_token(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[1024];
	size_t len;

	if (file == NULL)
		fail("cannot read the token file %s", path);
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	fclose(file);
	len = strcspn(line, "\r\n");
	line[len] = '\0';
	if (len < MIN_TOKEN_CHARS)
		fail("the token in %s is too short: 16 characters are the least", path);
	return checked(strdup(line));
}

/*
 * Frees what options_read allocated.
 */
void
options_free(Options *options)
{
	free(options->token);
	free(options->ingress_token);
}
