// The tokens of the sample "chat": whose they are, and which are refused.
#include <doctest/doctest.h>
#include <jwt.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "plugins/chat/token.h"

using namespace std::chrono_literals;
using chat::Tokens;

namespace {

constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";

// Tokens by these parameters.
class Issuer {
 public:
  explicit Issuer(std::string_view secret, std::string_view lifetime = "12h")
      : fields_{{margay::str("secret"), margay::str(secret)},
                {margay::str("lifetime"), margay::str(lifetime)}} {
    raw_.params = fields_.data();
    raw_.count = static_cast<std::uint32_t>(fields_.size());
  }
  Tokens tokens() const { return Tokens(margay::Config(host_, raw_)); }

 private:
  margay_host host_{};
  std::vector<margay_field> fields_;
  margay_config raw_{};
};

// Any token that the library can make.
std::string token(jwt_alg_t algorithm, const char* grants, std::string_view secret = kSecret) {
  jwt_t* made = nullptr;
  REQUIRE(::jwt_new(&made) == 0);
  const std::unique_ptr<jwt_t, void (*)(jwt_t*)> owner(made, ::jwt_free);
  REQUIRE(::jwt_add_grants_json(made, grants) == 0);
  const bool is_signed = algorithm != JWT_ALG_NONE;
  REQUIRE(::jwt_set_alg(made, algorithm,
                        is_signed ? reinterpret_cast<const unsigned char*>(secret.data()) : nullptr,
                        is_signed ? static_cast<int>(secret.size()) : 0) == 0);
  const std::unique_ptr<char, void (*)(void*)> text(::jwt_encode_str(made), std::free);
  return text.get();
}

const auto kNow = Tokens::Clock::time_point{} + std::chrono::hours(24 * 365 * 50);

}  // namespace

TEST_CASE("a token says whose it is, as long as it is good") {
  const Tokens tokens = Issuer(kSecret).tokens();
  for (const char* name : {"ann", "Jürgen"}) {
    const std::string text = tokens.issue(name, kNow);
    CHECK(tokens.check(text, kNow).user == name);
    CHECK(tokens.check(text, kNow + 12h - 1s).user == name);
    const chat::Verdict late = tokens.check(text, kNow + 12h);
    CHECK(late.user.empty());
    CHECK(late.objection == "the token has expired");
  }
}

TEST_CASE("tokens of others, and what is none") {
  const Tokens tokens = Issuer(kSecret).tokens();
  const std::string good = tokens.issue("ann", kNow);
  const std::string other = Issuer("another secret, of 32 bytes again").tokens().issue("ann", kNow);
  std::string changed = good;
  changed[changed.find('.') + 5] ^= 1;
  for (const std::string& bad :
       {other, changed, good.substr(0, good.rfind('.') + 1), good.substr(0, good.size() - 1),
        good + "x", std::string("x"), std::string(".."), std::string(5000, 'a'),
        good + std::string("\0x", 2)}) {
    CAPTURE(bad);
    const chat::Verdict verdict = tokens.check(bad, kNow);
    CHECK(verdict.user.empty());
    CHECK_FALSE(verdict.objection.empty());
  }
  CHECK(tokens.check("", kNow).objection.starts_with("a token is missing"));
}

TEST_CASE("what is signed otherwise, or says too little") {
  const Tokens tokens = Issuer(kSecret).tokens();
  const char* grants = R"({"sub":"ann","exp":4102444800})";
  REQUIRE(tokens.check(token(JWT_ALG_HS256, grants), kNow).user == "ann");
  CHECK(tokens.check(token(JWT_ALG_NONE, grants), kNow).user.empty());
  CHECK(tokens.check(token(JWT_ALG_HS512, grants), kNow).user.empty());
  for (const char* bad :
       {R"({"sub":"ann"})", R"({"sub":"ann","exp":"4102444800"})", R"({"exp":4102444800})",
        R"({"sub":"","exp":4102444800})", R"({"sub":"a b","exp":4102444800})",
        R"({"sub":7,"exp":4102444800})", R"({"sub":"ann","exp":4102444800,"nbf":4102444799})"}) {
    CAPTURE(bad);
    CHECK(tokens.check(token(JWT_ALG_HS256, bad), kNow).user.empty());
  }
}

TEST_CASE("a secret that anybody could guess is refused") {
  CHECK_THROWS_WITH_AS(Issuer(kSecret.substr(1)).tokens(),
                       "parameter 'secret' must have at least 32 bytes", margay::ConfigError);
  CHECK_THROWS_AS(Issuer(kSecret, "2d").tokens(), margay::ConfigError);
}
