/* The binary contract of WebSocket endpoints (RFC 6455); the rules of growth and life in abi.h
 * hold.
 *
 * A plugin brings `margay_websocket_type`s, which the server calls, and asks for the table
 * `margay_websockets` by query("websocket/1"), which it calls: any function of it, on any thread,
 * at any time, with any session. A session that has ended is answered with MARGAY_CLOSED or
 * nothing.
 */
#ifndef MARGAY_ABI_WEBSOCKET_H
#define MARGAY_ABI_WEBSOCKET_H

#include <margay/abi.h>
#include <margay/abi_tls.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One WebSocket: a value {loop, slot, generation}, to be copied and kept anywhere. 0 is none. */
typedef uint64_t margay_session;

typedef enum margay_message_kind {
  MARGAY_TEXT = 1,
  MARGAY_BINARY = 2,
  MARGAY_PING = 9, /* at most 125 bytes, as MARGAY_PONG */
  MARGAY_PONG = 10
} margay_message_kind;

/* --- what a plugin brings -----------------------------------------------------------------------
 */

/* Flags of WebSocket types, beside MARGAY_ON_LOOP. A message of a kind that is not taken closes the
 * socket with 1003; pongs are then kept from the plugin. */
enum {
  MARGAY_TAKES_TEXT = 16,
  MARGAY_TAKES_BINARY = 32,
  MARGAY_TAKES_PONG = 64,
  /* `message` is called for pieces as they come, of any size, without a limit on the whole. */
  MARGAY_TEXT_IN_PARTS = 128,
  MARGAY_BINARY_IN_PARTS = 256
};

/* Any but `create` and `destroy` may be NULL; a callback that is NULL is not called. The hooks of
 * the handshake run on the thread that has the exchange, in the order of this table. Where they
 * return a margay_result: OK = go on; CLOSED = I answered, or refused without a word (then the
 * status named at the hook is sent); SUSPENDED = `proceed` or an answer comes later; FAILED = 500.
 * The callbacks of one session come one after the other, on its loop (MARGAY_ON_LOOP) or on
 * workers. */
typedef struct margay_websocket_type {
  uint32_t size;
  uint32_t flags;
  const char* name;
  const char* subprotocols; /* "chat.v2, chat.v1"; "" when there are none */
  /* Control thread, once for each configured endpoint. NULL = failed, with `failure` filled. */
  void* (*create)(const margay_host*, const margay_config*, margay_failure*);

  /* Instead of the configured `origins`. `origin` is empty when the client sent none. 403. */
  margay_result (*check_origin)(void* self, const margay_host*, margay_exchange*,
                                const margay_request*, margay_str origin);
  /* Index of the chosen one of the client's subprotocols in their order, or -1 for none. */
  int32_t (*select_subprotocol)(void* self, const margay_host*, margay_exchange*,
                                const margay_request*, const margay_str* requested, uint32_t count);
  /* Bit i set: the offer i, as in Sec-WebSocket-Extensions, may be accepted. At most 64 are shown.
   */
  uint64_t (*select_extensions)(void* self, const margay_host*, margay_exchange*,
                                const margay_request*, const margay_str* requested, uint32_t count);
  /* May set fields of the 101, or refuse. 403. */
  margay_result (*modify_handshake)(void* self, const margay_host*, margay_exchange*,
                                    const margay_request*);
  /* The object behind one socket, before the 101 is sent; NULL stays NULL. Not SUSPENDED, as there
   * would be nowhere to leave the object: wait in modify_handshake. 503. */
  margay_result (*make_peer)(void* self, const margay_host*, margay_exchange*,
                             const margay_request*, void** peer);

  /* FAILED closes the socket with 1011. */
  margay_result (*open)(void* self, void* peer, margay_session);
  /* `last` is 1 but for the pieces of a type with ..._IN_PARTS. FAILED closes with 1011. */
  margay_result (*message)(void* self, void* peer, margay_session, int kind, margay_str bytes,
                           int last);
  /* The queue fell under half of its limit after a MARGAY_FULL. */
  void (*drain)(void* self, void* peer, margay_session);
  /* The peer broke the protocol or the connection broke; `close` follows. */
  void (*error)(void* self, void* peer, margay_session, margay_str what);
  /* Exactly once for each open, the last callback. 1005: the peer gave no code; 1006: there was no
   * close frame. The session is stale already. */
  void (*close)(void* self, void* peer, margay_session, uint16_t code, margay_str reason);
  /* Exactly once for each make_peer that gave one, also when the handshake failed after it. */
  void (*end_peer)(void* self, void* peer);
  void (*destroy)(void* self); /* control thread, after the last session of this instance */
} margay_websocket_type;

/* Stands around the handshake of the endpoints it is configured for. `before` as in a filter;
 * `after` in reverse order, once for each whose `before` said OK, when the 101 is on its way
 * (`failure` empty) or the handshake failed (`failure` says why). Request attributes set in
 * `before` become properties of the session. */
typedef struct margay_interceptor_type {
  uint32_t size;
  uint32_t flags; /* MARGAY_ON_LOOP: does not block */
  const char* name;
  void* (*create)(const margay_host*, const margay_config*, margay_failure*);
  margay_result (*before)(void* self, const margay_host*, margay_exchange*, const margay_request*);
  void (*after)(void* self, const margay_host*, margay_exchange*, const margay_request*,
                margay_str failure);
  void (*destroy)(void* self);
} margay_interceptor_type;

/* --- what the server offers: query("websocket/1") -----------------------------------------------
 */

/* A message made once for many sockets: framed once, compressed at most once. Counted. */
typedef struct margay_frozen margay_frozen;
/* A message that is written piece by piece. */
typedef struct margay_stream margay_stream;
/* What the handshake left, constant. Counted; may outlive its session. */
typedef struct margay_handshake margay_handshake;

/* What became of a message that was queued. */
typedef enum margay_sent {
  MARGAY_SENT = 0,     /* the kernel has all of it */
  MARGAY_DROPPED = 1,  /* by the overflow policy */
  MARGAY_EXPIRED = 2,  /* its time to live was over before it began to leave */
  MARGAY_REPLACED = 3, /* by a newer one with the same key */
  MARGAY_LOST = 4      /* the session ended before */
} margay_sent;

typedef struct margay_send_options {
  uint32_t size;
  uint32_t time_to_live; /* ms; dropped when it has not begun to leave by then; 0: never */
  margay_str key; /* takes the place of a waiting message with the same key; at most 64 bytes */
  /* Once, if the message was queued, on the session's loop or in the sending call: must not block.
   */
  void (*done)(void* arg, margay_session, margay_sent);
  void* arg;
} margay_send_options;

/* How many sockets a publication reached. */
typedef struct margay_delivery {
  uint32_t size;
  uint32_t queued;  /* sockets that have it, or will get it */
  uint32_t refused; /* sockets whose queue was full, by their overflow policy */
} margay_delivery;

typedef struct margay_publish_options {
  uint32_t size;
  uint32_t time_to_live;
  margay_str key;
  margay_session except; /* gets none; 0: everybody does */
  /* Once, if publish said OK, when every loop of this process has delivered: on some loop, must not
   * block. */
  void (*done)(void* arg, const margay_delivery*);
  void* arg;
} margay_publish_options;

/* Of margay_websockets.handshake_text. */
typedef enum margay_handshake_text {
  MARGAY_SESSION_ID = 0,  /* 32 hexadecimal digits, random */
  MARGAY_SUBPROTOCOL = 1, /* negotiated; "" for none */
  MARGAY_EXTENSIONS = 2,  /* negotiated, as in the answer's Sec-WebSocket-Extensions */
  MARGAY_WS_VERSION = 3,  /* "13" */
  MARGAY_WS_TARGET = 4,   /* request-target as received */
  MARGAY_WS_PATH = 5,     /* decoded, normalised */
  MARGAY_WS_CONTEXT_PATH = 6,
  MARGAY_WS_QUERY = 7,
  MARGAY_WS_SCHEME = 8, /* "ws" or "wss" */
  MARGAY_WS_SERVER_NAME = 9,
  MARGAY_WS_SERVER_PORT = 10,
  MARGAY_WS_REMOTE_ADDRESS = 11,
  MARGAY_WS_REMOTE_PORT = 12,
  MARGAY_WS_PRINCIPAL = 13, /* "" when nobody was authenticated */
  MARGAY_WS_ENDPOINT = 14,  /* name of the endpoint as configured */
  MARGAY_WS_BINDING = 15    /* what close_bound knows it by: request attribute "margay.session" */
} margay_handshake_text;

typedef enum margay_limit {
  MARGAY_MAX_TEXT = 0,      /* bytes of a whole text message, inflated; more: 1009 */
  MARGAY_MAX_BINARY = 1,    /* the same of a binary one */
  MARGAY_IDLE_TIMEOUT = 2,  /* ms without a frame in either direction; 0: none */
  MARGAY_PING_INTERVAL = 3, /* ms; 0: no pings */
  MARGAY_QUEUE_BYTES = 4,   /* accepted and not yet taken by the kernel */
  MARGAY_QUEUE_MESSAGES = 5,
  MARGAY_SEND_TIMEOUT = 6, /* ms without the peer taking a byte while some wait */
  /* Seconds since 1970 at which it is closed with 1008, 0: never; at first the end of the token it
   * came with. `authenticate` puts it off. Since 1.4. */
  MARGAY_EXPIRES = 7
} margay_limit;

typedef struct margay_session_figures {
  uint32_t size;
  uint32_t open;            /* 1: neither side has begun to close */
  uint32_t queued_messages; /* accepted and not yet handed to the connection */
  uint32_t round_trip;      /* microseconds of the last answered ping; 0: none yet */
  uint64_t queued_bytes;    /* accepted and not yet taken by the kernel */
  uint64_t received_messages, received_bytes; /* payload, as inflated */
  uint64_t sent_messages, sent_bytes;
  uint64_t dropped_messages; /* by overflow, time to live or key */
} margay_session_figures;

/* An outgoing WebSocket, see margay_websockets.connect. */
typedef struct margay_connector_options {
  uint32_t size;
  uint32_t flags;             /* MARGAY_RECONNECT and its like */
  margay_str url;             /* "ws://host:port/path?query", or wss */
  margay_str subprotocols;    /* as margay_websocket_type.subprotocols */
  const margay_field* fields; /* of the request, added to our own */
  uint32_t field_count;
  uint32_t connect_timeout;      /* ms for everything up to the 101, TLS included; 0: 5000 */
  uint32_t max_redirections;     /* 301, 302, 303, 307, 308 */
  uint32_t min_delay, max_delay; /* ms between attempts, doubled each time, with jitter; 0: 1000,
                                    60000 */
  /* An attempt failed; `status` is the answer's or 0. Before the next one, if there is any. */
  void (*failed)(void* arg, int32_t status, margay_str reason);
  void* arg;

  /* --- since 1.3, for wss. PEM files, relative to the application's folder, read by connect. ---
   */
  margay_str ca_file;          /* who may sign servers' certificates; "": as the system has it */
  margay_str certificate_file; /* with those that signed it, for servers that ask; "": none */
  margay_str key_file;         /* "": in certificate_file */
  margay_str key_password;
} margay_connector_options;

enum {
  /* After a failed attempt and a lost connection; not after a close with 1000 of this side, nor
   * with 1008. */
  MARGAY_RECONNECT = 1,
  MARGAY_COMPRESS = 2, /* offers permessage-deflate */
  /* `destroy` of the type is called with `self` when nothing calls it any more, on any thread. If
   * connect fails, `self` stays the caller's. */
  MARGAY_OWNS_SELF = 4,
  /* Since 1.3. Anybody may pose as the server of a wss: for tests. */
  MARGAY_UNVERIFIED = 8
};

/* An outgoing WebSocket through all its connections; given back by `disconnect`. */
typedef struct margay_client margay_client;

/* Functions that need the server get the table itself first. */
typedef struct margay_websockets margay_websockets;
struct margay_websockets {
  uint32_t size;

  /* --- sending: OK = queued, or sent already; FULL = refused whole, `drain` follows; CLOSED = the
   * session has ended or is closing; FAILED = not valid (text that is no UTF-8, a ping above 125
   * bytes, 1 GiB). A message longer than the queue's limit is taken when nothing else waits.
   * Messages never interleave. Those of one thread stay in order. --- */
  margay_result (*send)(const margay_websockets*, margay_session, int kind, margay_str bytes,
                        const margay_send_options*);
  margay_result (*send_frozen)(const margay_websockets*, margay_session, margay_frozen*,
                               const margay_send_options*);
  /* Waits until a message of `size` bytes would be taken. FULL: not within `timeout` ms. FAILED: on
   * a loop, which must not wait. */
  margay_result (*wait)(const margay_websockets*, margay_session, size_t size, uint32_t timeout);
  /* NULL when it is not valid. The caller has one count. */
  margay_frozen* (*freeze)(int kind, margay_str bytes);
  void (*hold_frozen)(margay_frozen*);
  void (*release_frozen)(margay_frozen*);
  /* A message of unknown length: later ones wait until it ends. NULL: refused; open_stream says
   * why. */
  margay_stream* (*begin_stream)(const margay_websockets*, margay_session, int kind);
  margay_result (*write_stream)(const margay_websockets*, margay_stream*, margay_str bytes);
  /* Gives the stream back. Not `complete`: a message that has begun to leave closes the socket with
   * 1011, another one is dropped. */
  margay_result (*end_stream)(const margay_websockets*, margay_stream*, int complete);
  /* 1000, 1001, 1003, 1007..1014 or 3000..4999; else FAILED. The reason is cut to 123 bytes. */
  margay_result (*close)(const margay_websockets*, margay_session, uint16_t code,
                         margay_str reason);

  /* --- the session --- */
  margay_result (*figures)(const margay_websockets*, margay_session, margay_session_figures*);
  /* -1: the session has ended. set_limit FAILED: out of range. */
  int64_t (*limit)(const margay_websockets*, margay_session, int what);
  margay_result (*set_limit)(const margay_websockets*, margay_session, int what, int64_t value);
  /* Stops and goes on with reading from the peer. Not counted. */
  margay_result (*suspend_reading)(const margay_websockets*, margay_session);
  margay_result (*resume_reading)(const margay_websockets*, margay_session);
  /* Properties: bytes under a name, at most 64. `take` is called within, with {NULL, 0} when there
   * is none. A value {NULL, 0} removes. */
  margay_result (*property)(const margay_websockets*, margay_session, margay_str name,
                            void (*take)(void* arg, margay_str), void* arg);
  margay_result (*set_property)(const margay_websockets*, margay_session, margay_str name,
                                margay_str value);
  /* Open sessions of the endpoint that `source` belongs to, at the moment. */
  void (*each_session)(const margay_websockets*, const margay_config* source,
                       void (*each)(void* arg, margay_session), void* arg);

  /* --- the handshake --- */
  const margay_handshake* (*handshake)(const margay_websockets*,
                                       margay_session); /* with one count; NULL: has ended */
  void (*hold_handshake)(const margay_handshake*);
  void (*release_handshake)(const margay_handshake*);
  margay_str (*handshake_text)(const margay_handshake*, int what);
  /* Values of path variables, and header fields in order, by number; FAILED behind the last. */
  margay_result (*handshake_parameter)(const margay_handshake*, uint32_t index, margay_field*);
  margay_result (*handshake_field)(const margay_handshake*, uint32_t index, margay_field*);

  /* --- topics, within one application: "/room/42". Subscriptions may have `*` for a segment and
   * end in `/` `**` for the rest. FAILED: not well formed, or more than 1024 of one session. --- */
  margay_result (*subscribe)(const margay_websockets*, margay_session, margay_str topic);
  margay_result (*unsubscribe)(const margay_websockets*, margay_session, margay_str topic);
  /* To every subscriber, once each. What one thread publishes stays in order. FULL: too much waits
   * to be delivered already. */
  margay_result (*publish)(const margay_websockets*, const margay_config* source, margay_str topic,
                           margay_frozen*, const margay_publish_options*);

  /* Closes the sockets of an authenticated user whose handshake was bound to this HTTP session, in
   * every application: it has ended. */
  void (*close_bound)(const margay_websockets*, margay_str binding, uint16_t code,
                      margay_str reason);

  /* --- clients. Of the type neither `create` nor the hooks of the handshake are called; its
   * `make_peer` gets no exchange and no request, for each connection before `open`, on the same
   * thread. `type` stays where it is. A handshake has the fields of the answer. NULL: `failure`
   * says why. A client that is still there when `destroy` of what `source` belongs to has returned
   * is ended, with a warning. --- */
  margay_client* (*connect)(const margay_websockets*, const margay_config* source,
                            const margay_connector_options*, const margay_websocket_type*,
                            void* self, margay_failure* failure);
  /* The session of the moment; 0: not connected. */
  margay_session (*client_session)(const margay_websockets*, margay_client*);
  /* Ends it: closes with 1000, tries no more. Waits until no callback runs, but not when it is
   * called by one of its callbacks or on a loop: there some may still come. */
  void (*disconnect)(const margay_websockets*, margay_client*);

  /* --- since 1.2 --- */
  /* begin_stream that says how it went, as `send` does; unless OK, `*stream` becomes NULL. FAILED:
   * a kind that is neither text nor binary. */
  margay_result (*open_stream)(const margay_websockets*, margay_session, int kind,
                               margay_stream** stream);
  /* `wait` for a piece of a stream: what others have queued behind it does not count. */
  margay_result (*wait_stream)(const margay_websockets*, margay_stream*, size_t size,
                               uint32_t timeout);

  /* --- since 1.3: as margay_tls_facts, of the connection that the session came by --- */
  margay_result (*handshake_tls)(const margay_handshake*, margay_tls*);
  margay_result (*handshake_certificate)(const margay_handshake*, uint32_t index,
                                         margay_certificate*);

  /* --- since 1.4 --- */
  /* A newer token than the one of the handshake, verified as that was: OK, and MARGAY_EXPIRES is
   * when it ends. FAILED, and nothing is changed: it is not good, of another user, or lacks a role
   * that the first one had; or the session came without a token. Any thread. */
  margay_result (*authenticate)(const margay_websockets*, margay_session, margay_str token);
};

#ifdef __cplusplus
}
#endif
#endif
