/*
 * bodies.h
 *		How much memory the bodies of all requests take together.
 */
#ifndef RESTATE_GATEWAY_BODIES_H
#define RESTATE_GATEWAY_BODIES_H

#include "exchange.h"

/* Bodies may take so many bytes together, beyond the first 16 KiB of each. */
extern void bodies_configure(size_t most);

/* How many bytes they take, beyond these. */
extern size_t bodies_held(void);

/*
 * Refuses (503) a body of which its head says that it is longer than what there is room
 * for at this moment.  Nothing is reserved: who says so need not send it.
 */
extern void body_expect(Exchange *exchange, size_t len);

/*
 * Adds a part to what is kept of the exchange's body.  Where all together would take
 * too much, gives back what was kept and refuses the request (503).
 */
extern void body_add(Exchange *exchange, const char *data, size_t len);

/*
 * Frees the body and the arguments of the call, which are made of it, and gives back what
 * is counted of them: nothing of the request is carried out any more.
 */
extern void body_drop(Exchange *exchange);

#endif /* RESTATE_GATEWAY_BODIES_H */
