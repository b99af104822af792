// DIGEST (RFC 7616): a proof of the password instead of the password.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "container/security/authenticator.h"
#include "container/security/digest_nonces.h"
#include "server/ascii.h"
#include "server/crypto/bytes.h"
#include "server/crypto/digest.h"

namespace container::security {

namespace {

using server::crypto::Hash;
using Parameters = std::map<std::string, std::string, std::less<>>;

std::int64_t milliseconds_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// `name=value, name="value"` (RFC 9110 section 11.2). Empty: malformed, or a name came twice.
Parameters parameters_of(std::string_view text) {
  Parameters all;
  constexpr std::string_view white = " \t";
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t,"), text.size()));
    if (text.empty()) return all;
    const std::size_t length = server::token_length(text);
    const std::string name = server::lowered(text.substr(0, length));
    text.remove_prefix(length);
    text.remove_prefix(std::min(text.find_first_not_of(white), text.size()));
    if (length == 0 || !text.starts_with('=')) return {};
    text.remove_prefix(1);
    text.remove_prefix(std::min(text.find_first_not_of(white), text.size()));
    std::string value;
    if (text.starts_with('"')) {
      std::size_t at = 1;
      for (; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && ++at == text.size()) return {};
        value += text[at];
      }
      if (at >= text.size()) return {};
      text.remove_prefix(at + 1);
    } else {
      const std::size_t size = server::token_length(text);
      value = text.substr(0, size);
      text.remove_prefix(size);
    }
    if (!all.emplace(std::move(name), std::move(value)).second) return {};
    text.remove_prefix(std::min(text.find_first_not_of(white), text.size()));
    if (!text.empty() && text.front() != ',') return {};
  }
}

class Digest final : public Authenticator {
 public:
  Digest(const LoginConfig& config, std::shared_ptr<Realm> realm)
      : realm_(std::move(realm)),
        name_(config.realm_name),
        algorithms_(config.digest_algorithms),
        validate_uri_(config.validate_uri),
        opaque_(server::crypto::to_hex(server::crypto::random_bytes(16))),
        nonces_(config.nonce_validity, static_cast<std::size_t>(config.nonce_cache_size)) {}

  std::string_view type() const override { return "DIGEST"; }
  bool has_credentials(const Evidence& evidence) const override {
    return !credentials_of(evidence.head, "digest").empty();
  }

  Finding check(const Evidence& evidence, TokenCache*) override {
    const std::string_view given = credentials_of(evidence.head, "digest");
    if (given.empty()) return {};
    const Parameters all = parameters_of(given);
    const auto get = [&](std::string_view name) -> std::string_view {
      const auto found = all.find(name);
      return found == all.end() ? std::string_view{} : found->second;
    };
    const std::string_view algorithm = all.contains("algorithm") ? get("algorithm") : "MD5";
    const auto hash = server::crypto::hash_of(algorithm);
    const auto known = std::find(algorithms_.begin(), algorithms_.end(), algorithm);
    std::uint32_t count = 0;
    const std::string_view nc = get("nc");
    const auto [end, error] = std::from_chars(nc.data(), nc.data() + nc.size(), count, 16);
    const bool counted = nc.size() == 8 && error == std::errc{} && end == nc.data() + nc.size();
    if (!hash || known == algorithms_.end() || get("realm") != name_ || get("qop") != "auth" ||
        get("opaque") != opaque_ || get("cnonce").empty() || !counted ||
        !(get("userhash").empty() || get("userhash") == "false"))
      return {Finding::Kind::refused};
    if (validate_uri_ && get("uri") != evidence.head.target) return {Finding::Kind::refused};
    const std::int64_t now = milliseconds_now();
    const auto before = nonces_.look(get("nonce"), now);
    if (before == DigestNonces::Use::forged) return {Finding::Kind::refused};

    const auto hex = [&](const std::string& text) {
      return server::crypto::to_hex(server::crypto::digest(*hash, {text}));
    };
    const std::string user(get("username"));
    const std::string target =
        hex(std::string(evidence.head.method) + ':' + std::string(get("uri")));
    const std::string middle = std::string(get("nonce")) + ':' + std::string(nc) + ':' +
                               std::string(get("cnonce")) + ":auth:" + target;
    const auto proves = [&](std::string_view password) {
      const std::string secret = hex(user + ':' + name_ + ':' + std::string(password));
      return server::crypto::same_secret(hex(secret + ':' + middle), get("response"));
    };
    Finding finding = finding_of(
        realm_->authenticate({.user = user, .address = evidence.address, .proves = proves}));
    if (finding.kind != Finding::Kind::user) return finding;
    switch (nonces_.use(get("nonce"), count, now)) {
      case DigestNonces::Use::good:
        return finding;
      case DigestNonces::Use::stale:
        return {Finding::Kind::stale};
      default:
        return {Finding::Kind::refused};
    }
  }

  void challenge(server::ResponseHead& head, server::Arena& arena,
                 const Finding& finding) override {
    const std::string nonce = nonces_.make(milliseconds_now());
    head.remove("WWW-Authenticate");
    for (const std::string& algorithm : algorithms_)
      head.add(arena, "WWW-Authenticate",
               "Digest realm=\"" + name_ + "\", qop=\"auth\", nonce=\"" + nonce + "\", opaque=\"" +
                   opaque_ + "\", algorithm=" + algorithm + ", charset=UTF-8" +
                   (finding.kind == Finding::Kind::stale ? ", stale=true" : ""));
  }

 private:
  const std::shared_ptr<Realm> realm_;
  const std::string name_;
  const std::vector<std::string> algorithms_;
  const bool validate_uri_;
  const std::string opaque_;
  DigestNonces nonces_;
};

}  // namespace

std::unique_ptr<Authenticator> make_digest(const LoginConfig& config,
                                           std::shared_ptr<Realm> realm) {
  return std::make_unique<Digest>(config, std::move(realm));
}

}  // namespace container::security
