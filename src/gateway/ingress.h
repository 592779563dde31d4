/*
 * ingress.h
 *		The requests of those who call handlers, and their answers.
 */
#ifndef RESTATE_GATEWAY_INGRESS_H
#define RESTATE_GATEWAY_INGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "asks.h"
#include "exchange.h"
#include "handlers.h"
#include "joined.h"
#include "port.h"

#include "types/id_codec.h"

/* What a request to the ingress has beside what all have. */
typedef struct Ingress
{
	char id[RESTATE_INVOCATION_ID_CHARS + 1]; /* of the invocation; empty: none */
	char expires[40];						  /* how long its result is kept; empty: not told */
	char *answer_type;						  /* of an answer that is no failure; NULL: none */
	bool typed_if_empty;
	bool submits;					/* it calls a handler, or sends to it */
	bool waits;						/* its invocation has no result yet */
	bool has_left;					/* its client, while the call runs */
	bool is_offered;				/* the call may have its invocation begin here at once */
	bool is_unsure;					/* whether it has begun */
	bool made_ready;				/* it can be claimed */
	PGresult *begun;				/* the answer to the call, if it has begun; it holds once the call has ended */
	int lengths[EXCHANGE_MAX_ARGS]; /* of the arguments in bytes */

	/* while it waits for a result */
	int64_t seed;
	struct Exchange *exchange; /* NULL: it does not wait */
	struct Ingress *same;	   /* of the same place in the table */
	struct Ingress *previous;  /* of the same patience */
	struct Ingress *next;
	Reason reason; /* why it is looked for next */
	int level;	   /* of patience */
	int asked;	   /* its place among those that are asked for, from 1; 0: it is not */
	int64_t at;	   /* when it is to be looked for, by loop_now */
} Ingress;

/* Returns what is served there, where this token is asked for; NULL: none. */
extern const Port *ingress_configure(const char *token);

/*
 * Takes the row of a submit, of those of several with the columns after that many: the answer,
 * or that it is to be waited for.
 */
extern void ingress_take_row(Exchange *exchange, const PGresult *result, int row, int column);

/* Answers with a result: the body is in exchange->answer. */
extern void ingress_answer(Exchange *exchange, int status, bool is_failure);

/* Returns the handler that the exchange was a call of; NULL: it was none that was taken. */
extern Handler *ingress_called(const Exchange *exchange);

/* How requests that submit are joined. */
extern const JoinKind joined_submits;

extern void ingress_free(Ingress *ingress);

#endif /* RESTATE_GATEWAY_INGRESS_H */
