/*
 * counts.h
 *		How much the dispatcher has done.
 */
#ifndef RESTATE_GATEWAY_COUNTS_H
#define RESTATE_GATEWAY_COUNTS_H

typedef struct DispatchCounts
{
	unsigned long claims;
	unsigned long claimed; /* attempts */
	unsigned long pushes;
	unsigned long pushed; /* what attempts had sent, in them */
	unsigned long completed;
	unsigned long suspended; /* or ready again */
	unsigned long failed;
	unsigned long lost;
	unsigned long given_back;
} DispatchCounts;

extern DispatchCounts dispatch_counts;

#endif /* RESTATE_GATEWAY_COUNTS_H */
