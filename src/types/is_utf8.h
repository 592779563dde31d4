/*
 * is_utf8.h
 *		Whether bytes are text.
 *
 * Nothing here knows of PostgreSQL.
 */
#ifndef RESTATE_IS_UTF8_H
#define RESTATE_IS_UTF8_H

#include <stdbool.h>
#include <stddef.h>

extern bool restate_is_utf8(const char *bytes, size_t len);

#endif /* RESTATE_IS_UTF8_H */
