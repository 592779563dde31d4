/*
 * wire_text.c
 *		Text of the service protocol, which is UTF-8, as text of the database: no
 *		NUL, and only what the database's encoding has.
 */
#include "postgres.h"

#include <string.h>

#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "types/compat.h"
#include "types/is_utf8.h"
#include "types/wire_text.h"

static bool append_converted(StringInfo out, const char *utf8, size_t len);

/*
 * Returns the text, which is UTF-8, as the database has it, or NULL if it cannot hold
 * it.
 */
char *
restate_text_of_wire(Slice wire)
{
	StringInfoData text;

	if (memchr(wire.data, '\0', wire.len) != NULL)
		return NULL;
	initStringInfo(&text);
	return append_converted(&text, (const char *) wire.data, wire.len) ? text.data : NULL;
}

/*
 * The same, with a replacement for each character that the database cannot hold:
 * U+FFFD, or a question mark in an encoding without it.
 */
char *
restate_text_of_wire_replaced(Slice wire)
{
	const char *at = (const char *) wire.data;
	const char *end = at + wire.len;
	char *text = restate_text_of_wire(wire);
	StringInfoData replaced;

	if (text != NULL)
		return text;
	initStringInfo(&replaced);
	while (at < end)
	{
		int len = pg_utf_mblen((const unsigned char *) at);

		if (*at == '\0' || !append_converted(&replaced, at, (size_t) len))
			appendStringInfoString(&replaced,
								   GetDatabaseEncoding() == PG_UTF8 ? "\xef\xbf\xbd" : "?");
		at += len;
	}
	return replaced.data;
}

/*
 * Adds text that is UTF-8, without NUL, in the database's encoding; returns false, with
 * nothing added, if that does not have all of it.
 */
static bool
append_converted(StringInfo out, const char *utf8, size_t len)
{
	int encoding = GetDatabaseEncoding();
	Size most = len * MAX_CONVERSION_GROWTH + 1;
	Oid conversion;
	char *converted;

	if (encoding != PG_UTF8 && encoding != PG_SQL_ASCII)
	{
		conversion = FindDefaultConversionProc(PG_UTF8, encoding);
		if (!OidIsValid(conversion))
			return false;
		converted = palloc(most);
		if ((size_t) pg_do_encoding_conversion_buf(
				conversion, PG_UTF8, encoding,
				unconstify(unsigned char *, (const unsigned char *) utf8), (int) len,
				(unsigned char *) converted, (int) most, true) != len)
			return false;
		appendStringInfoString(out, converted);
	}
	else
		appendBinaryStringInfo(out, utf8, (int) len);
	return true;
}

/*
 * Returns text of the database as UTF-8; in one without an encoding, what is no UTF-8
 * has a question mark for each byte that is not ASCII.
 */
Slice
restate_wire_of_text(const char *text, int len)
{
	char *utf8;

	if (GetDatabaseEncoding() != PG_SQL_ASCII)
	{
		utf8 = pg_server_to_any(text, len, PG_UTF8);
		return (Slice){(const uint8_t *) utf8, utf8 == text ? (size_t) len : strlen(utf8)};
	}
	utf8 = pnstrdup(text, len);
	if (!restate_is_utf8(utf8, (size_t) len))
		for (int i = 0; i < len; i++)
			if (IS_HIGHBIT_SET(utf8[i]))
				utf8[i] = '?';
	return (Slice){(const uint8_t *) utf8, (size_t) len};
}
