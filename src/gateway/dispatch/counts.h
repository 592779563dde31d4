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
	unsigned long given;   /* attempts that came with what has made them ready */
	unsigned long pushes;
	unsigned long pushed; /* what attempts had sent, in them */
} DispatchCounts;

extern DispatchCounts dispatch_counts;

#endif /* RESTATE_GATEWAY_COUNTS_H */
