/*
 * settings.h
 *		The extension's configuration parameters.
 */
#ifndef RESTATE_SETTINGS_H
#define RESTATE_SETTINGS_H

extern bool restate_audit;
extern bool restate_notify;
extern char *restate_reason;

#endif /* RESTATE_SETTINGS_H */
