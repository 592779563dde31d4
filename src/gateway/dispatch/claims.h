/*
 * claims.h
 *		Takes what is ready, as far as there is room for it.
 */
#ifndef RESTATE_GATEWAY_CLAIMS_H
#define RESTATE_GATEWAY_CLAIMS_H

#include "asks.h"
#include "dispatch/served.h"
#include "pool.h"

/*
 * What is selected of a row of restate_claim, or of a function that returns the same of an
 * attempt, for the statement's result in binary form; after that the deployment's document
 * may come.  attempts: what the function calls the column of that.
 */
#define CLAIM_COLUMNS(of, attempts)                                                        \
	of ".id::pg_catalog.text, " of ".attempt, " of "." attempts ", " of ".service, " of    \
	   ".handler, " of ".deployment::pg_catalog.text, " of ".protocol_version, " of        \
	   ".commands, " of ".entries, (pg_catalog.date_part('epoch', " of                     \
	   ".inactivity_timeout) * 1000)::pg_catalog.int8, (pg_catalog.date_part('epoch', " of \
	   ".abort_timeout) * 1000)::pg_catalog.int8, " of ".request"

/* slots: how many attempts there may be. */
extern bool claims_start(Pool *pool, int slots);

/* Something may be ready. */
extern void claims_wake(Reason reason);

/* Whether a claim is under way, or what is submitted may bring attempts yet. */
extern bool claims_are_under_way(void);

/* There is room again. */
extern void claims_have_room(void);

/*
 * Offers slots, up to as many as count says, for attempts that who submits may be given at
 * once: sets how many, writes for which deployments, and returns for which worker.  NULL: none
 * is offered, since there is no room, or others wait for it.  Until the offer is ended the
 * slots are taken.
 */
extern const char *claims_offer(Buffer *deployments, int *count);

/*
 * Ends an offer of so many slots, and starts the attempts of the rows that have one, in their
 * columns from that one on; rows may be NULL.  is_known: false where there may be attempts of
 * which nothing was heard.
 */
extern void claims_end_offer(int count, const PGresult *rows, int column, bool is_known);

/* Claims no more; frees what there is, when none is under way. */
extern void claims_stop(void);
extern void claims_free(void);

#endif /* RESTATE_GATEWAY_CLAIMS_H */
