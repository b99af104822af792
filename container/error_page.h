// The body of an error answer that no application wrote: small, escaped, in the form the client
// asked for.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "container/config/error_policy.h"

namespace container {

// What goes out; what shall not is empty.
struct ErrorReport {
  int status = 500;
  std::string_view path;           // as the client sees it
  std::string_view message;        // a sentence
  std::string_view detail{};       // what an exception says; for told() alone
  std::string_view exception{};    // the type's name
  std::string_view trace{};        // lines
  std::string_view errors{};       // a JSON array
  std::string_view accept;         // the Accept fields, joined by commas; empty: none was sent
  std::string_view server_info{};  // such as "Margay/0.1"; empty unless showServerInfo is set
  std::chrono::system_clock::time_point now{};
};

// Describes what was appended. Without a body nothing was appended and the type is empty.
struct ErrorBody {
  std::string_view content_type;  // static
  std::size_t size = 0;
};

// What the policy leaves of `all` for a request with this query.
ErrorReport told(ErrorReport all, const ErrorPolicy& policy, std::string_view query);

// Appends the body to `out`: HTML where Accept prefers text/html, JSON
// {timestamp,status,error[,exception,message,errors,trace,path]} where it prefers that, says
// nothing or is indifferent (as Spring Boot does); none where it takes neither, where the status
// has no content (1xx, 204, 205, 304), and for an unregistered status without a message (as Tomcat
// does). HTML is what `view` appends where there is one, else the built-in page.
ErrorBody render_error(const ErrorReport& report, std::string& out,
                       const std::function<void(std::string&)>& view = {});

std::string timestamp(std::chrono::system_clock::time_point when);  // RFC 3339, UTC, milliseconds

}  // namespace container
