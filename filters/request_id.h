// A name for each request that proxies, logs and clients share.
#pragma once

#include <margay/plugin.h>

#include <string>

namespace filters {

// Takes the client's `X-Request-Id` when it is 1 to 128 letters, digits or any of `-_.:+/=`, else
// makes one. The endpoint finds it as the attribute `margay.requestId`, the client in the answer.
// Parameters: `header` (X-Request-Id), `accept` (true; false always makes one).
class RequestId : public margay::Filter {
 public:
  explicit RequestId(const margay::Config& config);
  bool before(margay::Request& request, margay::Response& response) override;

 private:
  std::string header_;
  std::string process_;  // unlike that of other processes
  bool accept_;
};

}  // namespace filters
