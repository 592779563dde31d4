/*
 * served.h
 *		The deployments that attempts run on.
 */
#ifndef RESTATE_GATEWAY_SERVED_H
#define RESTATE_GATEWAY_SERVED_H

#include "deploy/client.h"

/* the text of an id, terminated */
#define DEPLOYMENT_ID_SIZE 32

/* headers that each request to a deployment may have of its own */
#define SERVED_MAX_HEADERS 24

typedef struct Served
{
	char id[DEPLOYMENT_ID_SIZE];
	Endpoint *endpoint; /* NULL: error tells why it cannot be called */
	const char *error;
	bool is_half_duplex;					/* requests are read whole before they are answered */
	CallHeader headers[SERVED_MAX_HEADERS]; /* the names are its own */
	int nheaders;
	void *document;	   /* that all other texts are in */
	int64_t loaded_at; /* by loop_now */
	int nattempts;
	int ntaken;		  /* slots, by these and by those on what it has replaced */
	bool is_replaced; /* it is freed with its last attempt */
	bool is_behind;	  /* it had no room: something may wait for it */
	bool was_asked;	  /* it had, when something was last claimed */
	struct Served *next;
} Served;

/* most: how many calls one may have at a time. */
extern void served_configure(int most);

/* Returns the deployment, as it was last loaded, or NULL. */
extern Served *served_find(const char *id);

/*
 * Takes a deployment as the Admin API has it, in JSON; returns NULL where memory
 * has run out.
 */
extern Served *served_load(const char *id, const char *json);

/* An attempt runs on it, or does no longer: returns whether the deployment was full. */
extern void served_use(Served *served);
extern bool served_release(Served *served);

/* Those that are known as they are, or that have no room for more: goes through them. */
extern Served *served_first(void);
extern bool served_is_fresh(const Served *served);
extern bool served_is_full(const Served *served);

/* Whether it has room for so many. */
extern bool served_has_room_for(const Served *served, int count);

/* How many attempts those that are not full have room for, at least. */
extern int served_room(void);

extern void served_free_all(void);

#endif /* RESTATE_GATEWAY_SERVED_H */
