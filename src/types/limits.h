/*
 * limits.h
 *		How much there may be of what callers send.  The extension and the
 *		gateway refuse by these numbers, and name them.
 *
 * Nothing here knows of PostgreSQL.
 */
#ifndef RESTATE_LIMITS_H
#define RESTATE_LIMITS_H

/* the index of a journal entry, a completion or a signal: unsigned, 32 bits */
#define RESTATE_INDEX_MAX 4294967295

/* entries in a journal: as many as there are indexes */
#define RESTATE_JOURNAL_SIZE_MAX 4294967296

/* invocations in one batch, in SQL and over HTTP */
#define RESTATE_BATCH_MAX	   1000000
#define RESTATE_HTTP_BATCH_MAX 1000

/* bytes in UTF-8 of the key of an object, a state, a promise or a caller's repeats */
#define RESTATE_KEY_MAX_BYTES 16384

/* bytes of the name of a worker or a service */
#define RESTATE_NAME_MAX_BYTES 255

/* how long a worker may not be heard of and yet be told what concerns it */
#define RESTATE_WORKER_SILENCE_SECONDS 10

/* frames of one attempt in a push, and elements of a list in one of them */
#define RESTATE_PUSH_MAX_FRAMES	   10000
#define RESTATE_FRAME_MAX_ELEMENTS 65536

/* bytes of what makes a restart repeatable */
#define RESTATE_REQUEST_ID_MAX_BYTES 255

/* a limit as part of a literal */
#define RESTATE_LIMIT_TEXT(limit)		 RESTATE_LIMIT_TEXT_OF(limit)
#define RESTATE_LIMIT_TEXT_OF(expansion) #expansion

#endif /* RESTATE_LIMITS_H */
