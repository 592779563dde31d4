/*
 * id_codec.c
 *		The text form of ids: what is accepted, and what is written.
 *
 * An id is its type, an underscore, the version 1 and base62 digits.  Each
 * number in it has a fixed count of digits and is written with its bytes
 * reversed, so that the low byte of the number written is the high byte of
 * the number meant.  The id of an awakeable has base64url instead, of the bytes
 * of an invocation id and an index.  Exactly one text stands for each id.
 */
#include <stdbool.h>
#include <string.h>

#include "types/id_codec.h"

#define BASE	  62
#define SEPARATOR '_'
#define VERSION	  '1'

#define PARTITION_KEY_DIGITS 11
#define UUID_DIGITS			 22

#define INDEX_BYTES		   4
#define AWAKEABLE_ID_BYTES (RESTATE_INVOCATION_ID_BYTES + INDEX_BYTES)
#define BASE64_BITS		   6

/* as many digits as fit 64 bits with room to spare, and the power they make */
#define CHUNK_DIGITS 10
#define CHUNK_POWER	 UINT64_C(839299365868340224)

__extension__ typedef unsigned __int128 uint128_t;

/* The text that is still to be read. */
typedef struct Cursor
{
	const char *next;
	size_t left;
} Cursor;

typedef enum IdType
{
	ID_INVOCATION,
	ID_DEPLOYMENT,
	ID_SUBSCRIPTION,
	ID_PROMISE,
	ID_SIGNAL,
	ID_SNAPSHOT,
	ID_TYPE_COUNT
} IdType;

static const char *const type_names[ID_TYPE_COUNT] = {
	[ID_INVOCATION] = "inv",
	[ID_DEPLOYMENT] = "dp",
	[ID_SUBSCRIPTION] = "sub",
	[ID_PROMISE] = "prom",
	[ID_SIGNAL] = "sign",
	[ID_SNAPSHOT] = "snap",
};

static const char digits[BASE + 1] =
	"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

static const char base64_digits[(1 << BASE64_BITS) + 1] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/*
 * Returns the value of a base62 digit, or -1 if the character is none.
 */
static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 36;
	return -1;
}

/*
 * Finds the type that the name stands for.  Returns false if it is none.
 */
static bool
find_type(const char *name, size_t len, IdType *type)
{
	for (int i = 0; i < ID_TYPE_COUNT; i++)
	{
		if (strlen(type_names[i]) == len && memcmp(type_names[i], name, len) == 0)
		{
			*type = (IdType) i;
			return true;
		}
	}
	return false;
}

/*
 * Reads type, separator and version, and leaves the cursor at the first digit.
 * A version that is not known says more than a type that is not wanted, so
 * the wanted type is asked for last.
 */
static RestateIdResult
decode_head(Cursor *cursor, IdType wanted)
{
	const char *separator;
	size_t name_len;
	IdType type;

	if (cursor->left == 0)
		return RESTATE_ID_EMPTY;
	separator = memchr(cursor->next, SEPARATOR, cursor->left);
	if (separator == NULL)
		return RESTATE_ID_NO_SEPARATOR;
	name_len = (size_t) (separator - cursor->next);
	if (!find_type(cursor->next, name_len, &type))
		return RESTATE_ID_UNKNOWN_TYPE;
	cursor->next += name_len + 1;
	cursor->left -= name_len + 1;

	if (cursor->left == 0)
		return RESTATE_ID_NO_VERSION;
	if (*cursor->next != VERSION)
		return RESTATE_ID_UNKNOWN_VERSION;
	cursor->next++;
	cursor->left--;

	if (type != wanted)
		return RESTATE_ID_WRONG_TYPE;
	return RESTATE_ID_OK;
}

/*
 * Reads one number of so many digits into so many bytes, big-endian, and
 * moves the cursor past it.
 */
static RestateIdResult
decode_field(Cursor *cursor, size_t digit_count, size_t byte_count, uint8_t *bytes)
{
	uint128_t max = ~(uint128_t) 0 >> (8 * (RESTATE_UUID_BYTES - byte_count));
	uint128_t value = 0;

	if (cursor->left < digit_count)
		return RESTATE_ID_TOO_SHORT;
	for (size_t i = 0; i < digit_count; i++)
	{
		if (digit_value(cursor->next[i]) < 0)
			return RESTATE_ID_NOT_BASE62;
	}
	for (size_t i = 0; i < digit_count; i++)
	{
		uint128_t digit = (uint128_t) digit_value(cursor->next[i]);

		/* only the last digit can take a field past its bytes */
		if (i == digit_count - 1 && value > (max - digit) / BASE)
			return RESTATE_ID_TOO_LARGE;
		value = value * BASE + digit;
	}
	cursor->next += digit_count;
	cursor->left -= digit_count;

	for (size_t i = 0; i < byte_count; i++)
	{
		bytes[i] = (uint8_t) value;
		value >>= 8;
	}
	return RESTATE_ID_OK;
}

/*
 * Reads so many bytes in base64url, without padding, and moves the cursor past
 * them.  The bits that are left over are 0.
 */
static RestateIdResult
decode_base64(Cursor *cursor, size_t byte_count, uint8_t *bytes)
{
	size_t digit_count = (byte_count * 8 + BASE64_BITS - 1) / BASE64_BITS;
	uint32_t bits = 0;
	int bit_count = 0;

	if (cursor->left < digit_count)
		return RESTATE_ID_TOO_SHORT;
	for (size_t i = 0; i < digit_count; i++)
	{
		const char *digit = memchr(base64_digits, cursor->next[i], sizeof(base64_digits) - 1);

		if (digit == NULL)
			return RESTATE_ID_NOT_BASE64;
		bits = bits << BASE64_BITS | (uint32_t) (digit - base64_digits);
		bit_count += BASE64_BITS;
		if (bit_count >= 8)
		{
			bit_count -= 8;
			*bytes++ = (uint8_t) (bits >> bit_count);
			bits &= (1U << bit_count) - 1;
		}
	}
	if (bits != 0)
		return RESTATE_ID_TOO_LARGE;
	cursor->next += digit_count;
	cursor->left -= digit_count;
	return RESTATE_ID_OK;
}

/*
 * Writes type, separator and version.  Returns where the digits go.
 */
static char *
encode_head(IdType type, char *text)
{
	size_t len = strlen(type_names[type]);

	memcpy(text, type_names[type], len);
	text[len] = SEPARATOR;
	text[len + 1] = VERSION;
	return text + len + 2;
}

/*
 * Writes the big-endian bytes as one number of so many digits.  Returns where
 * the text goes on.
 */
static char *
encode_field(const uint8_t *bytes, size_t byte_count, char *text, size_t digit_count)
{
	uint128_t value = 0;
	size_t left = digit_count;

	for (size_t i = byte_count; i > 0; i--)
		value = value << 8 | bytes[i - 1];

	/* division of 128 bits is slow: take ten digits off at a time */
	while (left > 0)
	{
		uint64_t chunk = (uint64_t) (value % CHUNK_POWER);

		value /= CHUNK_POWER;
		for (int i = 0; i < CHUNK_DIGITS && left > 0; i++)
		{
			text[--left] = digits[chunk % BASE];
			chunk /= BASE;
		}
	}
	return text + digit_count;
}

/*
 * Reads the text of an invocation id into 24 bytes: partition key, then uuid.
 * The text need not end in a NUL and may hold any bytes.  What is in the
 * bytes is of no use unless the result is RESTATE_ID_OK.
 */
RestateIdResult
restate_decode_invocation_id(const char *text, size_t len, uint8_t *id)
{
	Cursor cursor = {text, len};
	RestateIdResult result = decode_head(&cursor, ID_INVOCATION);

	if (result == RESTATE_ID_OK)
		result = decode_field(&cursor, PARTITION_KEY_DIGITS,
							  RESTATE_PARTITION_KEY_BYTES, id);
	if (result == RESTATE_ID_OK)
		result = decode_field(&cursor, UUID_DIGITS,
							  RESTATE_UUID_BYTES, id + RESTATE_PARTITION_KEY_BYTES);
	if (result == RESTATE_ID_OK && cursor.left > 0)
		result = RESTATE_ID_TRAILING;
	return result;
}

/*
 * Reads the text of an id that is a uuid into 16 bytes.
 */
static RestateIdResult
decode_uuid_id(const char *text, size_t len, IdType type, uint8_t *id)
{
	Cursor cursor = {text, len};
	RestateIdResult result = decode_head(&cursor, type);

	if (result == RESTATE_ID_OK)
		result = decode_field(&cursor, UUID_DIGITS, RESTATE_UUID_BYTES, id);
	if (result == RESTATE_ID_OK && cursor.left > 0)
		result = RESTATE_ID_TRAILING;
	return result;
}

/*
 * Reads the text of a deployment id into the 16 bytes of its uuid.  The text
 * need not end in a NUL and may hold any bytes.
 */
RestateIdResult
restate_decode_deployment_id(const char *text, size_t len, uint8_t *id)
{
	return decode_uuid_id(text, len, ID_DEPLOYMENT, id);
}

/*
 * Reads the text of an awakeable id, in either form.  The text need not end in
 * a NUL and may hold any bytes.
 */
RestateIdResult
restate_decode_awakeable_id(const char *text, size_t len, RestateAwakeableId *id)
{
	Cursor cursor = {text, len};
	RestateIdResult result = decode_head(&cursor, ID_SIGNAL);
	uint8_t bytes[AWAKEABLE_ID_BYTES];

	id->is_entry = result == RESTATE_ID_WRONG_TYPE;
	if (id->is_entry)
	{
		cursor = (Cursor){text, len};
		result = decode_head(&cursor, ID_PROMISE);
	}
	if (result == RESTATE_ID_OK)
		result = decode_base64(&cursor, sizeof(bytes), bytes);
	if (result == RESTATE_ID_OK && cursor.left > 0)
		result = RESTATE_ID_TRAILING;
	if (result != RESTATE_ID_OK)
		return result;
	memcpy(id->invocation_id.data, bytes, RESTATE_INVOCATION_ID_BYTES);
	id->index = 0;
	for (size_t i = RESTATE_INVOCATION_ID_BYTES; i < sizeof(bytes); i++)
		id->index = id->index << 8 | bytes[i];
	return RESTATE_ID_OK;
}

/*
 * Returns whether the text is the id of a subscription, or why not.
 */
RestateIdResult
restate_check_subscription_id(const char *text, size_t len)
{
	uint8_t id[RESTATE_UUID_BYTES];

	return decode_uuid_id(text, len, ID_SUBSCRIPTION, id);
}

/*
 * Writes the text of an invocation id: 38 characters and a NUL.
 */
void
restate_encode_invocation_id(const uint8_t *id, char *text)
{
	text = encode_head(ID_INVOCATION, text);
	text = encode_field(id, RESTATE_PARTITION_KEY_BYTES,
						text, PARTITION_KEY_DIGITS);
	text = encode_field(id + RESTATE_PARTITION_KEY_BYTES, RESTATE_UUID_BYTES,
						text, UUID_DIGITS);
	*text = '\0';
}

/*
 * Writes the text of a deployment id: 26 characters and a NUL.
 */
void
restate_encode_deployment_id(const uint8_t *id, char *text)
{
	text = encode_head(ID_DEPLOYMENT, text);
	text = encode_field(id, RESTATE_UUID_BYTES, text, UUID_DIGITS);
	*text = '\0';
}

/*
 * Writes the text of an awakeable id: 44 characters and a NUL.
 */
void
restate_encode_awakeable_id(const RestateAwakeableId *id, char *text)
{
	uint32_t bits = 0;
	int bit_count = 0;

	text = encode_head(id->is_entry ? ID_PROMISE : ID_SIGNAL, text);
	for (size_t i = 0; i < AWAKEABLE_ID_BYTES; i++)
	{
		uint8_t byte = i < RESTATE_INVOCATION_ID_BYTES ?
						   id->invocation_id.data[i] :
						   (uint8_t) (id->index >> 8 * (AWAKEABLE_ID_BYTES - 1 - i));

		bits = bits << 8 | byte;
		for (bit_count += 8; bit_count >= BASE64_BITS;)
		{
			bit_count -= BASE64_BITS;
			*text++ = base64_digits[bits >> bit_count & ((1 << BASE64_BITS) - 1)];
		}
	}
	*text++ = base64_digits[bits << (BASE64_BITS - bit_count) & ((1 << BASE64_BITS) - 1)];
	*text = '\0';
}
