/*
 * log.c
 *		Writes log lines, each with one write.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINE 2048

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static LogLevel threshold = LOG_INFO;

/*
 * Leaves out events below the level from now on.
 */
void
log_set_level(LogLevel level)
{
	threshold = level;
}

/*
 * Returns the level of that name, or -1.
 */
int
log_level_from_name(const char *name)
{
	for (int i = 0; i < 4; i++)
		if (strcmp(name, level_names[i]) == 0)
			return i;
	return -1;
}

void
log_event(LogLevel level, const char *fmt, ...)
{
	char line[MAX_LINE];
	struct timespec now;
	struct tm utc;
	va_list args;
	size_t len;
	int used;

	if (level < threshold)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(line, sizeof(line), "time=%Y-%m-%dT%H:%M:%S", &utc);
	len += (size_t) snprintf(line + len, sizeof(line) - len, ".%03ldZ level=%s ",
							 now.tv_nsec / 1000000, level_names[level]);
	va_start(args, fmt);
	used = vsnprintf(line + len, sizeof(line) - len - 1, fmt, args);
	va_end(args);
	if (used > 0)
		len += (size_t) used;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return; /* nowhere left to say so */
}

const char *
log_quote(const char *text, char *buffer, int size)
{
	int len = 0;

	buffer[len++] = '"';
	for (const unsigned char *p = (const unsigned char *) text; *p && len < size - 6; p++)
	{
		if (*p == '"' || *p == '\\')
		{
			buffer[len++] = '\\';
			buffer[len++] = (char) *p;
		}
		else if (*p < 0x20 || *p == 0x7f)
			len += snprintf(buffer + len, 5, "\\x%02x", *p);
		else
			buffer[len++] = (char) *p;
	}
	buffer[len++] = '"';
	buffer[len] = '\0';
	return buffer;
}
