/*
 * routes.h
 *		Which request is served by what.
 */
#ifndef RESTATE_GATEWAY_ROUTES_H
#define RESTATE_GATEWAY_ROUTES_H

#include <stdbool.h>

#include "exchange.h"
#include "pool.h"

#define ROUTE_MAX_SEGMENTS 4

typedef enum RouteNeeds
{
	NEEDS_NOTHING,
	NEEDS_OPERATIONS, /* a session of the operations' pool */
	NEEDS_QUERIES,	  /* a session of the queries' pool */
	NEEDS_HEALTH,	  /* the session that tells how all is */
	NEEDS_INGRESS	  /* a session of the ingress's pool */
} RouteNeeds;

/*
 * What a route's calls are in the call that joins several: the operation, NULL
 * where they are not joined; and where among the arguments is what it takes
 * beside the id, 0 for none.
 */
typedef struct Joining
{
	const char *operation;
	int mode;
	int from;
	int deployment;
	int request_id;
} Joining;

/* What clients know a category of errors as, if not by its own name and status. */
typedef struct CategoryCode
{
	const char *category; /* NULL: the list ends */
	const char *code;
	int status;
} CategoryCode;

typedef struct Route
{
	const char *method;						  /* GET serves HEAD too */
	const char *segments[ROUTE_MAX_SEGMENTS]; /* "*" stands for a parameter */
	const char *pattern;					  /* as logs and metrics show it */
	RouteNeeds needs;
	bool is_open;			 /* asks for no token */
	bool is_readiness;		 /* tells whether requests can be served */
	bool is_prefix;			 /* serves what is below its path, too, and that alone */
	bool is_of_version_2;	 /* serves its path below /v2 alone */
	bool (*is_served)(void); /* NULL: always */
	size_t body_limit;		 /* 0: a body is ignored */
	bool is_raw;			 /* the body is bytes of any type; else JSON */
	const char *sql;		 /* the one call */
	int nargs;
	Joining joining;
	const char *missing;	   /* the category where the call finds nothing */
	const char *not_built;	   /* why it is not served, though the Admin API has it */
	const CategoryCode *codes; /* of the call's errors; NULL: their own */
	/* has something done before the call, which goes on or answers when that is done; NULL: nothing */
	void (*before)(Exchange *exchange);
	/* checks the request and fills the arguments, or answers an error */
	void (*prepare)(Exchange *exchange);
	/* what a session is needed for; NULL: nothing */
	const TaskKind *task;
	/* answers with what the one call returns */
	void (*answer)(Exchange *exchange, const PGresult *result);
} Route;

/*
 * Finds the route of the exchange and decodes the parameter in its path.
 * Answers with an error where there is none.
 */
extern void route_find(Exchange *exchange);

extern int route_count(void);
extern const Route *route_at(int i);

#endif /* RESTATE_GATEWAY_ROUTES_H */
