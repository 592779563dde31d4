/*
 * sha256.c
 *		SHA-256, as the server has it.
 */
#include "postgres.h"

#include "common/cryptohash.h"

#include "types/sha256.h"

/*
 * Computes the PG_SHA256_DIGEST_LENGTH bytes of the SHA-256 of the input.  Raises an
 * error if the server cannot.
 */
void
restate_sha256(const StringInfo input, uint8 *digest)
{
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);
	bool ok;

	if (ctx == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	ok = pg_cryptohash_init(ctx) >= 0 &&
		 pg_cryptohash_update(ctx, (const uint8 *) input->data, (size_t) input->len) >= 0 &&
		 pg_cryptohash_final(ctx, digest, PG_SHA256_DIGEST_LENGTH) >= 0;
	if (!ok)
	{
		char *reason = pstrdup(pg_cryptohash_error(ctx));

		pg_cryptohash_free(ctx);
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("SHA-256 failed: %s", reason)));
	}
	pg_cryptohash_free(ctx);
}
