// BASIC (RFC 7617) and CLIENT-CERT, and what authenticators have in common.
#include <algorithm>
#include <string>
#include <utility>

#include "container/security/authenticator.h"
#include "server/crypto/bytes.h"

namespace container::security {

std::string_view credentials_of(const server::RequestHead& head, std::string_view scheme) {
  std::string_view found;
  int count = 0;
  for (const server::Field& field : head.fields)
    if (std::string_view(field.name) == "authorization") {
      found = server::trim(field.value);
      ++count;
    }
  if (count != 1 || found.size() <= scheme.size() || found[scheme.size()] != ' ' ||
      !server::equal_ignoring_case(found.substr(0, scheme.size()), scheme))
    return {};
  return server::trim(found.substr(scheme.size()));
}

Finding finding_of(Answer answer) {
  switch (answer.outcome) {
    case Outcome::accepted:
      return {Finding::Kind::user, std::move(answer.principal)};
    case Outcome::busy:
      return {Finding::Kind::busy};
    case Outcome::failed:
      return {Finding::Kind::failed};
    case Outcome::refused:
      break;
  }
  return {Finding::Kind::refused};
}

namespace {

class Basic final : public Authenticator {
 public:
  Basic(const LoginConfig& config, std::shared_ptr<Realm> realm)
      : realm_(std::move(realm)),
        challenge_("Basic realm=\"" + config.realm_name +
                   (config.charset ? "\", charset=\"UTF-8\"" : "\"")) {}

  std::string_view type() const override { return "BASIC"; }
  bool has_credentials(const Evidence& evidence) const override {
    return !credentials_of(evidence.head, "basic").empty();
  }
  Finding check(const Evidence& evidence, TokenCache*) override {
    const std::string_view given = credentials_of(evidence.head, "basic");
    if (given.empty()) return {};
    const auto decoded = server::crypto::from_base64(given, server::crypto::Base64::standard);
    const auto colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos || decoded->find('\0') != std::string::npos)
      return {Finding::Kind::refused};
    const std::string_view both = *decoded;
    return finding_of(realm_->authenticate({.user = both.substr(0, colon),
                                            .password = both.substr(colon + 1),
                                            .address = evidence.address}));
  }
  void challenge(server::ResponseHead& head, server::Arena& arena, const Finding&) override {
    head.set(arena, "WWW-Authenticate", challenge_);
  }

 private:
  const std::shared_ptr<Realm> realm_;
  const std::string challenge_;
};

class ClientCert final : public Authenticator {
 public:
  explicit ClientCert(std::shared_ptr<Realm> realm) : realm_(std::move(realm)) {}

  std::string_view type() const override { return "CLIENT_CERT"; }
  bool has_credentials(const Evidence& evidence) const override {
    return evidence.tls != nullptr && !evidence.tls->certificates.empty();
  }
  Finding check(const Evidence& evidence, TokenCache*) override {
    if (!has_credentials(evidence)) return {};
    if (!evidence.tls->distrust.empty()) return {Finding::Kind::refused};
    return finding_of(realm_->find(evidence.tls->certificates.front().subject));
  }
  // There is no header that asks for a certificate: the connector does, or nobody.
  void challenge(server::ResponseHead&, server::Arena&, const Finding&) override {}

 private:
  const std::shared_ptr<Realm> realm_;
};

}  // namespace

std::unique_ptr<Authenticator> make_basic(const LoginConfig& config, std::shared_ptr<Realm> realm) {
  return std::make_unique<Basic>(config, std::move(realm));
}

std::unique_ptr<Authenticator> make_client_cert(std::shared_ptr<Realm> realm) {
  return std::make_unique<ClientCert>(std::move(realm));
}

}  // namespace container::security
