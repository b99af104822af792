/* Optional interface "session/1": HTTP sessions, which the server keeps for an application from one
 * request of a client to the next; the rules of growth and life in abi.h hold.
 *
 * Sessions are bytes in the server: they outlive a reload of the plugins. A handle is good until
 * the exchange ends that it came from, also when the session ends before; in a listener until that
 * returns.
 */
#ifndef MARGAY_ABI_SESSION_H
#define MARGAY_ABI_SESSION_H

#include <margay/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct margay_http_session margay_http_session;

typedef struct margay_session_facts {
  uint32_t size;
  uint32_t is_new;   /* 1: the client has not sent its cookie yet */
  uint32_t is_valid; /* 0: it has ended; what it held can still be read */
  uint32_t reserved;
  int64_t created; /* milliseconds since 1970, UTC */
  int64_t
      last_accessed;    /* the same: when the last request that used it ended; at first `created` */
  int64_t max_inactive; /* seconds without a request until it ends; 0 or less: it never does */
  char id[144];         /* NUL-terminated; at most 128 characters */
} margay_session_facts;

typedef enum margay_session_event {
  MARGAY_SESSION_CREATED = 1,
  MARGAY_SESSION_DESTROYED = 2, /* invalidated or expired; what it held can still be read */
  MARGAY_SESSION_ID_CHANGED = 3,
  MARGAY_SESSION_ATTRIBUTE_ADDED = 4,
  MARGAY_SESSION_ATTRIBUTE_REPLACED = 5,
  MARGAY_SESSION_ATTRIBUTE_REMOVED = 6
} margay_session_event;

typedef struct margay_session_change {
  uint32_t size;
  uint32_t event; /* margay_session_event */
  margay_http_session* session;
  margay_str old_id;    /* ID_CHANGED */
  margay_str name;      /* of the attribute */
  margay_str value;     /* ADDED, REPLACED: what it is now; REMOVED: what it was */
  margay_str old_value; /* REPLACED */
} margay_session_change;

/* All that take an exchange are for the thread that has it, and work on the session `find` gave. */
typedef struct margay_sessions {
  uint32_t size;
  /* The session that the request's cookie names, or one made before for this request. Otherwise,
   * with `create`, a new one, whose cookie goes out with the head. OK: `*found` is it.
   * FAILED: there is none (without `create`), or the request is for no application.
   * CLOSED: a new one would be too late, the answer is committed. FULL: maxActiveSessions. */
  margay_result (*find)(margay_exchange*, int create, margay_http_session** found);
  /* A new id for the same session, as somebody has logged in; its cookie goes out with the head.
   * CLOSED: committed, or the session has ended. FAILED: there is none. */
  margay_result (*change_id)(margay_exchange*);
  /* Ends it. CLOSED: it had ended. FAILED: there is none. */
  margay_result (*invalidate)(margay_exchange*);
  /* Any value below 1: it never ends by itself. */
  margay_result (*set_max_inactive)(margay_exchange*, int64_t seconds);
  /* Copies. FULL: maxAttributes or maxSize of the session; nothing was changed. CLOSED: the session
   * has ended. FAILED: there is none, or the name is empty. */
  margay_result (*set_attribute)(margay_exchange*, margay_str name, margay_str value);
  /* OK also when there was none of that name. */
  margay_result (*remove_attribute)(margay_exchange*, margay_str name);

  /* As much as `facts->size` has room for. */
  void (*facts)(const margay_http_session*, margay_session_facts* facts);
  /* Calls `take` once with the value, which is good until that returns. FAILED: there is none. */
  margay_result (*attribute)(const margay_http_session*, margay_str name,
                             void (*take)(void* arg, margay_str value), void* arg);
  /* Calls `each` for all attributes as they are now; it may call anything of this table. */
  void (*each_attribute)(const margay_http_session*,
                         void (*each)(void* arg, margay_str name, margay_str value), void* arg);

  /* From `create` of an endpoint, filter or WebSocket of an application only, else FAILED: `event`
   * hears of the application's sessions until it is replaced, on the thread that changes them;
   * expiry is told on the control thread. It must not wait. `gone` (may be NULL) is called once,
   * before `destroy`, and also when this fails. */
  margay_result (*listen)(const margay_config* source,
                          void (*event)(void* arg, const margay_session_change*), void* arg,
                          void (*gone)(void* arg));
} margay_sessions;

#ifdef __cplusplus
}
#endif
#endif
