// Who knows users, their passwords and their roles.
#pragma once

#include <atomic>
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
  // One of several realms refused, whatever the others could not tell.
  bool also_refused = false;
};

// Any number of workers; never a loop, as it may take long.
class Realm {
 public:
  virtual ~Realm() = default;
  virtual Answer authenticate(const Attempt& attempt) = 0;
  // Somebody who has proved by other means who they are, such as a certificate.
  virtual Answer find(std::string_view user) = 0;
  // Somebody whom another realm let in, as the one that a reload has replaced: as this one knows
  // them; null: it does not, or their password or roles have changed since. Quick; any thread.
  virtual PrincipalPointer adopt(const PrincipalPointer& user) const { return user; }
  // Control thread, every second or so: reads again what has changed.
  virtual void refresh() {}

  std::uint64_t number() const { return number_; }  // of this one among all of the process

 private:
  static std::uint64_t next_number() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
  }
  const std::uint64_t number_ = next_number();
};

}  // namespace container::security
