/* Realms, which know users, and the optional interface "security/1", which tells of them; the rules
 * of growth and life in abi.h hold. Since ABI 1.4.
 */
#ifndef MARGAY_ABI_SECURITY_H
#define MARGAY_ABI_SECURITY_H

#include <margay/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Who somebody turned out to be; a realm fills it in by its functions, which copy. Without `name`
 * it is the name that was asked for. At most 256 roles. */
typedef struct margay_identity margay_identity;
struct margay_identity {
  uint32_t size;
  void (*name)(margay_identity*, margay_str name);
  void (*role)(margay_identity*, margay_str role);
};

/* Workers call it, many at once, and it may block. OK = that is who it is; CLOSED = no such user,
 * or another password; FAILED = it could not be found out, which is answered 503. Unknown users
 * should cost as much time as wrong passwords. */
struct margay_realm_type {
  uint32_t size;
  uint32_t flags; /* 0 */
  const char* name;
  /* Control thread. NULL = failed, with the reason in `failure`. */
  void* (*create)(const margay_host*, const margay_config*, margay_failure*);
  /* `address` is the client's, as text; empty when it is not known. */
  margay_result (*authenticate)(void* self, margay_str user, margay_str password,
                                margay_str address, margay_identity* into);
  /* Somebody whose certificate has proved who they are: `user` is its subject as in RFC 2253. NULL:
   * nobody comes in like that. */
  margay_result (*find)(void* self, margay_str user, margay_identity* into);
  void (*destroy)(void* self); /* control thread, after the last call */
};

/* query("security/1"). On the thread that has the exchange. Texts live as long as the exchange. */
typedef struct margay_security {
  uint32_t size;
  /* 1: the user has the role; `**` is every user's. */
  int (*is_user_in_role)(margay_exchange*, margay_str role);
  margay_str (*auth_type)(margay_exchange*); /* "BASIC" and its like; empty: nobody */
  /* Claims of a verified token as JSON; {NULL, 0}: there is none. */
  margay_str (*claims)(margay_exchange*);

  /* What follows is not for a filter's `before` of <Engine> or <Host>, and needs a <LoginConfig>.
   */

  /* Asks the realm, which may take long. OK: from now on, and in the session, this is the user; the
   * session is made when there is none, and else gets another id. CLOSED: no such user, another
   * password, or locked out. FULL: too many checks of passwords, or sessions, just now. FAILED: the
   * realm could not tell, there is none, this is a loop, or the answer is committed. */
  margay_result (*login)(margay_exchange*, margay_str user, margay_str password);
  /* From now on there is no user, neither here nor in the session, whose WebSockets are closed with
   * 1008. FAILED: the application has no users. */
  margay_result (*logout)(margay_exchange*);
  /* As a constraint would that demands a user. OK: there is one. CLOSED: it is answered (401, or
   * the way to the login page). FAILED: the application has no users, the answer is committed, or
   * this is a loop and the credentials take long to check. */
  margay_result (*authenticate)(margay_exchange*);
} margay_security;

#ifdef __cplusplus
}
#endif
#endif
