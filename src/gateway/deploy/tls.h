/*
 * tls.h
 *		TLS on a connection to a deployment, with OpenSSL, on a socket that is never
 *		waited for.
 */
#ifndef RESTATE_GATEWAY_TLS_H
#define RESTATE_GATEWAY_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct Tls Tls;

/* What is offered in the handshake (ALPN). */
typedef enum TlsOffer
{
	TLS_OFFER_HTTP2,
	TLS_OFFER_HTTP1,
	TLS_OFFER_BOTH
} TlsOffer;

/* What was agreed on. */
typedef enum TlsAgreed
{
	TLS_AGREED_NOTHING, /* the other side knows no ALPN */
	TLS_AGREED_HTTP2,
	TLS_AGREED_HTTP1
} TlsAgreed;

typedef enum TlsProgress
{
	TLS_DONE,
	TLS_WAITS, /* for the socket: tls_wants_write says for what */
	TLS_FAILED /* tls_error tells why */
} TlsProgress;

/*
 * Says whose certificates are trusted: those in a file in PEM, or with NULL those that
 * the system trusts.  Returns NULL, or why that cannot be.  Before it is called it is
 * those of the system.
 */
extern const char *tls_configure(const char *ca_file);

/* Frees what is configured; no connection is left. */
extern void tls_free_configuration(void);

/*
 * Begins TLS on a connected socket, which stays the caller's.  host: a name, or an
 * address, that the certificate must be for.  Returns NULL where memory has run out.
 */
extern Tls *tls_new(int socket, const char *host, TlsOffer offer);

/* Says to the other side that it ends, where that can be done at once; the socket may be closed then. */
extern void tls_end(Tls *tls);

extern void tls_free(Tls *tls);

/* Goes on with the handshake. */
extern TlsProgress tls_handshake(Tls *tls);

extern TlsAgreed tls_agreed(const Tls *tls);

/* As recv and send: -1 with errno EAGAIN where the socket has to be waited for, -1 and
 * another errno where the connection is broken. */
extern ssize_t tls_read(Tls *tls, void *to, size_t room);
extern ssize_t tls_write(Tls *tls, const void *bytes, size_t len);

/* Whether it is room in the socket that the last call waits for. */
extern bool tls_wants_write(const Tls *tls);

/* Why it has failed, in one line. */
extern const char *tls_error(const Tls *tls);

#endif /* RESTATE_GATEWAY_TLS_H */
