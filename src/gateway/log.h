/*
 * log.h
 *		Structured log lines on standard error: key=value, one line an event.
 */
#ifndef RESTATE_GATEWAY_LOG_H
#define RESTATE_GATEWAY_LOG_H

typedef enum LogLevel
{
	LOG_DEBUG,
	LOG_INFO,
	LOG_WARN,
	LOG_ERROR
} LogLevel;

extern void log_set_level(LogLevel level);
extern int log_level_from_name(const char *name);

/* The format gives the fields after time and level. */
extern void log_event(LogLevel level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Text as a quoted field value: escapes, and cuts what is very long. */
extern const char *log_quote(const char *text, char *buffer, int size);

#endif /* RESTATE_GATEWAY_LOG_H */
