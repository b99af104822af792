// Somebody who has proved who they are.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace container::security {

// Constant once it is made; any thread.
struct Principal {
  std::string name;
  std::vector<std::string> roles;
  std::string claims;  // of a token, as JSON; else empty
  // When the token ends, leeway included; seconds since 1970, 0: never.
  std::int64_t expires = 0;
  // Of a user in a file: stands for what was stored of them; else empty.
  std::string stamp{};
  // Set when the file has this user no more, or with another password or other roles; null: never.
  // Whoever was logged in as them is not any more.
  std::shared_ptr<std::atomic<bool>> outdated{};

  bool is_outdated() const {
    return outdated != nullptr && outdated->load(std::memory_order_relaxed);
  }
  bool has_role(std::string_view role) const {
    return std::find(roles.begin(), roles.end(), role) != roles.end();
  }
};
using PrincipalPointer = std::shared_ptr<const Principal>;

}  // namespace container::security
