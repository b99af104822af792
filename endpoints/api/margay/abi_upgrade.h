/* Optional interface "upgrade/1": a connection that an endpoint takes over behind a 101 (RFC 9110
 * section 7.8), to speak a protocol of its own; the rules of growth and life in abi.h hold.
 *
 * What is said of the loop's thread holds in full: such a call must not block, as every connection
 * of the loop waits for it.
 */
#ifndef MARGAY_ABI_UPGRADE_H
#define MARGAY_ABI_UPGRADE_H

#include <margay/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A connection that was taken over. On its loop's thread only, in callbacks of any connection of
 * that loop, until its own `closed` is called. */
typedef struct margay_connection margay_connection;

/* The counted right to reach a connection from other threads, also when it has gone. */
typedef struct margay_async_connection margay_async_connection;

/* What a plugin speaks. Every function is called on the connection's loop, one at a time, never
 * within another one, and may be NULL; `peer` is the plugin's own object behind the connection. The
 * table and its code stay until the last `closed` returned, through reloads. */
typedef struct margay_protocol {
  uint32_t size;
  /* First, once the 101 is on its way. */
  void (*opened)(void* peer, margay_connection*);
  /* All of them are taken: keep what cannot be used yet, and `pause` when that grows. Valid during
   * the call, and may be changed in place. */
  void (*bytes)(void* peer, margay_connection*, char* data, size_t size);
  /* The peer has sent its last byte and may still read. NULL: `close`. */
  void (*ended)(void* peer, margay_connection*);
  void (*writable)(void* peer, margay_connection*); /* there is room again after FULL */
  void (*timeout)(void* peer, margay_connection*);  /* the deadline of `arm` has passed */
  /* The server stops, or its connector goes: say goodbye and close soon. NULL: `close`. */
  void (*drain)(void* peer, margay_connection*);
  /* Exactly once for each call of `upgrade`, the last of these, alone when there never was a
   * connection: frees `peer`. In the thread of `upgrade` when that fails, else on the loop. */
  void (*closed)(void* peer);
} margay_protocol;

typedef struct margay_upgrades {
  uint32_t size;

  /* --- on the thread that has the exchange --- */
  /* 1: the client offers `protocol` and could be taken at its word now: HTTP/1.1, the request's
   * body is complete, nothing is committed. */
  int (*offered)(margay_exchange*, margay_str protocol);
  /* Answers 101 with `protocol` as Upgrade and the fields that were set; what was written is
   * dropped. The answer is over then. Takes `peer` over in any case. For endpoints: FAILED when it
   * is not offered, or from a filter; CLOSED when the client has gone or the answer is over. */
  margay_result (*upgrade)(margay_exchange*, margay_str protocol, const margay_protocol*,
                           void* peer);

  /* --- on the connection's loop --- */
  /* Copies. FULL: 128 KiB wait for the peer already, nothing was taken, and `writable` follows.
   * CLOSED: it is closing. A peer that takes nothing for the Connector's writeTimeout while bytes
   * wait is cut. */
  margay_result (*write)(margay_connection*, margay_str bytes);
  /* Sends what was written, then closes. Nothing but `closed` is called any more. */
  void (*close)(margay_connection*);
  void (*cut)(margay_connection*);   /* as `close`, but at once */
  void (*pause)(margay_connection*); /* no `bytes` but those that are read already; not counted */
  void (*resume)(margay_connection*);
  /* `timeout` comes once, so many milliseconds from now, up to 100 ms late; 0: not at all. A new
   * deadline replaces the old one. */
  void (*arm)(margay_connection*, uint64_t milliseconds);
  /* One more right to reach this connection; each is released once. NULL: it is closing. */
  margay_async_connection* (*hold)(margay_connection*);

  /* --- on any thread --- */
  /* OK: `run` is called once on the connection's loop, in the order of one thread's calls, with
   * NULL instead of the connection when that has gone meanwhile. FULL: 1024 such calls wait
   * already. CLOSED: it has gone. But for OK `run` is not called. */
  margay_result (*post)(margay_async_connection*, void (*run)(void* arg, margay_connection*),
                        void* arg);
  void (*release)(margay_async_connection*); /* at the latest before `destroy` returns */
} margay_upgrades;

#ifdef __cplusplus
}
#endif
#endif
