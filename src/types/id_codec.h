/*
 * id_codec.h
 *		Ids as bytes, and their text form: what is accepted, and what is written.
 *
 * Nothing here knows of PostgreSQL.
 */
#ifndef RESTATE_ID_CODEC_H
#define RESTATE_ID_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* the binary forms: big-endian numbers, one after the other */
#define RESTATE_PARTITION_KEY_BYTES 8
#define RESTATE_UUID_BYTES			16
#define RESTATE_INVOCATION_ID_BYTES (RESTATE_PARTITION_KEY_BYTES + RESTATE_UUID_BYTES)
#define RESTATE_DEPLOYMENT_ID_BYTES RESTATE_UUID_BYTES

/* partition key and uuid, both big-endian, so that memcmp() orders ids */
typedef struct RestateInvocationId
{
	uint8_t data[RESTATE_INVOCATION_ID_BYTES];
} RestateInvocationId;

/* the uuid, big-endian */
typedef struct RestateDeploymentId
{
	uint8_t data[RESTATE_DEPLOYMENT_ID_BYTES];
} RestateDeploymentId;

/*
 * What an awakeable is: a signal of the invocation that waits for it.  Up to
 * version 3 of the service protocol it was an entry of its journal.
 */
typedef struct RestateAwakeableId
{
	RestateInvocationId invocation_id;
	uint32_t index; /* of the signal, or of the entry */
	bool is_entry;
} RestateAwakeableId;

/* the text forms: type, underscore, version, base62 digits; of awakeables base64url */
#define RESTATE_INVOCATION_ID_HEAD	"inv_1"
#define RESTATE_DEPLOYMENT_ID_HEAD	"dp_1"
#define RESTATE_INVOCATION_ID_CHARS 38
#define RESTATE_DEPLOYMENT_ID_CHARS 26
#define RESTATE_AWAKEABLE_ID_CHARS	44

/* What decoding found, in the order in which it looks. */
typedef enum RestateIdResult
{
	RESTATE_ID_OK,
	RESTATE_ID_EMPTY,
	RESTATE_ID_NO_SEPARATOR,
	RESTATE_ID_UNKNOWN_TYPE,
	RESTATE_ID_NO_VERSION,
	RESTATE_ID_UNKNOWN_VERSION,
	RESTATE_ID_WRONG_TYPE,
	RESTATE_ID_TOO_SHORT,
	RESTATE_ID_NOT_BASE62,
	RESTATE_ID_NOT_BASE64,
	RESTATE_ID_TOO_LARGE,
	RESTATE_ID_TRAILING,
	RESTATE_ID_RESULT_COUNT
} RestateIdResult;

extern RestateIdResult restate_decode_invocation_id(const char *text, size_t len, uint8_t *id);
extern RestateIdResult restate_decode_deployment_id(const char *text, size_t len, uint8_t *id);
extern RestateIdResult restate_decode_awakeable_id(const char *text, size_t len,
												   RestateAwakeableId *id);
extern RestateIdResult restate_check_subscription_id(const char *text, size_t len);
extern void restate_encode_invocation_id(const uint8_t *id, char *text);
extern void restate_encode_deployment_id(const uint8_t *id, char *text);
extern void restate_encode_awakeable_id(const RestateAwakeableId *id, char *text);

#endif /* RESTATE_ID_CODEC_H */
