// Where a page comes from, as browsers say in the field Origin (RFC 6454).
#include "filters/origin.h"

namespace filters {

bool is_own_origin(const margay::Request& request, std::string_view origin) {
  const std::string_view scheme = request.scheme();
  if (!origin.starts_with(scheme)) return false;
  origin.remove_prefix(scheme.size());
  if (!origin.starts_with("://")) return false;
  origin.remove_prefix(3);
  const std::string_view name = request.server_name();
  if (!origin.starts_with(name)) return false;
  origin.remove_prefix(name.size());
  if (origin.empty()) return request.server_port() == (scheme == "https" ? 443 : 80);
  return origin.starts_with(':') &&
         margay::detail::number(origin.substr(1), -1) == request.server_port();
}

bool is_origin(std::string_view text) {
  const auto colon = text.find("://");
  return text == "null" || (colon != text.npos && colon > 0 && text.size() > colon + 3 &&
                            text.find_first_of("/*", colon + 3) == text.npos);
}

}  // namespace filters
