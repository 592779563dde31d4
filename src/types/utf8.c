/*
 * utf8.c
 *		Bytes shown as text where they are text.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "types/compat.h"

PG_FUNCTION_INFO_V1(restate_utf8_or_null);

/*
 * Returns the bytes as text, or null where they are not UTF-8 that the
 * database's encoding holds unchanged: any where that is UTF-8, ASCII else.
 */
Datum
restate_utf8_or_null(PG_FUNCTION_ARGS)
{
	bytea *value = PG_GETARG_BYTEA_PP(0);
	const char *bytes = VARDATA_ANY(value);
	int len = VARSIZE_ANY_EXHDR(value);
	int encoding = GetDatabaseEncoding() == PG_UTF8 ? PG_UTF8 : PG_SQL_ASCII;

	if (!pg_verify_mbstr(encoding, bytes, len, true))
		PG_RETURN_NULL();
	if (encoding != PG_UTF8)
		for (int i = 0; i < len; i++)
			if (IS_HIGHBIT_SET(bytes[i]))
				PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(bytes, len));
}
