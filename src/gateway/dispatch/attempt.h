/*
 * attempt.h
 *		One attempt: a call of a handler, and what goes between it and the
 *		database.
 */
#ifndef RESTATE_GATEWAY_ATTEMPT_H
#define RESTATE_GATEWAY_ATTEMPT_H

#include "asks.h"
#include "dispatch/served.h"
#include "dispatch/trace.h"
#include "dispatch/workers.h"
#include "handlers.h"

/* the text of an id, terminated */
#define INVOCATION_ID_SIZE 48

typedef struct Attempt Attempt;

/* What a claim tells of an attempt. */
typedef struct Claimed
{
	const char *id;
	int64_t attempt;
	int64_t attempts; /* since it was last suspended or resumed, with this one */
	const char *service;
	const char *handler;
	int protocol_version;
	int64_t commands;
	int64_t entries;
	int64_t inactivity_ms;
	int64_t abort_ms;
	const char *request; /* NULL: it cannot be put into frames */
	size_t request_len;
} Claimed;

/* What an invocation has completed with. */
typedef struct AttemptResult
{
	int64_t seed; /* by which it differs from an earlier one of its id */
	const char *value;
	size_t len;
} AttemptResult;

/* By what an attempt fails, as restate_fail_attempt takes it. */
typedef struct AttemptFailure
{
	char error_code[8];
	char message[512];
	int64_t retry_ms; /* -1: not told */
} AttemptFailure;

struct Attempt
{
	Call call; /* first: of a call the attempt is known */
	char id[INVOCATION_ID_SIZE];
	int64_t attempt;
	int64_t number; /* since it was last suspended or resumed */
	Worker *worker;
	Served *served;
	Handler *handler; /* where it is counted */
	char *path;
	char content_type[64];
	CallHeader headers[SERVED_MAX_HEADERS + 6];
	char cluster[64];
	Trace trace;
	char server[128];
	int64_t started_at;

	/* how many commands and entries of the journal the database has, and how many entries the handler was given */
	int64_t commands;
	int64_t known;
	int64_t steps; /* the commands that it has added */

	/* what has come from the handler, in the order: what is pushed, more whole frames, the beginning of one */
	Buffer in;
	size_t pushing;
	size_t whole;	  /* with those that are pushed */
	int nframes;	  /* of what is whole and not pushed */
	bool is_closing;  /* its end is among them: what follows is of no account */
	bool is_urgent;	  /* something of it has to be answered, or must not wait */
	bool makes_ready; /* something of it may make another one ready */
	bool sets_timer;  /* something of it may be due later */
	bool wants_news;  /* others may have brought it something */
	bool is_alone;	  /* it is pushed without others */

	bool is_half_duplex;
	bool is_live;	 /* the call is under way */
	bool is_ended;	 /* in the database; the call is, too, or will be soon */
	bool is_counted; /* it takes a slot */
	bool has_failed;
	bool is_given_back; /* the gateway ends: another will start it anew */
	bool is_refused;	/* what the answer's head says was not acceptable */
	AttemptFailure failure;

	int64_t inactivity_ms;
	int64_t abort_ms;
	int64_t active_at; /* when something last went either way */
	Timer silence;	   /* looks whether that is too long ago; then, how long the end of the call may take */
	Timer holding;	   /* what is not urgent is pushed by then */

	size_t held_back; /* bytes that the handler is not let send yet, since too much is in flight */
	bool is_held_back;
	Attempt *held_previous;
	Attempt *held_next;

	struct Push *push;	  /* that it is part of, or NULL */
	bool is_due;		  /* it waits for a push */
	bool is_being_failed; /* or for its failure's being told */
	Attempt *due_previous;
	Attempt *due_next;
	Attempt *previous; /* of all */
	Attempt *next;
};

/*
 * over: is told of each that is over, perhaps with its invocation, and of the result where
 * that is known; NULL: nobody is.  due: is told when something is due later that was not
 * before.
 */
extern void attempts_configure(void (*over)(const char *id, const AttemptResult *result),
							   void (*due)(void));
extern void attempts_tell_due(void);

/* How many take a slot, and how many there are at all. */
extern int attempts_counted(void);
extern int attempts_all(void);

/*
 * Begins an attempt of the current worker; where that cannot be done it has failed, or
 * where memory has run out it is nobody's, and false is returned.
 */
extern bool attempt_start(const Claimed *claimed, Served *served, const char *why_not);

/* A push has ended: the database has, or has not, taken what was pushed; what follows depends on which. */
extern void attempt_taken(Attempt *attempt, int64_t commands, int64_t entries, const char *reply,
						  size_t len);
extern void attempt_pauses(Attempt *attempt); /* it goes on, and is asked to pause */
extern void attempt_ended(Attempt *attempt, int64_t commands, const char *status,
						  const char *error_code, const AttemptResult *result);
extern void attempt_lost(Attempt *attempt, const char *why);
extern void attempt_refused(Attempt *attempt, const char *error_code, const char *why);

/* It has failed by something else. */
extern void attempt_fails(Attempt *attempt, const char *error_code, int64_t retry_ms,
						  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* It has been told that the attempt has failed: it is over. */
extern void attempt_is_failed(Attempt *attempt, const char *status);

/*
 * What others may have brought to the attempts of an invocation, or with NULL to any, is
 * asked for.
 */
extern void attempts_have_news(const char *id, Reason reason);

/*
 * What has come to the journal of an invocation, in frames, where it had so many entries and
 * has so many now: its attempt is sent it, unless something that came before is missing.
 */
extern void attempts_bring(const char *id, int64_t known, int64_t entries, const char *frames,
						   size_t len);

/* Has handlers that only wait suspend. */
extern void attempts_drain(void);

/*
 * Resets the calls of all, and of those that are started from now on none is begun: they
 * are to be given back.  What they have sent before is pushed.
 */
extern void attempts_hang_up(void);

/* They are others' now. */
extern void attempts_are_given_back(void);

extern void attempts_drop_all(void);

#endif /* RESTATE_GATEWAY_ATTEMPT_H */
