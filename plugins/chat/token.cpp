// The one file that knows libjwt.
#include "token.h"

#include <jwt.h>

#include <cstdlib>
#include <memory>

#include "rules.h"

namespace chat {

namespace {

struct FreeToken {
  void operator()(jwt_t* token) const { ::jwt_free(token); }
};
using Token = std::unique_ptr<jwt_t, FreeToken>;

constexpr std::size_t kShortestSecret = 32;
constexpr std::size_t kLongestToken = 4096;

const unsigned char* key(const std::string& secret) {
  return reinterpret_cast<const unsigned char*>(secret.data());
}

long seconds(Tokens::Clock::time_point time) {
  return static_cast<long>(Tokens::Clock::to_time_t(time));
}

}  // namespace

Tokens::Tokens(const margay::Config& config)
    : secret_(config.require("secret")),
      lifetime_(std::chrono::duration_cast<std::chrono::seconds>(config.duration(
          "lifetime", std::chrono::hours(12), std::chrono::seconds(1), std::chrono::hours(24)))) {
  if (secret_.size() < kShortestSecret)
    throw margay::ConfigError("secret", "parameter 'secret' must have at least 32 bytes");
}

std::string Tokens::issue(std::string_view user, Clock::time_point now) const {
  jwt_t* made = nullptr;
  if (::jwt_new(&made) != 0) return {};
  const Token token(made);
  if (::jwt_set_alg(made, JWT_ALG_HS256, key(secret_), static_cast<int>(secret_.size())) != 0 ||
      ::jwt_add_grant(made, "sub", std::string(user).c_str()) != 0 ||
      ::jwt_add_grant_int(made, "iat", seconds(now)) != 0 ||
      ::jwt_add_grant_int(made, "exp", seconds(now + lifetime_)) != 0)
    return {};
  const std::unique_ptr<char, void (*)(void*)> text(::jwt_encode_str(made), std::free);
  return text ? text.get() : std::string();
}

Verdict Tokens::check(const std::string& text, Clock::time_point now) const {
  if (text.empty()) return {{}, "a token is missing: add it to the query as 'token'"};
  if (text.size() > kLongestToken) return {{}, "the token is too long"};
  jwt_t* decoded = nullptr;
  if (text.find('\0') != text.npos ||
      ::jwt_decode(&decoded, text.c_str(), key(secret_), static_cast<int>(secret_.size())) != 0)
    return {{}, "the token is not valid"};
  const Token token(decoded);
  // The library takes a token that says "none" for its algorithm without any signature.
  if (::jwt_get_alg(decoded) != JWT_ALG_HS256) return {{}, "the token is not valid"};
  if (::jwt_get_grant_int(decoded, "exp") <= seconds(now)) return {{}, "the token has expired"};
  if (::jwt_get_grant_int(decoded, "nbf") > seconds(now)) return {{}, "the token is not valid yet"};
  const char* user = ::jwt_get_grant(decoded, "sub");
  if (user == nullptr || !is_name(user)) return {{}, "the token names nobody"};
  return {user, {}};
}

}  // namespace chat
