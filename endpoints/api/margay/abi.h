/* The whole binary contract between the server and a plugin: C11, freestanding, nothing else.
 *
 * Rules of growth. Inside one MARGAY_ABI_MAJOR a struct only grows at its end, an enum only gains
 * values; `size` says how much of a struct its maker knew. A plugin of an older minor runs on a
 * newer server; another major, or a newer minor than the server's, is refused with a sentence.
 *
 * Rules of life. What a `margay_str` points to is borrowed and never NUL-terminated. A
 * `margay_request` and everything reachable from it lives until the exchange ends. A
 * `margay_exchange*` may be used only inside a call that brought it; to come back later, or from
 * another thread, take a `margay_async`. After `destroy` returned no thread of yours may run
 * plugin code: join your threads there. No exception may leave a plugin.
 */
#ifndef MARGAY_ABI_H
#define MARGAY_ABI_H

#include <stddef.h>
#include <stdint.h>

#define MARGAY_ABI_MAJOR 1
#define MARGAY_ABI_MINOR 4
#define MARGAY_PLUGIN_MAGIC 0x5947524du /* "MRGY" in memory on little-endian machines */

#ifdef __cplusplus
extern "C" {
#endif

typedef struct margay_str {
  const char* data;
  size_t size;
} margay_str;

typedef struct margay_field {
  margay_str name, value;
} margay_field;

typedef enum margay_result {
  MARGAY_OK = 0,
  MARGAY_FULL = 1,     /* the bytes were taken, but stop until the writable event (loop only) */
  MARGAY_CLOSED = 2,   /* the answer is over or the client has gone; from `before`: I answered */
  MARGAY_FAILED = 3,   /* refused; nothing was changed; the reason is in the server's log */
  MARGAY_SUSPENDED = 4 /* from `before` only, after `suspend`: decided later by `proceed` or an
                          answer */
} margay_result;

typedef enum margay_level {
  MARGAY_DEBUG = 0,
  MARGAY_INFO = 1,
  MARGAY_WARN = 2,
  MARGAY_ERROR = 3
} margay_level;

/* One request and its answer. Belongs to the thread that runs the handler at the moment. */
typedef struct margay_exchange margay_exchange;

/* The counted right to come back to an exchange. Any thread, any time; must be released once. */
typedef struct margay_async margay_async;

/* Why the filter or endpoint runs (servlet DispatcherType). */
typedef enum margay_dispatcher {
  MARGAY_REQUEST = 1,
  MARGAY_FORWARD = 2,
  MARGAY_INCLUDE = 4,
  MARGAY_ERROR_PAGE = 8,
  MARGAY_ASYNC = 16
} margay_dispatcher;

typedef struct margay_request {
  uint32_t size;
  uint32_t dispatcher;     /* margay_dispatcher */
  margay_str method;       /* case-sensitive */
  margay_str target;       /* request-target as received */
  margay_str path;         /* decoded, normalised, without path parameters */
  margay_str context_path; /* "" for the root application; a prefix of `path` */
  margay_str servlet_path; /* what the URL pattern matched, behind the context path */
  margay_str path_info;    /* what `*` matched, with its slash; empty when nothing */
  margay_str query;        /* raw, without '?' */
  margay_str body; /* whole body, in filters, too (since 1.4); empty for MARGAY_STREAM_BODY */
  int64_t content_length;         /* as declared by the client; -1 when it is not known */
  const margay_field* fields;     /* header fields in order; names lower-case */
  const margay_field* parameters; /* values of `{name}` in the URL pattern */
  uint32_t field_count;
  uint32_t parameter_count;
} margay_request;

/* What margay_host.info tells, and which of it a filter's `before` may set. */
typedef enum margay_info {
  MARGAY_REMOTE_ADDRESS = 0, /* settable: text of the client's IP address, "" for a Unix socket */
  MARGAY_REMOTE_PORT = 1,    /* settable */
  MARGAY_LOCAL_ADDRESS = 2,
  MARGAY_LOCAL_PORT = 3,
  MARGAY_SCHEME = 4,        /* settable: "http" or "https" */
  MARGAY_SERVER_NAME = 5,   /* settable: host the client asked for, lower-case, without port */
  MARGAY_SERVER_PORT = 6,   /* settable */
  MARGAY_PROTOCOL = 7,      /* "HTTP/1.1" */
  MARGAY_PRINCIPAL = 8,     /* settable: authenticated user; "" when nobody */
  MARGAY_PATH = 9,          /* settable before the endpoint ran: the whole path, decoded. From
                               `map` the request goes where it leads; later the route stays, only
                               `path` and `path_info` follow, and it must be normalised */
  MARGAY_QUERY = 10,        /* settable */
  MARGAY_ERROR_STATUS = 11, /* in an ERROR dispatch: the status being reported */
  MARGAY_ERROR_MESSAGE = 12,
  MARGAY_ERROR_PATH = 13, /* in an ERROR dispatch: the path of the failed request */
  MARGAY_REQUEST_ID = 14, /* unique in this process; the log's connection and request number */
  /* since 1.4; in an ERROR dispatch */
  MARGAY_ERROR_EXCEPTION = 15, /* the type's name; "" when nothing was thrown */
  MARGAY_ERROR_TRACE = 16,     /* what it is and what has caused it, a line each; not for clients */
  MARGAY_ERROR_METHOD = 17,    /* of the failed request; an error page sees GET */
  MARGAY_ERROR_ENDPOINT = 18,  /* name of the endpoint that failed; "" when none was found */
  /* since 1.4 */
  MARGAY_ANSWER_LENGTH = 19, /* from `head`: bytes that `body` will get, as a number; "" when that
                                is not known: the answer is a stream, or another filter changes
                                it */
  MARGAY_MAX_PARAMETERS = 20 /* maxParameterCount of the connector, as a number; -1: no limit */
} margay_info;

typedef enum margay_header_mode {
  MARGAY_SET = 0,
  MARGAY_ADD = 1,
  MARGAY_REMOVE = 2
} margay_header_mode;

typedef enum margay_event {
  MARGAY_READABLE = 1, /* `read` has bytes or knows the end */
  MARGAY_WRITABLE = 2, /* the queue fell under its low mark after MARGAY_FULL */
  MARGAY_ABORTED = 3   /* the client has closed its sending half, and may still read what is
                          written; comes again when it has gone altogether */
} margay_event;

/* Parameters of one endpoint or filter. Lives until its `destroy` returned. */
typedef struct margay_config {
  uint32_t size;
  uint32_t count;
  const margay_field* params;
  margay_str name;         /* of the instance, as configured */
  margay_str context_path; /* "" for the root application and for filters above any */
  margay_str folder;       /* the application's folder, absolute; "" when it has none */
  /* since 1.4 */
  uint32_t inherited; /* so many of `params`, the first ones, are the application's */
  uint32_t reserved;
} margay_config;

/* Filled by a `create` that gives up. The texts are cut at the array ends. */
typedef struct margay_failure {
  uint32_t size;
  char parameter[60]; /* the parameter to blame, so that the server can name its line; or "" */
  char message[448];  /* NUL-terminated */
  /* since 1.4; endpoints only, others just fail. Seconds after which it may be tried again; -1: it
   * never will work; 0: nothing is known. */
  int64_t unavailable;
} margay_failure;

/* What happened to an exchange, for `done`. */
typedef struct margay_outcome {
  uint32_t size;
  int32_t status;
  uint64_t sent;    /* body bytes handed to the connection */
  uint64_t micros;  /* from the complete request head to the last byte sent */
  uint32_t aborted; /* 1: the client went before the answer was out */
} margay_outcome;

/* What a call has thrown, in the words of the plugin's language. The texts are copied. */
typedef struct margay_thrown {
  uint32_t size;
  int32_t status;          /* 400..599: of the error page when no type has one */
  uint32_t type_count;     /* at most 64 */
  uint32_t is_answer;      /* 1: the message was written for clients */
  const margay_str* types; /* in the order of the search: its own, its bases, its root cause's */
  margay_str message;
  margay_str trace; /* lines: what it is, and what has caused it */
} margay_thrown;

/* What the server offers. Functions that take an exchange: only on the thread that has it. */
typedef struct margay_host {
  uint32_t size;
  uint16_t abi_major, abi_minor;

  /* --- the answer; all but `write`, `emit`, `flush` and `finish` only until it is committed --- */
  margay_result (*status)(margay_exchange*, int code); /* 200..599, else FAILED */
  margay_result (*header)(margay_exchange*, int mode, margay_str name, margay_str value);
  margay_str (*response_header)(margay_exchange*, margay_str name); /* first value, or {NULL, 0} */
  /* Copies. The first `bufferSize` bytes (8 KiB) are held back, so that short answers get a
   * Content-Length and send_error can still replace them. A worker waits while the client is slow
   * (at most writeTimeout, then CLOSED) and never sees FULL. */
  margay_result (*write)(margay_exchange*, margay_str bytes);
  margay_result (*flush)(margay_exchange*);
  /* Sends `length` bytes of the file from `offset` as the rest of the answer and finishes it. The
   * server owns `fd` from here on, also when it fails. */
  margay_result (*send_file)(margay_exchange*, int fd, uint64_t offset, uint64_t length);
  /* Drops what was written and answers with the error page for `code`; FAILED once committed. */
  margay_result (*send_error)(margay_exchange*, int code, margay_str message);
  margay_result (*finish)(margay_exchange*); /* implied when `service` returns, unless suspended */
  margay_result (*emit)(margay_exchange*, margay_str bytes); /* from `body`: on to the next stage */
  /* Gives an answer up that cannot be completed: the client sees a cut connection (a reset stream)
   * instead of a good end, or the error page 500 when nothing was committed. */
  void (*cut)(margay_exchange*);

  /* --- the request --- */
  /* Bytes of a MARGAY_STREAM_BODY. Worker: waits for the first byte. 0 = end, -1 = nothing yet (on
   * the loop; a READABLE event follows), -2 = the client has gone or the body is malformed. */
  ptrdiff_t (*read)(margay_exchange*, void* into, size_t room);
  /* First value of a trailer field of the request's body; {NULL, 0} when there is none, when the
   * body was not read to its end yet, or when allowedTrailerHeaders does not name it. */
  margay_str (*trailer)(margay_exchange*, margay_str name);
  margay_str (*info)(margay_exchange*, int what);
  margay_result (*set_info)(margay_exchange*, int what, margay_str value);
  /* Bytes for this exchange's own use, aligned for any type; they live until the last `done`
   * returned. At most 64 KiB at a time, else NULL. */
  void* (*memory)(margay_exchange*, size_t size);
  /* Request attributes: bytes under a name, until the exchange ends. At most 64. */
  margay_str (*attribute)(margay_exchange*, margay_str name); /* {NULL, 0} when there is none */
  margay_result (*set_attribute)(margay_exchange*, margay_str name, margay_str value);

  /* --- later --- */
  /* "I will finish later": from `service`, `before` or a resumed call. NULL when the answer is
   * over. */
  margay_async* (*suspend)(margay_exchange*);
  /* Any thread. `run` is called once, where the route runs (its loop, or a worker), with NULL
   * instead of the exchange when that has ended meanwhile. */
  void (*resume)(margay_async*, void (*run)(void* arg, margay_exchange*), void* arg);
  /* Any thread. Gives the right back; an exchange nobody can finish any more is answered 500. */
  void (*release)(margay_async*);
  /* From a resumed call of a suspended `before`: go on with the next filter. FAILED when nothing
   * waits for it. */
  margay_result (*proceed)(margay_exchange*);
  /* Calls `event` for each margay_event `what` while the exchange is suspended: where the route
   * runs, never during another call. One watcher for each; a new one replaces it, NULL ends it.
   * Takes `arg` over in any case: `gone` (may be NULL) is called exactly once, when the watcher was
   * replaced, the answer is over, the client has gone (after ABORTED), or this failed. CLOSED: the
   * answer is over. READABLE and WRITABLE come on the loop only; a worker waits in `read` and
   * `write` instead. */
  margay_result (*watch)(margay_exchange*, int what, void (*event)(void* arg, margay_exchange*),
                         void* arg, void (*gone)(void* arg));

  /* --- the rest --- */
  void (*log)(const margay_config* source, int level,
              margay_str text); /* any thread; without a source nothing is written */
  /* Optional interfaces by name, such as "status/1". NULL when unknown or not permitted. */
  const void* (*query)(const margay_config* source, const char* interface_name);

  /* --- since 1.4 --- */
  /* send_error for an exception: pages of its types come before those of the status. FAILED once
   * committed; the call that has thrown then returns FAILED, and the answer is cut. */
  margay_result (*thrown)(margay_exchange*, const margay_thrown*);
  /* An attribute that is made when somebody asks for it: `make` is then called, on the thread that
   * has the exchange, and sets it by set_attribute; while it does not, there is none, and the next
   * one who asks is another call. `name` lives as long as `arg` has to: until the last `done`
   * returned. Access logs, and sessions of WebSockets, know what was made only. Replaces one of
   * that name; FAILED: 64 others. */
  margay_result (*provide_attribute)(margay_exchange*, margay_str name,
                                     void (*make)(void* arg, margay_exchange*, margay_str name),
                                     void* arg);
  /* When nothing was committed this many milliseconds from now, the client hears `status`
   * (400..599), with the error page where that is possible: in the place of an endpoint that holds
   * a worker no filter takes part. What is written later is dropped; `read`, `write` and their like
   * tell CLOSED or -2. Of several the one that ends first counts. FAILED: it is committed. */
  margay_result (*answer_within)(margay_exchange*, uint64_t milliseconds, int status);
  /* Calls `each` for the fields of the answer's head as they are, in order; it must not edit them.
   */
  void (*each_response_header)(margay_exchange*,
                               void (*each)(void* arg, margay_str name, margay_str value),
                               void* arg);
  /* From `head`: the filter has no use for the body of this answer, and its `body` is not called.
   * The answer keeps its length and goes from file to socket, unless another filter wants it.
   * FAILED from anywhere else. */
  margay_result (*pass_body)(margay_exchange*);
} margay_host;

/* Flags of types. Default: runs on a worker (blocking is allowed), body buffered. */
enum {
  MARGAY_ON_LOOP = 1,     /* promises not to block, and runs inline on the connection's loop */
  MARGAY_STREAM_BODY = 2, /* endpoints: `service` comes at once and reads the body by itself */
  /* since 1.4 */
  MARGAY_TAKES_FLUSH = 4 /* filters: `body` is told of a flush, see margay_body_sign */
};

/* What `body` is told beside bytes. */
typedef enum margay_body_sign {
  MARGAY_BODY_LAST = 1, /* the body ends with this chunk */
  MARGAY_BODY_FLUSH = 2 /* what is kept back has to be emitted now; only with MARGAY_TAKES_FLUSH */
} margay_body_sign;

typedef struct margay_endpoint_type {
  uint32_t size;
  uint32_t flags;
  const char* name;
  /* On a thread of its own, which the control thread waits for: one after the other, until
   * startTimeout is over. NULL = failed, with the reason in `failure`. */
  void* (*create)(const margay_host*, const margay_config*, margay_failure*);
  /* Many threads at once. FAILED = 500, or a cut connection once the answer is committed. */
  margay_result (*service)(void* self, const margay_host*, margay_exchange*, const margay_request*);
  void (*destroy)(void* self); /* control thread, after the last exchange of this instance */
} margay_endpoint_type;

/* Flat moments around the endpoint; any but create and destroy may be NULL. `state` is one
 * pointer per exchange and filter, NULL at first; `done` comes exactly once for each exchange whose
 * `before` was called, and frees it. */
typedef struct margay_filter_type {
  uint32_t size;
  uint32_t flags;
  const char* name;
  void* (*create)(const margay_host*, const margay_config*, margay_failure*);
  /* OK = go on, CLOSED = answered, SUSPENDED = decided later, FAILED = 500 */
  margay_result (*before)(void* self, void** state, const margay_host*, margay_exchange*,
                          const margay_request*);
  /* Just before the head is committed; reverse order; may edit it. */
  void (*head)(void* self, void** state, const margay_host*, margay_exchange*,
               const margay_request*, int* status);
  /* Transforms the body through `emit`; reverse order. `signs` is 0, MARGAY_BODY_LAST, which comes
   * exactly once, or MARGAY_BODY_FLUSH; with a sign the chunk may be empty. FAILED: the answer is
   * cut. */
  margay_result (*body)(void* self, void** state, const margay_host*, margay_exchange*,
                        margay_str chunk, int signs);
  /* The answer is out, or lost. */
  void (*done)(void* self, void** state, const margay_request*, const margay_outcome*);
  void (*destroy)(void* self);
  /* since 1.4 */
  /* Before all others, on the loop, whatever `flags` say, so it must not block; wherever the filter
   * is mapped to. What it sets as MARGAY_PATH or MARGAY_QUERY decides where the request goes: a
   * filter of Engine or Host is asked before the application is chosen, one of an application
   * before the endpoint. It may set attributes; the other functions of the answer are for `before`.
   */
  void (*map)(void* self, const margay_host*, margay_exchange*, const margay_request*);
} margay_filter_type;

/* In abi_websocket.h. */
typedef struct margay_websocket_type margay_websocket_type;
typedef struct margay_interceptor_type margay_interceptor_type;
/* In abi_security.h. */
typedef struct margay_realm_type margay_realm_type;
/* In abi_application.h. */
typedef struct margay_listener_type margay_listener_type;

typedef struct margay_plugin {
  uint32_t magic;
  uint32_t size;
  uint16_t abi_major, abi_minor;
  uint32_t endpoint_count, filter_count;
  const char* name;
  const char* version;
  const margay_endpoint_type* const* endpoints;
  const margay_filter_type* const* filters;
  /* since 1.1 */
  uint32_t websocket_count, interceptor_count;
  const margay_websocket_type* const* websockets;
  const margay_interceptor_type* const* interceptors;
  /* since 1.4 */
  uint32_t realm_count;
  const margay_realm_type* const* realms;
  uint32_t listener_count;
  const margay_listener_type* const* listeners;
} margay_plugin;

/* The only symbol a plugin exports. Runs none of its author's code: the table is constant. */
const margay_plugin* margay_plugin_main(void);

/* --- optional interface "status/1" ---------------------------------------------------------------
 */

/* What the running server consists of and its figures, as one JSON object. Any thread but best a
 * worker: it is made anew for each call, which may wait for another call. `take` is called once,
 * before `report` returns; the text is gone afterwards. */
typedef struct margay_status {
  uint32_t size;
  void (*report)(const struct margay_status* self, void (*take)(void* arg, margay_str json),
                 void* arg);
  /* since 1.4: what is not well, as bits of margay_health. Any thread; never waits. */
  uint32_t (*health)(const struct margay_status* self);
} margay_status;

typedef enum margay_health {
  MARGAY_STOPPING = 1,  /* it serves for a while yet, but clients should go elsewhere */
  MARGAY_INCOMPLETE = 2 /* some application or endpoint that is configured could not be started */
} margay_health;

#ifdef __cplusplus
}
#endif
#endif
