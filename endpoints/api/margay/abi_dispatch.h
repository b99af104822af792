/* Dispatches within an application (servlet RequestDispatcher and AsyncContext.dispatch), the
 * optional interface "dispatch/1"; the rules of growth and life in abi.h hold. Since ABI 1.4.
 */
#ifndef MARGAY_ABI_DISPATCH_H
#define MARGAY_ABI_DISPATCH_H

#include <margay/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How an application's patterns take a path (servlet MappingMatch). */
typedef enum margay_mapping_match {
  MARGAY_MATCH_NONE = 0,
  MARGAY_MATCH_PATH = 1, /* exact, a template, or a prefix */
  MARGAY_MATCH_EXTENSION = 2,
  MARGAY_MATCH_DEFAULT = 3
} margay_mapping_match;

/* query("dispatch/1"). On the thread that has the exchange. Paths are those of requests, from
 * behind the context path on: percent-encoded, perhaps with a query, whose parameters come before
 * those of the client; without a slash before it a path begins in the folder of the current one.
 * FAILED with the reason in the log: a path or name that is not valid, no application, a committed
 * answer, or more than 16 dispatches of one exchange. */
typedef struct margay_dispatches {
  uint32_t size;
  /* The answer is another endpoint's from the end of this call on: what was written is dropped,
   * status and fields stay, and further writes are CLOSED. Filters of FORWARD come before it. It
   * gets the body in the way this one would have. */
  margay_result (*forward)(margay_exchange*, margay_str path);
  margay_result (*forward_named)(margay_exchange*, margay_str endpoint); /* the path stays */
  /* Forward of an exchange that is suspended, for the filters of ASYNC; an empty path is that of
   * the client's request. */
  margay_result (*redispatch)(margay_exchange*, margay_str path);
  /* What the other endpoint writes becomes a part of this answer; its status and fields do not, and
   * it cannot suspend. `status` is what it would have answered: 400 and more is an error. Filters
   * of INCLUDE come before it, without their moments `head` and `body`. FAILED, too, where it runs
   * on a worker and this is the loop. */
  margay_result (*include)(margay_exchange*, margay_str path, int* status);
  margay_result (*include_named)(margay_exchange*, margay_str endpoint, int* status);
  /* A margay_mapping_match: which kind of pattern of the application takes the path, which is
   * decoded here; NONE, too, where it leads to the endpoint that asks. */
  int (*leads_to)(margay_exchange*, margay_str path);
  /* Whether a client that asks for this path, which is decoded here, has to meet the same
   * constraints as the one of this request had: 1 or 0. What shows under one path what is another's
   * asks this before; dispatches are judged by nobody. 1, too, where no client asked for the path
   * of this call, as in a forward. */
  int (*is_guarded_alike)(margay_exchange*, margay_str path);
} margay_dispatches;

#ifdef __cplusplus
}
#endif
#endif
