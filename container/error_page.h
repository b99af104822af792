// The body of an error answer that no application wrote: small, escaped, in the form the client
// asked for.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace container {

struct ErrorReport {
  int status = 500;
  std::string_view path;         // as the client sees it
  std::string_view message;      // only what an application set for clients to read; empty: none
  std::string_view accept;       // the Accept fields, joined by commas; empty: none was sent
  std::string_view server_info;  // such as "Margay/0.1"; empty unless showServerInfo is set
  std::chrono::system_clock::time_point now;
};

// Describes what was appended. Without a body nothing was appended and the type is empty.
struct ErrorBody {
  std::string_view content_type;  // static
  std::size_t size = 0;
};

// Appends the body to `out`: HTML where Accept prefers text/html, JSON
// {timestamp,status,error,path[,message]} where it prefers that, says nothing or is indifferent (as
// Spring Boot does); none where it takes neither, where the status has no content (1xx, 204, 205,
// 304), and for an unregistered status without a message (as Tomcat does).
ErrorBody render_error(const ErrorReport& report, std::string& out);

}  // namespace container
