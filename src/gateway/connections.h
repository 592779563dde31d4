/*
 * connections.h
 *		The clients' connections: which of them wait for their client, since
 *		when, and which are given up.
 */
#ifndef RESTATE_GATEWAY_CONNECTIONS_H
#define RESTATE_GATEWAY_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "loop.h"

typedef enum ConnectionState
{
	CONNECTION_ARRIVING, /* a request is, or the first one is awaited */
	CONNECTION_IDLE,	 /* between requests */
	CONNECTION_ANSWERED, /* the client takes the answer */
	CONNECTION_SERVED	 /* the client waits for us */
} ConnectionState;

#define CONNECTION_STATES 4

/* the request line and the headers of one connection; libmicrohttpd clears all of it for each request */
#define CONNECTION_MEMORY ((size_t) 72 * 1024)

struct Exchange;

typedef struct Connection
{
	Watch watch;
	ConnectionState state;
	int64_t since;
	struct Source *source;	   /* NULL: of no address */
	struct Exchange *exchange; /* the one under way, for who asks */
	const char
		*memory;				 /* libmicrohttpd's for its requests, CONNECTION_MEMORY; NULL: not known where */
	bool keeps_memory;			 /* idle, and the memory has not been given back */
	bool has_left;				 /* the client has closed its side */
	Timer leaving;				 /* set: it is taken for gone then */
	bool is_late;				 /* it was accepted when the gateway was to end already */
	bool is_shut;				 /* it is closed as soon as libmicrohttpd sees that */
	struct Connection *previous; /* of the same state, the oldest first */
	struct Connection *next;
	struct Connection *next_left;
	char peer[64];
} Connection;

/* most: how many there may be; left is called when the client of one that is served has gone. */
extern void connections_start(int most, void (*left)(Connection *connection));

extern Connection *connection_open(int socket, const struct sockaddr *address);
extern void connection_close(Connection *connection);
extern void connection_set(Connection *connection, ConnectionState state);

/*
 * Shuts those whose clients have left, as far as all of theirs has been read,
 * and gives back the memory of those that are idle; to be called in each turn,
 * when libmicrohttpd has cleared it.
 */
extern void connections_turn(void);

extern int connections_count(void);

#endif /* RESTATE_GATEWAY_CONNECTIONS_H */
