// How a request shows who sends it.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "container/config/security_config.h"
#include "container/security/realm.h"
#include "container/security/token_cache.h"
#include "server/message.h"
#include "server/tls/facts.h"

namespace container::security {

// What of a request counts. Views; as long as the call.
struct Evidence {
  const server::RequestHead& head;
  std::string_view query;
  std::string_view address;
  const server::tls::Facts* tls = nullptr;  // null: plain
  bool is_handshake = false;                // of a WebSocket
};

struct Finding {
  enum class Kind : std::uint8_t { nobody, user, refused, stale, busy, failed };
  Kind kind = Kind::nobody;
  PrincipalPointer user{};
  std::string_view reason{};  // constant; of a token that was refused
};

// Constant but for what it keeps in mind; any thread.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  virtual std::string_view type() const = 0;  // request.auth_type()
  // Whether `check` is quick and takes a loop's cache; else it is for workers.
  virtual bool checks_on_loop() const { return false; }
  virtual bool has_credentials(const Evidence& evidence) const = 0;
  virtual Finding check(const Evidence& evidence, TokenCache* cache) = 0;
  // Whether it takes tokens, and who one stands for that came later than its request. Quick.
  virtual bool has_tokens() const { return false; }
  virtual Finding check_token(std::string_view /*token*/) { return {}; }
  // What a 401 must say (RFC 9110 section 15.5.2).
  virtual void challenge(server::ResponseHead& head, server::Arena& arena,
                         const Finding& finding) = 0;
  // What a 403 should say to this user, or to nobody.
  virtual void forbid(server::ResponseHead& /*head*/, server::Arena& /*arena*/, const Finding&) {}
  // The query parameter that may hold a secret, which logs must not show; empty: none.
  virtual std::string_view secret_parameter() const { return {}; }
  virtual void refresh() {}  // control thread
};

// Value behind the name of a scheme in an Authorization header (RFC 9110 section 11.4), whose case
// does not count; empty: another scheme, or none. Two such headers are none.
std::string_view credentials_of(const server::RequestHead& head, std::string_view scheme);

Finding finding_of(Answer answer);

std::unique_ptr<Authenticator> make_basic(const LoginConfig& config, std::shared_ptr<Realm> realm);
std::unique_ptr<Authenticator> make_digest(const LoginConfig& config, std::shared_ptr<Realm> realm);
// The user is the subject of the certificate, as RFC 2253 writes it.
std::unique_ptr<Authenticator> make_client_cert(std::shared_ptr<Realm> realm);

}  // namespace container::security
