// The request attributes that tell of dispatches (Servlet 6 sections 9.3.1, 9.4.2, 9.7.2, 10.9.1).
#include <charconv>

#include "container/dispatch.h"

namespace container {

namespace {

using Value = std::optional<std::string_view>;

bool take(std::string_view& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  return true;
}

Value path_value(const DispatchPaths& paths, std::string_view name) {
  if (name == "request_uri") return paths.request_uri;
  if (name == "context_path") return paths.context_path;
  if (name == "servlet_path") return paths.servlet_path;
  if (name == "path_info" && !paths.path_info.empty()) return paths.path_info;
  if (name == "query_string" && !paths.query.empty()) return paths.query;
  return std::nullopt;
}

Value error_value(const ReportedError& error, std::string_view name, server::Arena& arena) {
  if (name == "status_code") {
    char* room = arena.array<char>(3);
    const auto end = std::to_chars(room, room + 3, error.status).ptr;
    return std::string_view(room, static_cast<std::size_t>(end - room));
  }
  if (name == "message") return error.message.empty() ? error.detail : error.message;
  if (name == "request_uri") return error.path;
  if (name == "method") return error.method;
  if (name == "query_string" && !error.query.empty()) return error.query;
  if (name == "servlet_name" && !error.endpoint.empty()) return error.endpoint;
  if (name == "exception_type" && !error.exception.empty()) return error.exception;
  if (name == "exception" && !error.trace.empty()) return error.trace;
  return std::nullopt;
}

}  // namespace

Value dispatch_attribute(const Dispatches& dispatches, std::string_view name,
                         server::Arena& arena) {
  if (!take(name, "jakarta.servlet.") && !take(name, "javax.servlet.")) return std::nullopt;
  if (dispatches.forwarded && take(name, "forward."))
    return path_value(*dispatches.forwarded, name);
  if (dispatches.async && take(name, "async.")) return path_value(*dispatches.async, name);
  if (dispatches.included != nullptr && take(name, "include."))
    return path_value(*dispatches.included, name);
  if (dispatches.error.status != 0 && take(name, "error."))
    return error_value(dispatches.error, name, arena);
  return std::nullopt;
}

}  // namespace container
