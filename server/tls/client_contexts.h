// The contexts that clients of TLS use at the moment, so that many clients share one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include <tl/expected.hpp>

#include "server/tls/client_context.h"

namespace server::tls {

// Any thread. A context goes with its last user; a file that has changed means a new one, for those
// who ask from then on.
class ClientContexts {
 public:
  // As ClientContext::load; on the calling thread, where it reads files.
  tl::expected<std::shared_ptr<const ClientContext>, std::string> take(
      const ClientOptions& options);

 private:
  // Of one file: inode, size, and when it was written.
  using Stamp = std::tuple<std::uint64_t, std::int64_t, std::int64_t, std::int64_t>;
  struct Key {
    ClientOptions options;
    std::vector<Stamp> stamps;
    auto operator<=>(const Key&) const = default;
  };
  static Stamp stamp_of(const std::string& file);

  std::mutex mutex_;  // guards contexts_; held while files are read
  std::map<Key, std::weak_ptr<const ClientContext>> contexts_;
};

}  // namespace server::tls
