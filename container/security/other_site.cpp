// Whether a page of another site made a browser send a request.
#include "container/security/other_site.h"

namespace container::security {

bool comes_from_other_site(const server::RequestHead& head, const PageOrigin& server) {
  // `none` is somebody who typed the address.
  const std::string_view site = head.find("sec-fetch-site");
  if (!site.empty()) return site != "same-origin" && site != "none";
  const std::string_view origin = head.find("origin");
  if (origin.empty()) return false;
  const auto page = read_origin(origin);
  return !page || !(*page == server);
}

}  // namespace container::security
