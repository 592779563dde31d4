/*
 * id_type.c
 *		The SQL types of ids: input and output, order, and hashing.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "lib/hyperloglog.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "port/pg_bswap.h"
#include "utils/sortsupport.h"

#include "types/compat.h"
#include "types/id.h"
#include "types/id_fault.h"
#include "types/outcome.h"

/* sorting: rows to look at before abbreviation is judged */
#define ABBREVIATION_TRIAL_ROWS	  10000
/* it stays for good once so many different keys were seen */
#define ABBREVIATION_PROVEN_KEYS  100000.0
/* and goes if fewer than one row in so many brings a new key */
#define ABBREVIATION_ROWS_PER_KEY 2000.0

/* What a sort with abbreviated keys has learned about its input. */
typedef struct AbbreviationState
{
	int64 rows;
	bool estimating;
	hyperLogLogState keys;
} AbbreviationState;

const RestateDeploymentId restate_no_deployment = {{0}};

PG_FUNCTION_INFO_V1(restate_invocation_id_in);
PG_FUNCTION_INFO_V1(restate_invocation_id_out);
PG_FUNCTION_INFO_V1(restate_invocation_id_recv);
PG_FUNCTION_INFO_V1(restate_invocation_id_send);
PG_FUNCTION_INFO_V1(restate_invocation_id_cmp);
PG_FUNCTION_INFO_V1(restate_invocation_id_sortsupport);
PG_FUNCTION_INFO_V1(restate_invocation_id_hash);
PG_FUNCTION_INFO_V1(restate_invocation_id_hash_extended);

PG_FUNCTION_INFO_V1(restate_deployment_id_in);
PG_FUNCTION_INFO_V1(restate_deployment_id_out);
PG_FUNCTION_INFO_V1(restate_deployment_id_recv);
PG_FUNCTION_INFO_V1(restate_deployment_id_send);
PG_FUNCTION_INFO_V1(restate_deployment_id_cmp);
PG_FUNCTION_INFO_V1(restate_deployment_id_sortsupport);
PG_FUNCTION_INFO_V1(restate_deployment_id_hash);
PG_FUNCTION_INFO_V1(restate_deployment_id_hash_extended);

/*
 * Compares two invocation ids: partition key first, then uuid.  Returns a
 * number below, at or above 0.
 */
int
restate_invocation_id_compare(const RestateInvocationId *a, const RestateInvocationId *b)
{
	return memcmp(a->data, b->data, sizeof(a->data));
}

/*
 * Compares two deployment ids.  Returns a number below, at or above 0.
 */
int
restate_deployment_id_compare(const RestateDeploymentId *a, const RestateDeploymentId *b)
{
	return memcmp(a->data, b->data, sizeof(a->data));
}

/*
 * Returns the partition key of an invocation id.
 */
uint64
restate_id_partition_key(const RestateInvocationId *id)
{
	uint64 big_endian;

	memcpy(&big_endian, id->data, sizeof(big_endian));
	return pg_ntoh64(big_endian);
}

/*
 * Returns the text of an invocation id, made in the current memory context.
 */
char *
restate_invocation_id_text(const RestateInvocationId *id)
{
	char *text = palloc(RESTATE_INVOCATION_ID_CHARS + 1);

	restate_encode_invocation_id(id->data, text);
	return text;
}

/*
 * Returns the text of a deployment id, made in the current memory context.
 */
char *
restate_deployment_id_text(const RestateDeploymentId *id)
{
	char *text = palloc(RESTATE_DEPLOYMENT_ID_CHARS + 1);

	restate_encode_deployment_id(id->data, text);
	return text;
}

/*
 * Reads the text of a deployment id.  Returns false if it is malformed.
 */
bool
restate_parse_deployment_id(const char *text, RestateDeploymentId *out)
{
	return restate_decode_deployment_id(text, strlen(text), out->data) == RESTATE_ID_OK;
}

/*
 * Reads the binary form of an id, which is its bytes.  Raises an error unless
 * there are as many as it has.
 */
static void
receive_bytes(StringInfo buf, void *data, int len)
{
	if (buf->len - buf->cursor != len)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("an id of %d bytes was sent with %d", len, buf->len - buf->cursor)));
	pq_copymsgbytes(buf, data, len);
}

/*
 * Returns the binary form of an id as a datum.
 */
static Datum
send_bytes(const void *data, int len)
{
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbytes(&buf, data, len);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * Returns the invocation id that the text stands for.  Malformed text is an
 * error of its category, soft where the caller asks for that.
 */
Datum
restate_invocation_id_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	RestateInvocationId *id = palloc(sizeof(RestateInvocationId));

	if (restate_decode_invocation_id(text, strlen(text), id->data) != RESTATE_ID_OK)
	{
		char fault[RESTATE_ID_FAULT_SIZE];

		restate_describe_invocation_id_fault(text, strlen(text), fault);
		ereturn(fcinfo->context, (Datum) 0,
				(errmsg("invalid invocation id %s: %s", restate_quote_text(text), fault),
				 restate_err_category(RESTATE_INVALID_INVOCATION_ID)));
	}
	PG_RETURN_INVOCATION_ID(id);
}

/*
 * Returns the text of an invocation id.
 */
Datum
restate_invocation_id_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(restate_invocation_id_text(PG_GETARG_INVOCATION_ID(0)));
}

/*
 * Returns the invocation id whose 24 bytes were sent.
 */
Datum
restate_invocation_id_recv(PG_FUNCTION_ARGS)
{
	RestateInvocationId *id = palloc(sizeof(RestateInvocationId));

	receive_bytes((StringInfo) PG_GETARG_POINTER(0), id->data, sizeof(id->data));
	PG_RETURN_INVOCATION_ID(id);
}

/*
 * Returns the 24 bytes of an invocation id.
 */
Datum
restate_invocation_id_send(PG_FUNCTION_ARGS)
{
	const RestateInvocationId *id = PG_GETARG_INVOCATION_ID(0);

	return send_bytes(id->data, sizeof(id->data));
}

/*
 * Returns the deployment id that the text stands for.  Malformed text is an
 * error of its category, soft where the caller asks for that.
 */
Datum
restate_deployment_id_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	RestateDeploymentId *id = palloc(sizeof(RestateDeploymentId));

	if (restate_decode_deployment_id(text, strlen(text), id->data) != RESTATE_ID_OK)
	{
		char fault[RESTATE_ID_FAULT_SIZE];

		restate_describe_deployment_id_fault(text, strlen(text), fault);
		ereturn(fcinfo->context, (Datum) 0,
				(errmsg("invalid deployment id %s: %s", restate_quote_text(text), fault),
				 restate_err_category(RESTATE_INVALID_DEPLOYMENT_ID)));
	}
	PG_RETURN_DEPLOYMENT_ID(id);
}

/*
 * Returns the text of a deployment id.
 */
Datum
restate_deployment_id_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(restate_deployment_id_text(PG_GETARG_DEPLOYMENT_ID(0)));
}

/*
 * Returns the deployment id whose 16 bytes were sent.
 */
Datum
restate_deployment_id_recv(PG_FUNCTION_ARGS)
{
	RestateDeploymentId *id = palloc(sizeof(RestateDeploymentId));

	receive_bytes((StringInfo) PG_GETARG_POINTER(0), id->data, sizeof(id->data));
	PG_RETURN_DEPLOYMENT_ID(id);
}

/*
 * Returns the 16 bytes of a deployment id.
 */
Datum
restate_deployment_id_send(PG_FUNCTION_ARGS)
{
	const RestateDeploymentId *id = PG_GETARG_DEPLOYMENT_ID(0);

	return send_bytes(id->data, sizeof(id->data));
}

/*
 * Defines the function behind one comparison operator of an invocation id.
 */
#define INVOCATION_ID_OPERATOR(name, op)                                                \
	PG_FUNCTION_INFO_V1(restate_invocation_id_##name);                                  \
	Datum restate_invocation_id_##name(PG_FUNCTION_ARGS)                                \
	{                                                                                   \
		PG_RETURN_BOOL(restate_invocation_id_compare(PG_GETARG_INVOCATION_ID(0),        \
													 PG_GETARG_INVOCATION_ID(1)) op 0); \
	}                                                                                   \
	extern Datum restate_invocation_id_##name(PG_FUNCTION_ARGS)

/*
 * Defines the function behind one comparison operator of a deployment id.
 */
#define DEPLOYMENT_ID_OPERATOR(name, op)                                                \
	PG_FUNCTION_INFO_V1(restate_deployment_id_##name);                                  \
	Datum restate_deployment_id_##name(PG_FUNCTION_ARGS)                                \
	{                                                                                   \
		PG_RETURN_BOOL(restate_deployment_id_compare(PG_GETARG_DEPLOYMENT_ID(0),        \
													 PG_GETARG_DEPLOYMENT_ID(1)) op 0); \
	}                                                                                   \
	extern Datum restate_deployment_id_##name(PG_FUNCTION_ARGS)

INVOCATION_ID_OPERATOR(lt, <);
INVOCATION_ID_OPERATOR(le, <=);
INVOCATION_ID_OPERATOR(eq, ==);
INVOCATION_ID_OPERATOR(ne, !=);
INVOCATION_ID_OPERATOR(ge, >=);
INVOCATION_ID_OPERATOR(gt, >);

DEPLOYMENT_ID_OPERATOR(lt, <);
DEPLOYMENT_ID_OPERATOR(le, <=);
DEPLOYMENT_ID_OPERATOR(eq, ==);
DEPLOYMENT_ID_OPERATOR(ne, !=);
DEPLOYMENT_ID_OPERATOR(ge, >=);
DEPLOYMENT_ID_OPERATOR(gt, >);

/*
 * Compares two invocation ids for a btree.
 */
Datum
restate_invocation_id_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(restate_invocation_id_compare(PG_GETARG_INVOCATION_ID(0),
												  PG_GETARG_INVOCATION_ID(1)));
}

/*
 * Compares two deployment ids for a btree.
 */
Datum
restate_deployment_id_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(restate_deployment_id_compare(PG_GETARG_DEPLOYMENT_ID(0),
												  PG_GETARG_DEPLOYMENT_ID(1)));
}

/*
 * Compares two invocation ids for a sort.
 */
static int
sort_compare_invocation_ids(Datum x, Datum y, SortSupport ssup)
{
	return restate_invocation_id_compare(DatumGetInvocationId(x), DatumGetInvocationId(y));
}

/*
 * Compares two deployment ids for a sort.
 */
static int
sort_compare_deployment_ids(Datum x, Datum y, SortSupport ssup)
{
	return restate_deployment_id_compare(DatumGetDeploymentId(x), DatumGetDeploymentId(y));
}

/*
 * Returns the first bytes of an invocation id as a number that sorts like
 * them, and takes note of how many different ones there are.
 */
static Datum
abbreviate_invocation_id(Datum original, SortSupport ssup)
{
	AbbreviationState *state = ssup->ssup_extra;
	Datum abbreviated;

	memcpy(&abbreviated, DatumGetInvocationId(original)->data, sizeof(abbreviated));
	abbreviated = DatumBigEndianToNative(abbreviated);
	state->rows++;
	if (state->estimating)
		addHyperLogLog(&state->keys,
					   hash_bytes((const unsigned char *) &abbreviated, sizeof(abbreviated)));
	return abbreviated;
}

/*
 * Tells a sort whether to give up abbreviated keys: they are of no use when
 * most ids are of the same few partition keys.
 */
static bool
give_up_abbreviation(int memtupcount, SortSupport ssup)
{
	AbbreviationState *state = ssup->ssup_extra;
	double keys;

	if (!state->estimating ||
		memtupcount < ABBREVIATION_TRIAL_ROWS || state->rows < ABBREVIATION_TRIAL_ROWS)
		return false;

	keys = estimateHyperLogLog(&state->keys);
	if (keys > ABBREVIATION_PROVEN_KEYS)
	{
		state->estimating = false;
		return false;
	}
	return keys * ABBREVIATION_ROWS_PER_KEY < (double) state->rows;
}

/*
 * Sets a sort of invocation ids up.
 */
Datum
restate_invocation_id_sortsupport(PG_FUNCTION_ARGS)
{
	SortSupport ssup = (SortSupport) PG_GETARG_POINTER(0);

	ssup->comparator = sort_compare_invocation_ids;
	if (ssup->abbreviate)
	{
		MemoryContext caller_context = MemoryContextSwitchTo(ssup->ssup_cxt);
		AbbreviationState *state = palloc0(sizeof(AbbreviationState));

		state->estimating = true;
		initHyperLogLog(&state->keys, 10);
		ssup->ssup_extra = state;
		ssup->comparator = ssup_datum_unsigned_cmp;
		ssup->abbrev_converter = abbreviate_invocation_id;
		ssup->abbrev_abort = give_up_abbreviation;
		ssup->abbrev_full_comparator = sort_compare_invocation_ids;
		MemoryContextSwitchTo(caller_context);
	}
	PG_RETURN_VOID();
}

/*
 * Sets a sort of deployment ids up.  They are few, so it is kept simple.
 */
Datum
restate_deployment_id_sortsupport(PG_FUNCTION_ARGS)
{
	SortSupport ssup = (SortSupport) PG_GETARG_POINTER(0);

	ssup->comparator = sort_compare_deployment_ids;
	PG_RETURN_VOID();
}

/*
 * Returns the hash of an invocation id.
 */
Datum
restate_invocation_id_hash(PG_FUNCTION_ARGS)
{
	const RestateInvocationId *id = PG_GETARG_INVOCATION_ID(0);

	return hash_any(id->data, sizeof(id->data));
}

/*
 * Returns the 64-bit hash of an invocation id with the seed given.
 */
Datum
restate_invocation_id_hash_extended(PG_FUNCTION_ARGS)
{
	const RestateInvocationId *id = PG_GETARG_INVOCATION_ID(0);

	return hash_any_extended(id->data, sizeof(id->data), (uint64) PG_GETARG_INT64(1));
}

/*
 * Returns the hash of a deployment id.
 */
Datum
restate_deployment_id_hash(PG_FUNCTION_ARGS)
{
	const RestateDeploymentId *id = PG_GETARG_DEPLOYMENT_ID(0);

	return hash_any(id->data, sizeof(id->data));
}

/*
 * Returns the 64-bit hash of a deployment id with the seed given.
 */
Datum
restate_deployment_id_hash_extended(PG_FUNCTION_ARGS)
{
	const RestateDeploymentId *id = PG_GETARG_DEPLOYMENT_ID(0);

	return hash_any_extended(id->data, sizeof(id->data), (uint64) PG_GETARG_INT64(1));
}
