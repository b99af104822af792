// FORM (Servlet 6.0 section 13.6.3): a page of the application asks for user and password, and its
// form comes to `j_security_check`.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "container/config/security_config.h"
#include "container/security/authenticator.h"

namespace container::security {

// What <LoginConfig authMethod="FORM"> says. Constant.
struct FormRules {
  explicit FormRules(const LoginConfig& config);

  // Paths within the context, perhaps with a query; `landing_page` may be empty.
  std::string login_page, error_page, landing_page;
  std::size_t most_saved;         // bytes of a body that is kept over a login
  std::chrono::seconds patience;  // how long a session that was made for a login waits for it
  FormEncoding encoding;

  // Of a path within the context: where people have to come without a login.
  bool is_page(std::string_view path) const;
  // Any path that ends so, as the form of a page in a folder goes to a neighbour of it.
  static bool takes_form(std::string_view path) { return path.ends_with("/j_security_check"); }

  static constexpr std::size_t kMostForm = 16 * 1024;  // bytes; longer ones are answered 413
};

struct FormCredentials {
  std::string user, password;  // UTF-8, but for what the client made up
};

// `j_username` and `j_password` of a form body. Nothing: it is none, lacks one of them, or a NUL is
// in it.
std::optional<FormCredentials> read_login_form(std::string_view content_type, std::string_view body,
                                               FormEncoding encoding);

// Knows nobody by itself: users are found in the session.
std::unique_ptr<Authenticator> make_form(const LoginConfig& config);

}  // namespace container::security
