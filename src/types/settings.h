/*
 * settings.h
 *		The extension's configuration parameters.
 */
#ifndef RESTATE_SETTINGS_H
#define RESTATE_SETTINGS_H

extern bool restate_audit;
/* whom a transaction notifies when it commits */
typedef enum Notified
{
	NOTIFIED_NOBODY,
	NOTIFIED_OWNERS, /* the workers of attempts that another has brought something */
	NOTIFIED_ALL	 /* those, and who waits for something to be ready */
} Notified;

extern int restate_notify; /* a Notified */
extern bool restate_retention;
extern char *restate_reason;

#endif /* RESTATE_SETTINGS_H */
