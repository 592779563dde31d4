/*
 * ingress_submit.h
 *		The arguments and columns of calls that submit.
 */
#ifndef RESTATE_GATEWAY_INGRESS_SUBMIT_H
#define RESTATE_GATEWAY_INGRESS_SUBMIT_H

#include "dispatch/claims.h"

/* what a request gives to restate_ingress_submit, and who is to run it at once */
enum
{
	SUBMIT_PATH,
	SUBMIT_KEY,
	SUBMIT_METHOD,
	SUBMIT_DELAY,
	SUBMIT_TYPE,
	SUBMIT_HEADERS,
	SUBMIT_BAD_HEADER,
	SUBMIT_IDEMPOTENCY_KEY,
	SUBMIT_BODY,
	SUBMIT_IS_TOO_LARGE,
	SUBMIT_GATEWAY,
	SUBMIT_WORKER,
	SUBMIT_RUNS_ON,
	SUBMIT_ARGS
};

/* of the rows of what is answered */
#define ANSWER_COLUMNS "status, answer, answer_type, typed_if_empty, id, expires, seed"

/* of those of a submit, s, too */
#define SUBMITTED_COLUMNS ANSWER_COLUMNS ", made_ready, " CLAIM_COLUMNS("s", "attempts")

enum
{
	COLUMN_STATUS,
	COLUMN_ANSWER,
	COLUMN_ANSWER_TYPE,
	COLUMN_TYPED_IF_EMPTY,
	COLUMN_ID,
	COLUMN_EXPIRES,
	COLUMN_SEED,
	COLUMN_MADE_READY,
	COLUMN_BEGUN,					  /* the first of those of an attempt */
	COLUMN_ATTEMPT = COLUMN_BEGUN + 1 /* null: none has begun */
};

#endif /* RESTATE_GATEWAY_INGRESS_SUBMIT_H */
