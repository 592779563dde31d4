/*
 * options.h
 *		What the gateway was started with.
 */
#ifndef RESTATE_GATEWAY_OPTIONS_H
#define RESTATE_GATEWAY_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "log.h"

/* Where to listen. */
typedef struct Place
{
	struct sockaddr_storage address;
	socklen_t len; /* 0: nowhere */
} Place;

typedef struct Options
{
	Place listen;
	Place ingress;
	const char *db;					/* connection string of the operations */
	const char *query_db;			/* of POST /query and the other reads, or NULL */
	const char *worker_db;			/* of the dispatcher, or NULL: there is none */
	int worker_slots;				/* attempts at a time */
	int deployment_slots;			/* and on one deployment */
	int in_flight;					/* MiB between handlers and the database */
	const char *deployment_ca_file; /* of those that are trusted in TLS; NULL: what the system trusts */
	int pool;
	int lanes; /* of the pool */
	int query_pool;
	int request_bodies;		 /* MiB that bodies of requests may take together */
	int request_timeout;	 /* seconds */
	int drain_timeout;		 /* seconds */
	int query_row_limit;	 /* 0: what is usual */
	char *token;			 /* NULL: none is asked for */
	char *ingress_token;	 /* likewise, of the ingress */
	const char *ingress_db;	 /* connection string of the ingress; NULL: db */
	const char *ingress_url; /* where clients reach the ingress; NULL: where it listens */
	int ingress_pool;
	const char *ui_dir; /* the files of the web UI, or NULL */
	const char
		*hosts;				   /* names that it is called by, besides localhost, with commas between; or NULL */
	const char *person_header; /* names for the audit who asks; NULL: none does */
	const char *reason_header; /* and why */
	bool clock;				   /* it has what is due done */
	int poll;				   /* seconds between questions for what nobody has told of */
	LogLevel log_level;
} Options;

/*
 * Reads flags and environment; prints help, the version or what is wrong and
 * ends the program where that is called for.
 */
extern void options_read(Options *options, int argc, char **argv);

extern void options_free(Options *options);

#endif /* RESTATE_GATEWAY_OPTIONS_H */
