/*
 * flow.h
 *		How much is in flight between handlers and the database, of all attempts
 *		together: what handlers have sent and is not stored, and what waits to be sent to
 *		them.  At the limit handlers are let send no more, and nothing is claimed, until there
 *		is less.
 */
#ifndef RESTATE_GATEWAY_FLOW_H
#define RESTATE_GATEWAY_FLOW_H

#include "dispatch/attempt.h"

/* limit: in bytes, beyond which each attempt may have what its connection lets it send ahead. */
extern bool flow_start(size_t limit);
extern void flow_stop(void);

/* So much was received, or is stored or dropped. */
extern void flow_received(size_t len);
extern void flow_stored(size_t len);

extern size_t flow_bytes(void);
extern bool flow_is_full(void);

/*
 * The handler may send so much more; not yet, if all is full.  One attempt may always, so
 * that what it has begun to send can end and be stored.
 */
extern void flow_let_send(Attempt *attempt, size_t len);

/* The attempt is over. */
extern void flow_forget(Attempt *attempt);

/* Claims are made again when it is not full any more. */
extern void flow_claims_wait(void);

/* How many attempts may be claimed: by how much there is room for, and how much a request took lately. */
extern int flow_room(int most);
extern void flow_claimed(size_t bytes, int attempts);

#endif /* RESTATE_GATEWAY_FLOW_H */
