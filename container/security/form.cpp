// FORM (Servlet 6.0 section 13.6.3).
#include "container/security/form.h"

#include <margay/form.h>

namespace container::security {

namespace {

std::string from_latin1(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0U | code >> 6U);
      out += static_cast<char>(0x80U | (code & 0x3FU));
    }
  }
  return out;
}

class Form final : public Authenticator {
 public:
  explicit Form(const LoginConfig& config)
      : challenge_("Form realm=\"" + config.realm_name + '"') {}

  std::string_view type() const override { return "FORM"; }
  bool checks_on_loop() const override { return true; }
  bool has_credentials(const Evidence&) const override { return false; }
  Finding check(const Evidence&, TokenCache*) override { return {}; }
  // For who cannot show a page. No client knows this scheme, but a 401 must name one.
  void challenge(server::ResponseHead& head, server::Arena& arena, const Finding&) override {
    head.set(arena, "WWW-Authenticate", challenge_);
  }

 private:
  const std::string challenge_;
};

bool is_form(std::string_view content_type) {
  return server::equal_ignoring_case(server::trim(content_type.substr(0, content_type.find(';'))),
                                     "application/x-www-form-urlencoded");
}

}  // namespace

FormRules::FormRules(const LoginConfig& config)
    : login_page(config.login_page),
      error_page(config.error_page),
      landing_page(config.landing_page),
      most_saved(static_cast<std::size_t>(config.max_save_post_size)),
      patience(
          std::chrono::duration_cast<std::chrono::seconds>(config.authentication_session_timeout)),
      encoding(config.character_encoding) {}

bool FormRules::is_page(std::string_view path) const {
  const auto is = [&](std::string_view page) { return path == page.substr(0, page.find('?')); };
  return is(login_page) || is(error_page);
}

std::optional<FormCredentials> read_login_form(std::string_view content_type, std::string_view body,
                                               FormEncoding encoding) {
  if (!is_form(content_type)) return std::nullopt;
  const auto field = [&](std::string_view name) {
    std::optional<std::string> found;
    margay::detail::each_pair(body, [&](std::string_view one, std::string_view value) {
      if (margay::detail::same_form_name(one, name)) found = margay::detail::form_decode(value);
      return !found;
    });
    if (found && encoding == FormEncoding::latin1) found = from_latin1(*found);
    return found;
  };
  auto user = field("j_username");
  auto password = field("j_password");
  if (!user || !password || user->empty() || user->find('\0') != user->npos ||
      password->find('\0') != password->npos)
    return std::nullopt;
  return FormCredentials{std::move(*user), std::move(*password)};
}

std::unique_ptr<Authenticator> make_form(const LoginConfig& config) {
  return std::make_unique<Form>(config);
}

}  // namespace container::security
