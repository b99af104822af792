// The answer to TRACE: the request as it came in, without what a script must not get to see.
#include "container/trace.h"

#include <string_view>

namespace container {

namespace {

bool is_sensitive(std::string_view name) {
  return name == "cookie" || name == "authorization" || name == "proxy-authorization" ||
         name == "forwarded" || name.starts_with("x-forwarded-");
}

}  // namespace

void render_trace(const server::RequestHead& request, std::string& to) {
  to.append(request.method).append(" ").append(request.target).append(" ");
  to.append(request.protocol).append("\r\n");
  for (const server::Field& field : request.fields)
    if (!is_sensitive(field.name))
      to.append(field.name).append(": ").append(field.value).append("\r\n");
  to.append("\r\n");
}

}  // namespace container
