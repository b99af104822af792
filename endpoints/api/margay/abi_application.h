/* Listeners, which hear of an application's start and end, and the optional interface
 * "application/1", what the types of one application share; the rules of growth and life in abi.h
 * hold. Since ABI 1.4.
 */
#ifndef MARGAY_ABI_APPLICATION_H
#define MARGAY_ABI_APPLICATION_H

#include <margay/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Created before all filters, endpoints and WebSockets of its application, in the order of the
 * document, and destroyed behind all of them, in reverse. A new version of an application starts
 * while the one before still serves. */
struct margay_listener_type {
  uint32_t size;
  uint32_t flags; /* 0 */
  const char* name;
  /* As that of an endpoint. */
  void* (*create)(const margay_host*, const margay_config*, margay_failure*);
  /* When all listeners have been created, in their order, on the thread that creates. FAILED, with
   * the reason in `failure`: the application cannot be deployed. May be NULL. */
  margay_result (*started)(void* self, margay_failure* failure);
  /* Only when `started` returned OK. Control thread: filters and endpoints have been destroyed, the
   * application's attributes are still there. Reverse order. May be NULL. */
  void (*stopping)(void* self);
  void (*destroy)(void* self); /* control thread */
};

/* query("application/1"); NULL for filters and realms of a Host or an Engine, which have no
 * application. `source` is what `create` was given. Any thread, until `destroy` of `source`'s
 * instance returned. Attributes are those of one version of the application: one that replaces it
 * begins without any. */
typedef struct margay_application {
  uint32_t size;
  /* Copies. FULL: there are 1000 attributes, or names and bytes come to more than 4 MiB; nothing
   * was changed. FAILED: the name is empty. CLOSED: the application has ended. */
  margay_result (*set_attribute)(const margay_config* source, margay_str name, margay_str value);
  /* Calls `take` once with the value, which is good until that returns. FAILED: there is none, or
   * it is an object. */
  margay_result (*attribute)(const margay_config* source, margay_str name,
                             void (*take)(void* arg, margay_str value), void* arg);
  /* An object under a name, for types of the same library only. `type` is any address that stands
   * for what the object is. Takes the object over in any case: `destroy` is called once, on any
   * thread, when it was replaced or removed and nobody looks at it, at the application's end behind
   * `stopping`, or at once when this fails, as set_attribute does. */
  margay_result (*set_object)(const margay_config* source, margay_str name, const void* type,
                              void* object, void (*destroy)(void* object));
  /* Calls `take` once with the object, which is good until that returns. FAILED: there is none, it
   * is of another type or another library, or it is bytes. */
  margay_result (*object)(const margay_config* source, margay_str name, const void* type,
                          void (*take)(void* arg, void* object), void* arg);
  /* OK also when there was none of that name. */
  margay_result (*remove_attribute)(const margay_config* source, margay_str name);
  /* Calls `each` for the names of all attributes as they are now; it may call anything here. */
  void (*each_attribute)(const margay_config* source, void (*each)(void* arg, margay_str name),
                         void* arg);
  /* A <Parameter> of the application itself, also where the element of `source` has one of that
   * name; {NULL, 0}: there is none. Lives as long as the application. */
  margay_str (*parameter)(const margay_config* source, margay_str name);
  /* A folder of the application's own to write in, absolute. It is made when somebody asks, and
   * stays over reloads and restarts. {NULL, 0}: it could not be made; the reason is in the log. */
  margay_str (*work_folder)(const margay_config* source);

  /* From an endpoint, on the thread that has the exchange: it cannot answer now. Answers 503 with
   * Retry-After this request, and all that come within `seconds`, without calling the endpoint;
   * with -1 it is 404 and for ever. The reason goes to the log. CLOSED: too late to answer, but it
   * holds for the others. FAILED: no endpoint has this exchange. */
  margay_result (*unavailable)(margay_exchange*, int64_t seconds, margay_str reason);
} margay_application;

#ifdef __cplusplus
}
#endif
#endif
