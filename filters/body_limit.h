// No longer requests than so.
#pragma once

#include <margay/plugin.h>

#include <cstdint>

namespace filters {

// Parameters: `maxBody` (1MiB), `requireLength` (false). A request whose Content-Length is more is
// answered 413, where the endpoint streams before any of its body is read; a buffered body without
// a Content-Length once it is there, for which the Connector's maxPostSize is the limit in memory.
// What an endpoint reads piece by piece is not counted here: with `requireLength` a body that does
// not say its length is answered 411.
class BodyLimit : public margay::Filter {
 public:
  explicit BodyLimit(const margay::Config& config);
  bool before(margay::Request& request, margay::Response& response) override;

 private:
  std::int64_t most_;
  bool require_length_;
};

}  // namespace filters
