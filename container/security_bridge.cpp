// What plugins ask about users: the interface "security/1".
#include "container/security_bridge.h"

#include <margay/text.h>

#include "container/invocation.h"

namespace container {

namespace {

LoginUse& logins(margay_exchange* exchange) {
  return reinterpret_cast<Invocation*>(exchange)->logins();
}

const std::optional<security::Admission>& admission_of(margay_exchange* exchange) {
  return reinterpret_cast<const Invocation*>(exchange)->admission();
}

using margay::str;

}  // namespace

const margay_security& security_functions() {
  static const margay_security table{
      .size = sizeof(margay_security),
      .is_user_in_role = [](margay_exchange* exchange, margay_str role) -> int {
        const auto& admission = admission_of(exchange);
        return admission && admission->is_user_in_role({role.data, role.size}) ? 1 : 0;
      },
      .auth_type =
          [](margay_exchange* exchange) {
            const auto& admission = admission_of(exchange);
            return admission ? str(admission->auth_type()) : margay_str{nullptr, 0};
          },
      .claims =
          [](margay_exchange* exchange) {
            const auto& admission = admission_of(exchange);
            const bool known =
                admission && admission->user() != nullptr && !admission->user()->claims.empty();
            return known ? str(admission->user()->claims) : margay_str{nullptr, 0};
          },
      .login =
          [](margay_exchange* exchange, margay_str user, margay_str password) {
            return logins(exchange).log_in({user.data, user.size}, {password.data, password.size});
          },
      .logout = [](margay_exchange* exchange) { return logins(exchange).log_out(); },
      .authenticate = [](margay_exchange* exchange) { return logins(exchange).authenticate(); },
  };
  return table;
}

}  // namespace container
