// Tokens that say who somebody is: JSON Web Tokens (RFC 7519), signed with HS256 by a shared
// secret.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <margay/config.h>

namespace chat {

// The subject of a token, or why it is refused.
struct Verdict {
  std::string user;            // empty: refused
  std::string_view objection;  // constant text
};

// Constant once made: any number of threads.
class Tokens {
 public:
  using Clock = std::chrono::system_clock;

  // From the parameters `secret`, at least 32 bytes (RFC 7518 section 3.2), and `lifetime`.
  explicit Tokens(const margay::Config& config);

  // The caller has checked the name. Empty when the library cannot: out of memory.
  std::string issue(std::string_view user, Clock::time_point now) const;
  Verdict check(const std::string& token, Clock::time_point now) const;

 private:
  std::string secret_;
  std::chrono::seconds lifetime_;
};

}  // namespace chat
