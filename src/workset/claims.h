/*
 * claims.h
 *		The subject of the JSON web token that a request came with.
 */
#ifndef RESTATE_CLAIMS_H
#define RESTATE_CLAIMS_H

extern const char *claimed_subject(void);

#endif /* RESTATE_CLAIMS_H */
