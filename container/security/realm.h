// Who knows users, their passwords and their roles.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "container/security/principal.h"

namespace container::security {

// What somebody claims: a user with a password, or with a proof of DIGEST that `proves` checks
// against the password itself.
struct Attempt {
  std::string_view user;
  std::string_view password;
  std::string_view address;  // of the client; empty: not known
  std::function<bool(std::string_view password)> proves{};
};

enum class Outcome : std::uint8_t {
  accepted,
  refused,
  busy,   // as many checks as may be are under way: 503
  failed  // it could not be found out: 503
};

struct Answer {
  Outcome outcome = Outcome::refused;
  PrincipalPointer principal{};  // of `accepted`
};

// Any number of workers; never a loop, as it may take long.
class Realm {
 public:
  virtual ~Realm() = default;
  virtual Answer authenticate(const Attempt& attempt) = 0;
  // Somebody who has proved by other means who they are, such as a certificate.
  virtual Answer find(std::string_view user) = 0;
  // Control thread, every second or so: reads again what has changed.
  virtual void refresh() {}
};

}  // namespace container::security
