/*
 * id_generate.c
 *		Where the bits of a new id come from: clock and chance, or a hash of
 *		what the id stands for.
 */
#include "postgres.h"

#include <xxhash.h>

#include "access/xlog.h"
#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "storage/proc.h"
#include "utils/timestamp.h"

#include "types/audit_id.h"
#include "types/compat.h"
#include "types/id.h"
#include "types/id_generate.h"
#include "types/sha256.h"

/* a ULID: big-endian milliseconds since 1970, then random bits */
#define ULID_MILLISECOND_BYTES 6
#define ULID_RANDOM_BYTES	   (RESTATE_UUID_BYTES - ULID_MILLISECOND_BYTES)

/* how much is asked for of the random source */
#define RANDOM_POOL_BYTES 512

/* ends the text that a partition key is the hash of; no UTF-8 text holds it */
#define KEY_TERMINATOR '\xff'

/*
 * Fills the buffer, of at most RANDOM_POOL_BYTES, from the server's strong random
 * source, which is asked for many bytes at once: to ask costs more than they do.  A
 * process takes none of those that the one it was forked from has got.  Raises an
 * error if that source fails.
 */
static void
fill_random(void *buf, size_t len)
{
	static uint8 pool[RANDOM_POOL_BYTES];
	static size_t left = 0;
	static int owner = 0;

	Assert(len <= sizeof(pool));
	if (left < len || owner != MyProcPid)
	{
		left = 0;
		if (!pg_strong_random(pool, sizeof(pool)))
			ereport(
				ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR), errmsg("the source of random bytes failed"),
				 errhint(
					 "Check the server's access to its random device, or its OpenSSL configuration.")));
		left = sizeof(pool);
		owner = MyProcPid;
	}
	left -= len;
	memcpy(buf, pool + left, len);
}

/*
 * Returns the milliseconds since 1970 that the clock shows, 0 before that.
 */
static uint64
unix_milliseconds(void)
{
	int64 epoch_days = POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE;
	int64 microseconds = GetCurrentTimestamp() + epoch_days * USECS_PER_DAY;

	return microseconds > 0 ? (uint64) microseconds / 1000 : 0;
}

/*
 * Adds one to a big-endian number.  Returns false if it was the largest.
 */
static bool
increment(uint8 *bytes, size_t len)
{
	while (len > 0)
	{
		if (++bytes[--len] != 0)
			return true;
	}
	return false;
}

/*
 * Raises that the ids of this session are used up.
 */
pg_noreturn static void
no_more_ids(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_SEQUENCE_GENERATOR_LIMIT_EXCEEDED),
			 errmsg("this session has reached the last id there is"),
			 errhint("Check the server's clock and connect again.")));
}

/*
 * Writes the next ULID of this session, which is greater than every one
 * before it.
 *
 * While the clock stands still, or has been set back, the one before is
 * counted up; should its random bits be used up, the carry reaches the
 * milliseconds, so that the ids run ahead of the clock instead of repeating.
 */
static void
generate_ulid(uint8 *uuid)
{
	static uint8 last[RESTATE_UUID_BYTES];
	uint8 next[RESTATE_UUID_BYTES];
	uint64 milliseconds = pg_hton64(unix_milliseconds());

	memcpy(next, (uint8 *) &milliseconds + sizeof(milliseconds) - ULID_MILLISECOND_BYTES,
		   ULID_MILLISECOND_BYTES);
	if (memcmp(next, last, ULID_MILLISECOND_BYTES) > 0)
		fill_random(next + ULID_MILLISECOND_BYTES, ULID_RANDOM_BYTES);
	else
	{
		memcpy(next, last, sizeof(next));
		if (!increment(next, sizeof(next)))
			no_more_ids();
	}
	memcpy(last, next, sizeof(last));
	memcpy(uuid, next, sizeof(next));
}

/*
 * Writes a new invocation id with the given partition key.
 */
void
restate_generate_invocation_id(uint64 partition_key, RestateInvocationId *out)
{
	uint64 big_endian = pg_hton64(partition_key);

	memcpy(out->data, &big_endian, sizeof(big_endian));
	generate_ulid(out->data + RESTATE_PARTITION_KEY_BYTES);
}

/*
 * Writes a new deployment id.
 */
void
restate_generate_deployment_id(RestateDeploymentId *out)
{
	generate_ulid(out->data);
}

/*
 * Returns the next number for a row of the audit, which is greater than every
 * one before it in this session; audit_id.c says which others it cannot equal.
 */
int64
restate_generate_audit_id(void)
{
	static int64 last = 0;
	int64 next = restate_audit_id_after(last, GetCurrentTimestamp(), restate_backend_number(),
										GetSystemIdentifier());

	if (next == RESTATE_NO_AUDIT_ID)
		no_more_ids();
	last = next;
	return next;
}

/*
 * Returns 64 random bits.  Raises an error if the random source fails.
 */
uint64
restate_random_bits(void)
{
	uint64 bits;

	fill_random(&bits, sizeof(bits));
	return bits;
}

/*
 * Returns the bytes of the text in UTF-8, which is what ids are derived from
 * whatever the encoding of the database.  Raises an error if the text cannot
 * be converted.
 */
static const char *
utf8_bytes(const text *value, size_t *len)
{
	const char *data = VARDATA_ANY(value);
	const char *converted;

	*len = VARSIZE_ANY_EXHDR(value);
	converted = pg_server_to_any(data, (int) *len, PG_UTF8);
	if (converted != data)
		*len = strlen(converted);
	return converted;
}

/*
 * Returns the partition key of everything that belongs to the key: the
 * XXH3-64 hash of its UTF-8 bytes and a byte that ends them.
 */
uint64
restate_key_partition(const text *key)
{
	size_t len;
	const char *bytes = utf8_bytes(key, &len);
	char *buf = palloc(len + 1);
	uint64 hash;

	memcpy(buf, bytes, len);
	buf[len] = KEY_TERMINATOR;
	hash = XXH3_64bits(buf, len + 1);
	pfree(buf);
	return hash;
}

/*
 * Writes the uuid that the parts always give: the first 16 bytes of the
 * SHA-256 of the kind and each part's UTF-8 bytes, with commas between.
 */
static void
hash_uuid(const char *kind, const text *const *parts, int count, uint8 *uuid)
{
	uint8 digest[PG_SHA256_DIGEST_LENGTH];
	StringInfoData input;

	initStringInfo(&input);
	appendStringInfoString(&input, kind);
	for (int i = 0; i < count; i++)
	{
		size_t len;
		const char *bytes = utf8_bytes(parts[i], &len);

		appendStringInfoChar(&input, ',');
		appendBinaryStringInfo(&input, bytes, (int) len);
	}

	restate_sha256(&input, digest);
	pfree(input.data);
	memcpy(uuid, digest, RESTATE_UUID_BYTES);
}

/*
 * Writes the invocation id that the partition key and the hash of the parts
 * make up.
 */
static void
derive_invocation_id(uint64 partition_key, const char *kind, const text *const *parts, int count,
					 RestateInvocationId *out)
{
	uint64 big_endian = pg_hton64(partition_key);

	memcpy(out->data, &big_endian, sizeof(big_endian));
	hash_uuid(kind, parts, count, out->data + RESTATE_PARTITION_KEY_BYTES);
}

/*
 * Writes the id of the one run that a workflow's key has.
 */
void
restate_derive_workflow_id(const text *service_name, const text *workflow_key,
						   RestateInvocationId *out)
{
	const text *parts[] = {service_name, workflow_key};

	derive_invocation_id(restate_key_partition(workflow_key), "wf", parts, lengthof(parts), out);
}

/*
 * Writes the id that a call with the idempotency key has; the service key is
 * NULL for a plain service.
 */
void
restate_derive_idempotent_id(const text *service_name, const text *service_key,
							 const text *handler_name, const text *idempotency_key,
							 RestateInvocationId *out)
{
	const text *parts[4];
	int count = 0;

	parts[count++] = service_name;
	if (service_key != NULL)
		parts[count++] = service_key;
	parts[count++] = handler_name;
	parts[count++] = idempotency_key;
	/* a call of an object lives where the object does */
	derive_invocation_id(restate_key_partition(service_key != NULL ? service_key : idempotency_key),
						 "ik", parts, count, out);
}
