/* Optional interface "tls/1": what a client and the server agreed on when they encrypted their
 * connection, and who the client is by its certificate; the rules of growth and life in abi.h hold.
 *
 * A caller sets `size` of what it lets fill to its own sizeof, so that a newer server writes no
 * more. Texts live as long as the exchange, or the handshake, that was asked.
 */
#ifndef MARGAY_ABI_TLS_H
#define MARGAY_ABI_TLS_H

#include <margay/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct margay_tls {
  uint32_t size;
  uint32_t key_size;          /* bits of the cipher's key */
  uint32_t resumed;           /* 1: goes on with a session of an earlier connection */
  uint32_t certificate_count; /* 0: the peer was not asked for one, or has none */
  margay_str protocol;        /* "TLSv1.3" */
  margay_str cipher_suite;    /* "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", as IANA has it */
  margay_str session_id;      /* hexadecimal; "" where there is none */
  margay_str server_name;     /* that the client asked for (SNI), in lower case; "" for none */
  /* Why the peer's certificate is not to be trusted, which was taken all the same (optionalNoCA):
   * "self-signed certificate". Then its names are what anybody may have written. "": it is, or
   * there is none. */
  margay_str distrust;
} margay_tls;

typedef struct margay_certificate {
  uint32_t size;
  int64_t not_before, not_after; /* seconds since 1970, UTC */
  margay_str der;
  margay_str subject, issuer; /* RFC 2253: "CN=Ada,O=Example" */
  margay_str serial;          /* hexadecimal, capitals */
  margay_str fingerprint;     /* SHA-256 of `der`, hexadecimal, small letters */
} margay_certificate;

/* On the thread that has the exchange. */
typedef struct margay_tls_facts {
  uint32_t size;
  /* FAILED: the connection is not encrypted; a proxy before the server is not asked. */
  margay_result (*connection)(margay_exchange*, margay_tls*);
  /* The peer's own is 0; behind it, as far as the peer sent them and the session was not resumed,
   * those that signed it. FAILED: there are no more. */
  margay_result (*certificate)(margay_exchange*, uint32_t index, margay_certificate*);
} margay_tls_facts;

#ifdef __cplusplus
}
#endif
#endif
