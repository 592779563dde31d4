/*
 * state_version.c
 *		The version of a state, as Restate's command line and web UI compute it: a hash
 *		of its entries in the order of their keys.
 */
#include "postgres.h"

#include "port/pg_bswap.h"

#include "types/compat.h"
#include "types/sha256.h"
#include "types/state_version.h"

/* what stands before the key, between that and the value, and behind it */
#define BEFORE_KEY	 '\x01'
#define BEFORE_VALUE '\x02'
#define AFTER_VALUE	 '\x03'

/* base64, as URLs have it and without padding, of a digest */
#define VERSION_CHARS ((PG_SHA256_DIGEST_LENGTH * 8 + 5) / 6)

/*
 * Returns the version of the entries that exist, which are in the order of their keys:
 * the base64 of the SHA-256 of each with its place, eight bytes in network order.
 */
const char *
state_version(const StateEntry *entries)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	StringInfoData input;
	uint8 digest[PG_SHA256_DIGEST_LENGTH + 1] = {0};
	char *version = palloc(VERSION_CHARS + 1);
	uint64 place = 0;

	initStringInfo(&input);
	for (const StateEntry *entry = entries; entry; entry = entry->next)
	{
		uint64 number = pg_hton64(place);

		if (!entry->exists)
			continue;
		place++;
		appendBinaryStringInfo(&input, (const char *) &number, sizeof(number));
		appendStringInfoChar(&input, BEFORE_KEY);
		appendStringInfoString(&input, entry->key);
		appendStringInfoChar(&input, BEFORE_VALUE);
		appendBinaryStringInfo(&input, entry->value.data, (int) entry->value.size);
		appendStringInfoChar(&input, AFTER_VALUE);
	}
	restate_sha256(&input, digest);
	pfree(input.data);
	for (int i = 0; i < VERSION_CHARS; i++)
	{
		int bit = i * 6;
		unsigned pair = (unsigned) digest[bit / 8] << 8 | digest[bit / 8 + 1];

		version[i] = digits[pair >> (10 - bit % 8) & 63];
	}
	version[VERSION_CHARS] = '\0';
	return version;
}
