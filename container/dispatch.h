// Dispatches within the server, as the servlet specification knows them: what one exchange keeps of
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <margay/abi.h>

#include "server/arena.h"

namespace container {

struct MappedEndpoint;

// Where a request is, or was: Tomcat's five attributes of a dispatch.
struct DispatchPaths {
  std::string_view request_uri, context_path, servlet_path, path_info, query;
};

// What is being reported by an error page.
struct ReportedError {
  int status = 0;
  std::string_view message;    // written for clients; empty: none
  std::string_view path;       // of the request that failed
  std::string_view method;     // the same
  std::string_view query;      // the same
  std::string_view endpoint;   // name of the endpoint; empty: none was found
  std::string_view exception;  // the type's name; empty: nothing was thrown
  std::string_view detail;     // what it said
  std::string_view trace;      // what it is and what has caused it, a line each
};

// A dispatch that waits for the end of the turn.
struct PendingDispatch {
  margay_dispatcher kind = MARGAY_FORWARD;
  std::string_view path;                     // within the application, with a query
  const MappedEndpoint* endpoint = nullptr;  // by name: the paths stay as they are
};

// At most so many for one exchange; more are a circle, and a 500.
inline constexpr int kMaxDispatches = 16;
// Includes within includes.
inline constexpr int kMaxIncludes = 16;

struct Dispatches {
  std::optional<DispatchPaths> forwarded;   // where the request was before the first forward
  std::optional<DispatchPaths> async;       // the same before the first ASYNC dispatch
  const DispatchPaths* included = nullptr;  // what is being included; null: nothing
  std::optional<PendingDispatch> pending;
  int count = 0;
  int depth = 0;             // of includes
  int include_status = 200;  // of the innermost
  bool include_over = false;
  ReportedError error;
};

// The value under one of the names of the servlet specification, `jakarta.servlet.forward.*`,
// `.include.*`, `.async.*` and `.error.*`; texts are the dispatches' own or the arena's.
std::optional<std::string_view> dispatch_attribute(const Dispatches& dispatches,
                                                   std::string_view name, server::Arena& arena);

}  // namespace container
