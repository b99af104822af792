// Any target and any Authorization header: what leads to a guarded endpoint is always guarded, and
// nobody comes in without a secret. The first byte chooses the rules of targets and the
// authenticator, the next two how long the target is; the header follows.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "container/context_table.h"
#include "container/route_table.h"
#include "container/security/admission.h"
#include "container/target.h"
#include "server/crypto/bytes.h"
#include "tests/support/fuzz_input.h"

using namespace container;
using tests::require;

namespace {

constexpr std::uint32_t kOpen = 0, kSecret = 1;

// Knows one user, whose password no input can have.
struct OneUser final : security::Realm {
  security::Answer authenticate(const security::Attempt& attempt) override {
    const bool right =
        attempt.proves ? attempt.proves(password) : std::string_view(password) == attempt.password;
    if (attempt.user != "ada" || !right) return {};
    return {security::Outcome::accepted, std::make_shared<const security::Principal>()};
  }
  security::Answer find(std::string_view) override { return {}; }
  const std::string password = server::crypto::random_bytes(32);
};

RouteTable table(const std::vector<std::pair<const char*, std::uint32_t>>& patterns) {
  std::vector<Route> routes;
  for (const auto& [pattern, index] : patterns) routes.push_back({*Pattern::parse(pattern), index});
  return *RouteTable::build(routes);
}

struct Stage {
  Stage() {
    LoginConfig login;
    basic.authenticator = security::make_basic(login, realm);
    login.digest_algorithms = {"SHA-256", "MD5"};
    digest.authenticator = security::make_digest(login, realm);
    basic.realm = digest.realm = realm;
    guard.add({.roles = std::vector<std::string>{"**"}});
  }
  std::shared_ptr<OneUser> realm = std::make_shared<OneUser>();
  security::Security basic, digest;
  security::Guard guard;
  security::TokenCache tokens;
  RouteTable endpoints =
      table({{"/*", kOpen}, {"/secret/*", kSecret}, {"/x/{id}", kSecret}, {"*.key", kSecret}});
  RouteTable guarded = table({{"/secret/*", 0}, {"/x/{id}", 0}, {"*.key", 0}});
  ContextTable contexts = *ContextTable::build(std::vector<ContextEntry>{{"", 0}, {"/app", 1}});
};

TargetRules rules_of(unsigned choice) {
  const auto separator = [](unsigned n) { return static_cast<EncodedSeparator>(n % 3); };
  TargetRules rules;
  rules.encoded_solidus = separator(choice & 3U);
  rules.encoded_reverse_solidus = separator(choice >> 2U & 3U);
  rules.allow_backslash = (choice & 16U) != 0;
  return rules;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Stage stage;
  tests::Input input({reinterpret_cast<const char*>(data), size});
  const unsigned choice = input.byte();
  const std::size_t length = input.byte() | input.byte() << 8U;
  const std::string raw(input.bytes(length));
  const std::string header(input.bytes(size));

  std::vector<char> room(raw.size());
  const auto target = parse_target(raw, rules_of(choice), room);
  if (!target) return 0;
  const auto context = stage.contexts.lookup(target->path);
  require(context.has_value());
  const std::string_view path = context->rest.empty() ? "/" : context->rest;
  RouteMatch endpoint, guard;
  require(stage.endpoints.lookup(path, endpoint));
  const bool is_guarded = stage.guarded.lookup(path, guard);
  require(is_guarded == (endpoint.index == kSecret));

  const std::array<server::Field, 1> fields{
      server::Field{std::string_view("authorization"), std::string_view(header)}};
  server::RequestHead head;
  head.method = "GET";
  head.target = raw;
  if (!header.empty()) {
    head.fields = fields;
    head.first[static_cast<std::size_t>(server::Known::authorization)] = 1;
  }
  const security::Security& security = (choice & 32U) != 0 ? stage.digest : stage.basic;
  security::Admission admission(is_guarded ? &stage.guard : nullptr, &security);
  const security::Evidence evidence{.head = head, .query = target->query, .address = "10.0.0.1"};
  admission.look(evidence, stage.tokens);
  const int status = admission.decide(evidence, {});
  require(admission.user() == nullptr);
  require(status == (is_guarded ? 401 : 0));
  return 0;
}
