/*
 * notify.h
 *		What systemd is told of our state, where it started us.
 */
#ifndef RESTATE_GATEWAY_NOTIFY_H
#define RESTATE_GATEWAY_NOTIFY_H

extern void notify_ready(void);

/* That we are stopping, which takes up to so many seconds. */
extern void notify_stopping(int seconds);

#endif /* RESTATE_GATEWAY_NOTIFY_H */
