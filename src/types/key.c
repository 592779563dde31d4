/*
 * key.c
 *		How long a key is that a caller chooses, and what an index has of one.
 *
 * A btree takes no more than a third of a page for an entry, 2,704 bytes, so
 * that a long key cannot stand in it.  What stands there instead is the same
 * for equal keys alone, whoever chooses them.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "types/compat.h"
#include "types/key.h"
#include "types/limits.h"
#include "types/outcome.h"

/* keys up to this length stand in an index as they are */
#define INDEXED_WHOLE_BYTES 255

/* a longer one has its beginning, and a hash of all of it */
#define INDEXED_PREFIX_BYTES 224
#define SHA256_BYTES		 32
StaticAssertDecl(INDEXED_PREFIX_BYTES + SHA256_BYTES > INDEXED_WHOLE_BYTES,
				 "no short key has the length of what stands for a long one");

static bytea *indexed(bytea *bytes);

/*
 * Returns how many bytes a key has in UTF-8.  One that is toasted is not read,
 * unless the database's encoding makes that needful.
 */
Size
restate_key_bytes(Datum key)
{
	Size bytes = toast_raw_datum_size(key) - VARHDRSZ;
	int encoding = GetDatabaseEncoding();
	text *value;
	char *utf8;

	/* a byte of another encoding becomes three at most */
	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII || bytes <= RESTATE_KEY_MAX_BYTES / 3)
		return bytes;
	value = DatumGetTextPP(key);
	utf8 = pg_server_to_any(VARDATA_ANY(value), (int) bytes, PG_UTF8);
	return utf8 == VARDATA_ANY(value) ? bytes : strlen(utf8);
}

/*
 * Raises invalid_query_parameter if the key, an argument of that name, is
 * longer than one can be.
 */
void
restate_require_key(const char *parameter, const text *key)
{
	RestateRefusal refusal;

	if (restate_key_bytes(PointerGetDatum(key)) <= RESTATE_KEY_MAX_BYTES)
		return;
	refusal = restate_refusal(RESTATE_INVALID_QUERY_PARAMETER,
							  "invalid %s: it must have at most %d bytes in UTF-8", parameter,
							  RESTATE_KEY_MAX_BYTES);
	refusal.hint = "Use a shorter key, such as a hash of this one.";
	restate_raise(refusal);
}

/*
 * Returns what stands in an index for the bytes: themselves, or their
 * beginning and a hash of them all.
 */
static bytea *
indexed(bytea *bytes)
{
	bytea *result;
	bytea *hash;

	if (VARSIZE_ANY_EXHDR(bytes) <= INDEXED_WHOLE_BYTES)
		return bytes;
	hash = DatumGetByteaPP(DirectFunctionCall1(sha256_bytea, PointerGetDatum(bytes)));
	Assert(VARSIZE_ANY_EXHDR(hash) == SHA256_BYTES);
	result = palloc(VARHDRSZ + INDEXED_PREFIX_BYTES + SHA256_BYTES);
	SET_VARSIZE(result, VARHDRSZ + INDEXED_PREFIX_BYTES + SHA256_BYTES);
	memcpy(VARDATA(result), VARDATA_ANY(bytes), INDEXED_PREFIX_BYTES);
	memcpy(VARDATA(result) + INDEXED_PREFIX_BYTES, VARDATA_ANY(hash), SHA256_BYTES);
	return result;
}

/*
 * indexed_key(key): what stands in an index for the key.
 */
PG_FUNCTION_INFO_V1(restate_indexed_key);
Datum
restate_indexed_key(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(indexed(PG_GETARG_BYTEA_PP(0)));
}

/*
 * indexed_key(key, key_of_it): what stands in an index for both, with a zero
 * byte between, which no text has.
 */
PG_FUNCTION_INFO_V1(restate_indexed_keys);
Datum
restate_indexed_keys(PG_FUNCTION_ARGS)
{
	text *first = PG_GETARG_TEXT_PP(0);
	text *second = PG_GETARG_TEXT_PP(1);
	Size first_length = VARSIZE_ANY_EXHDR(first);
	Size length = first_length + 1 + VARSIZE_ANY_EXHDR(second);
	bytea *both = palloc(VARHDRSZ + length);
	char *data = VARDATA(both);

	SET_VARSIZE(both, VARHDRSZ + length);
	memcpy(data, VARDATA_ANY(first), first_length);
	data[first_length] = '\0';
	memcpy(data + first_length + 1, VARDATA_ANY(second), VARSIZE_ANY_EXHDR(second));
	PG_RETURN_BYTEA_P(indexed(both));
}
