/*
 * patience.h
 *		When the requests that wait are looked for: at once where there is a
 *		reason to, and otherwise anew after a while that grows.
 */
#ifndef RESTATE_GATEWAY_PATIENCE_H
#define RESTATE_GATEWAY_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "ingress.h"

/* Whether notifications come now: without them patience is short. */
extern void patience_told(bool is_told);

/* Has a request wait that is new, or has been asked for in vain; has_failed: nothing could be asked. */
extern void patience_begin(Ingress *ingress);
extern void patience_go_on(Ingress *ingress, bool has_failed);

/* Has one be looked for at once: a new one, one that waits or is asked for, all. */
extern void patience_begin_hinted(Ingress *ingress);
extern void patience_hint(Ingress *ingress);
extern void patience_hint_all(void);

/* One waits no more. */
extern void patience_leave(Ingress *ingress);

/* When the first is to be looked for, by loop_now; INT64_MAX: none is. */
extern int64_t patience_ends_at(void);

/* Takes out one that is to be looked for by that time; NULL: there is none. */
extern Ingress *patience_take(int64_t now);

#endif /* RESTATE_GATEWAY_PATIENCE_H */
