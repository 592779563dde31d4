/*
 * tls.c
 *		Has OpenSSL speak TLS on a socket.
 */
#include "deploy/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* one record has no more */
#define RECORD ((size_t) SSL3_RT_MAX_PLAIN_LENGTH)

struct Tls
{
	SSL *ssl;
	bool is_up; /* the handshake is done, and nothing has failed since */
	bool wants_write;
	char host[256];
	char error[256];
};

static const char *first_error(void);
static SSL_CTX *new_context(const char *ca_file);
static bool expect_host(SSL *ssl, const char *host);
static bool offer_protocols(SSL *ssl, TlsOffer offer);
static void note_handshake_error(Tls *tls, int how);
static ssize_t take_error(Tls *tls, int how, int system_error);

/* made when it is first needed, unless it is configured */
static SSL_CTX *context;

const char *
tls_configure(const char *ca_file)
{
	SSL_CTX *made = new_context(ca_file);

	if (made == NULL)
		return first_error();
	tls_free_configuration();
	context = made;
	return NULL;
}

/*
 * Returns what has gone wrong first in OpenSSL's last call.
 */
static const char *
first_error(void)
{
	unsigned long error = ERR_peek_error();
	const char *reason = ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error)) :
												   ERR_reason_error_string(error);

	return reason ? reason : "no reason is given";
}

void
tls_free_configuration(void)
{
	SSL_CTX_free(context);
	context = NULL;
}

/*
 * Returns what all connections share; NULL where the file cannot be read, or memory has
 * run out.
 */
static SSL_CTX *
new_context(const char *ca_file)
{
	SSL_CTX *made;

	ERR_clear_error();
	made = SSL_CTX_new(TLS_client_method());
	if (made == NULL)
		return NULL;
	SSL_CTX_set_verify(made, SSL_VERIFY_PEER, NULL);
	(void) SSL_CTX_set_options(made, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	/* what is written again, after waiting, may have moved and grown; idle ones take little */
	(void) SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
									  SSL_MODE_RELEASE_BUFFERS);
	if (SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION) == 1 &&
		(ca_file ? SSL_CTX_load_verify_file(made, ca_file) :
				   SSL_CTX_set_default_verify_paths(made)) == 1)
		return made;
	SSL_CTX_free(made);
	return NULL;
}

Tls *
tls_new(int socket, const char *host, TlsOffer offer)
{
	Tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL)
		return NULL;
	snprintf(tls->host, sizeof(tls->host), "%s", host);
	if (context == NULL)
		context = new_context(NULL);
	ERR_clear_error();
	tls->ssl = context ? SSL_new(context) : NULL;
	if (tls->ssl && SSL_set_fd(tls->ssl, socket) == 1 && expect_host(tls->ssl, host) &&
		offer_protocols(tls->ssl, offer))
	{
		SSL_set_connect_state(tls->ssl);
		return tls;
	}
	SSL_free(tls->ssl);
	free(tls);
	return NULL;
}

/*
 * Says which host it is that the certificate must be for; a name is told the server,
 * too, which may have several.
 */
static bool
expect_host(SSL *ssl, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

/*
 * Says which ways of HTTP can be spoken.
 */
static bool
offer_protocols(SSL *ssl, TlsOffer offer)
{
	static const unsigned char both[] = "\x02h2\x08http/1.1";
	const unsigned int of_http2 = 3;
	const unsigned int all = sizeof(both) - 1;

	switch (offer)
	{
		case TLS_OFFER_HTTP2:
			return SSL_set_alpn_protos(ssl, both, of_http2) == 0;
		case TLS_OFFER_HTTP1:
			return SSL_set_alpn_protos(ssl, both + of_http2, all - of_http2) == 0;
		default:
			return SSL_set_alpn_protos(ssl, both, all) == 0;
	}
}

void
tls_end(Tls *tls)
{
	ERR_clear_error();
	if (tls->is_up)
		(void) SSL_shutdown(tls->ssl);
	tls->is_up = false;
}

void
tls_free(Tls *tls)
{
	if (tls == NULL)
		return;
	SSL_free(tls->ssl);
	free(tls);
}

TlsProgress
tls_handshake(Tls *tls)
{
	int result;
	int how;

	ERR_clear_error();
	errno = 0;
	result = SSL_do_handshake(tls->ssl);
	if (result == 1)
	{
		tls->is_up = true;
		return TLS_DONE;
	}
	how = SSL_get_error(tls->ssl, result);
	tls->wants_write = how == SSL_ERROR_WANT_WRITE;
	if (how == SSL_ERROR_WANT_READ || how == SSL_ERROR_WANT_WRITE)
		return TLS_WAITS;
	note_handshake_error(tls, how);
	return TLS_FAILED;
}

/*
 * Notes why there is no TLS.
 */
static void
note_handshake_error(Tls *tls, int how)
{
	int system_error = errno;
	unsigned long error = ERR_peek_error();
	long verified = SSL_get_verify_result(tls->ssl);

	if (verified != X509_V_OK)
		snprintf(tls->error, sizeof(tls->error), "the certificate of %.100s is not accepted: %s",
				 tls->host, X509_verify_cert_error_string(verified));
	else if (how == SSL_ERROR_ZERO_RETURN || ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING ||
			 (how == SSL_ERROR_SYSCALL && system_error == 0))
		snprintf(tls->error, sizeof(tls->error), "the connection was closed in the TLS handshake");
	else if (how == SSL_ERROR_SYSCALL)
		snprintf(tls->error, sizeof(tls->error), "the TLS handshake has failed: %s",
				 strerror(system_error));
	else
		snprintf(tls->error, sizeof(tls->error), "the TLS handshake has failed: %s", first_error());
}

TlsAgreed
tls_agreed(const Tls *tls)
{
	const unsigned char *name;
	unsigned int len;

	SSL_get0_alpn_selected(tls->ssl, &name, &len);
	if (len == 2 && memcmp(name, "h2", 2) == 0)
		return TLS_AGREED_HTTP2;
	return len > 0 ? TLS_AGREED_HTTP1 : TLS_AGREED_NOTHING;
}

/*
 * As long as a whole record has room it is read on, so that nothing is left that the
 * socket does not tell of.
 */
ssize_t
tls_read(Tls *tls, void *to, size_t room)
{
	size_t done = 0;

	do
	{
		size_t n = 0;
		int result;

		ERR_clear_error();
		errno = 0;
		result = SSL_read_ex(tls->ssl, (char *) to + done, room - done, &n);
		if (result != 1)
		{
			int system_error = errno;
			int how = SSL_get_error(tls->ssl, result);

			ssize_t end = take_error(tls, how, system_error);

			/* what ends it is told by the next call, too */
			return done > 0 ? (ssize_t) done : end;
		}
		done += n;
	} while (room - done >= RECORD);
	return (ssize_t) done;
}

ssize_t
tls_write(Tls *tls, const void *bytes, size_t len)
{
	size_t n = 0;
	int result;
	int system_error;

	ERR_clear_error();
	errno = 0;
	result = SSL_write_ex(tls->ssl, bytes, len, &n);
	if (result == 1)
	{
		tls->wants_write = false;
		return (ssize_t) n;
	}
	system_error = errno;
	return take_error(tls, SSL_get_error(tls->ssl, result), system_error);
}

/*
 * Returns what recv or send would, and sets errno; notes what is wrong.
 */
static ssize_t
take_error(Tls *tls, int how, int system_error)
{
	tls->wants_write = how == SSL_ERROR_WANT_WRITE;
	switch (how)
	{
		case SSL_ERROR_ZERO_RETURN:
			return 0;
		case SSL_ERROR_WANT_READ:
		case SSL_ERROR_WANT_WRITE:
			errno = EAGAIN;
			return -1;
		default:
			break;
	}
	tls->is_up = false;
	errno = EPROTO;
	/* what comes after the first error tells nothing */
	if (tls->error[0])
		return -1;
	/* without its end having been said, it may have been cut off by another */
	if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING ||
		(how == SSL_ERROR_SYSCALL && system_error == 0))
		snprintf(tls->error, sizeof(tls->error), "the connection was closed without an end of TLS");
	else if (how == SSL_ERROR_SYSCALL)
		snprintf(tls->error, sizeof(tls->error), "%s", strerror(system_error));
	else
		snprintf(tls->error, sizeof(tls->error), "TLS has failed: %s", first_error());
	return -1;
}

bool
tls_wants_write(const Tls *tls)
{
	return tls->wants_write;
}

const char *
tls_error(const Tls *tls)
{
	return tls->error;
}
