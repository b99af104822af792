// The token that a WebSocket came with, and how a newer one takes its place.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "container/security/authenticator.h"

namespace container::security {

// Constant; any thread. Keeps the keys, and nothing of an application's code: may outlive it.
class HeldToken {
 public:
  HeldToken(std::shared_ptr<Authenticator> authenticator, PrincipalPointer user)
      : authenticator_(std::move(authenticator)), user_(std::move(user)) {}

  // When the newer token ends, as Principal::expires. Nothing: it is refused, since it is not good,
  // of somebody else, or lacks one of the roles that let the first one in.
  std::optional<std::int64_t> renew(std::string_view token) const;

 private:
  const std::shared_ptr<Authenticator> authenticator_;
  const PrincipalPointer user_;
};

}  // namespace container::security
