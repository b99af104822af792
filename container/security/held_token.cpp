// The token that a WebSocket came with, and how a newer one takes its place.
#include "container/security/held_token.h"

#include <algorithm>

namespace container::security {

std::optional<std::int64_t> HeldToken::renew(std::string_view token) const {
  const Finding finding = authenticator_->check_token(token);
  if (finding.kind != Finding::Kind::user) return std::nullopt;
  const Principal& fresh = *finding.user;
  const bool same = fresh.name == user_->name &&
                    std::all_of(user_->roles.begin(), user_->roles.end(),
                                [&](const std::string& role) { return fresh.has_role(role); });
  return same ? std::optional(fresh.expires) : std::nullopt;
}

}  // namespace container::security
