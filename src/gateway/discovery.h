/*
 * discovery.h
 *		Asking a deployment for its manifest, before the route's call: first the
 *		database is asked whether and how.
 */
#ifndef RESTATE_GATEWAY_DISCOVERY_H
#define RESTATE_GATEWAY_DISCOVERY_H

#include <jansson.h>

#include "deploy/fetch.h"
#include "exchange.h"

#define DISCOVERY_MAX_PARAMS 2

/* What a deployment is asked.  The part above is filled in by the route. */
struct Discovery
{
	Fetch fetch; /* first: of a fetch the discovery is known */
	Exchange *exchange;
	json_t *options;   /* of the call; what the deployment says of itself is added */
	int options_arg;   /* where among the arguments of the call these are */
	int manifest_arg;  /* and the manifest */
	const char *uri;   /* its owner has it as long as the exchange lasts */
	json_t *headers;   /* that each request to it has, lower case; or NULL */
	bool is_http1;	   /* it is asked in HTTP/1.1 */
	json_t *document;  /* what the database says of it, or NULL */
	const char *first; /* the statement that is executed before */
	int nparams;
	const char *params[DISCOVERY_MAX_PARAMS];
	/* fills in how it is asked; or answers, with which the exchange is over */
	void (*take_first)(Discovery *discovery, const PGresult *result);

	Endpoint *endpoint;
	CallHeader *sent;
	Discovery *previous;
	Discovery *next;
};

/* Makes what the exchange's deployment is asked with; returns NULL, and answers, where memory has run out. */
extern Discovery *discovery_new(Exchange *exchange);

/*
 * Asks the database and the deployment, and has the exchange go on with its call when
 * that has answered; at once where it has no discovery.
 */
extern void discover(Exchange *exchange);

/* Nobody waits for the exchange any more: what is asked ends, and is answered so. */
extern void discovery_withdraw(Exchange *exchange);

/* Ends all that is asked: the gateway is being stopped. */
extern void discovery_give_up(void);

#endif /* RESTATE_GATEWAY_DISCOVERY_H */
