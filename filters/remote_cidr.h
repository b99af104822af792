// Lets requests in by the client's address.
#pragma once

#include <margay/plugin.h>

#include "filters/network.h"

namespace filters {

// Tomcat's RemoteCIDRValve and RemoteCIDRFilter. Parameters: `deny`, `allow` (blocks by CIDR),
// `denyStatus` (400..599, 403). Denied is who is in `deny`, then who is not in `allow`, when there
// is one. Over a Unix domain socket nobody has an address: they are let in when `allow` is not set.
class RemoteCidr : public margay::Filter {
 public:
  explicit RemoteCidr(const margay::Config& config);
  bool before(margay::Request& request, margay::Response& response) override;

 private:
  bool lets_in(std::string_view text) const;
  Networks allow_, deny_;
  int status_;
};

}  // namespace filters
