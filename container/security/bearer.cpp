// BEARER (RFC 6750): a signed token says who the user is.
#include "container/security/bearer.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>

#include "container/config/diagnostic.h"
#include "container/types.h"

namespace container::security {

namespace {

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

TokenCache::Verifier next_number() {
  static std::atomic<TokenCache::Verifier> number{0};
  return ++number;
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw std::runtime_error(file.string() + " cannot be read");
  return text.str();
}

// Value of `name=` among parts between `by`.
std::string_view part_of(std::string_view text, std::string_view name, char by) {
  while (!text.empty()) {
    std::string_view part = server::trim(text.substr(0, text.find(by)));
    if (part.size() > name.size() && part.starts_with(name) && part[name.size()] == '=')
      return part.substr(name.size() + 1);
    const auto next = text.find(by);
    if (next == text.npos) break;
    text.remove_prefix(next + 1);
  }
  return {};
}

}  // namespace

Bearer::Bearer(const LoginConfig& config, const std::filesystem::path& folder, server::Log log)
    : config_(*config.bearer), realm_(config.realm_name), log_(std::move(log)), folder_(folder) {
  rules_.issuer = config_.issuer;
  rules_.audience = config_.audience;
  for (const std::string& name : config_.algorithms)
    if (const auto one = server::crypto::signature_of(name)) rules_.algorithms.push_back(*one);
  rules_.leeway = std::chrono::duration_cast<std::chrono::seconds>(config_.leeway).count();
  rules_.require_expiry = config_.require_expiry;
  rules_.user_claim = config_.user_claim;
  rules_.roles_claim = config_.roles_claim;
  for (const std::string& file : {config_.key_file, config_.secret_file, config_.jwks_file})
    if (!file.empty()) files_.emplace_back(folder_ / file);
  for (WatchedFile& file : files_) file.has_changed();
  try {
    use(read());
  } catch (const std::exception& error) {
    complain(config_.position, error.what());
  }
}

void Bearer::use(std::unique_ptr<const KeySet> keys) {
  all_keys_.push_back(std::move(keys));
  keys_.store(all_keys_.back().get(), std::memory_order_release);
  if (all_keys_.size() > kKept) all_keys_.pop_front();
}

std::unique_ptr<const Bearer::KeySet> Bearer::read() const {
  auto fresh = std::make_unique<KeySet>();
  fresh->number = next_number();
  const auto fail = [](const std::filesystem::path& file, const std::string& why) {
    throw std::runtime_error(file.string() + ' ' + why);
  };
  if (!config_.key_file.empty()) {
    const auto file = folder_ / config_.key_file;
    auto key = server::crypto::VerificationKey::pem(content_of(file));
    if (!key) fail(file, "has no public key or certificate of RSA or P-256, P-384, P-521 in PEM");
    fresh->keys.push_back({"", "", std::move(*key)});
  }
  if (!config_.secret_file.empty()) {
    const auto file = folder_ / config_.secret_file;
    std::string secret = content_of(file);
    while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
    if (secret.size() < 32) fail(file, "has a secret of less than 32 bytes");
    if (secret.starts_with("-----BEGIN"))
      fail(file, "is a key in PEM and no secret; write 'keyFile'");
    fresh->keys.push_back({"", "", server::crypto::VerificationKey::secret(std::move(secret))});
  }
  if (!config_.jwks_file.empty()) {
    const auto file = folder_ / config_.jwks_file;
    auto keys = parse_key_set(content_of(file));
    if (!keys) fail(file, keys.error());
    for (TokenKey& one : *keys) fresh->keys.push_back(std::move(one));
  }
  return fresh;
}

void Bearer::refresh() {
  bool changed = false;
  for (WatchedFile& file : files_) changed |= file.has_changed();
  if (!changed) return;
  try {
    use(read());
    log_.info("the keys of tokens were read again");
  } catch (const std::exception& error) {
    log_.error("the keys of tokens before stay: {}", error.what());
  }
}

std::string_view Bearer::token_of(const Evidence& evidence) const {
  if (const auto token = credentials_of(evidence.head, "bearer"); !token.empty()) return token;
  if (evidence.head.has(server::Known::authorization)) return {};
  if (!config_.cookie.empty())
    for (const server::Field& field : evidence.head.fields)
      if (std::string_view(field.name) == "cookie")
        if (const auto token = part_of(field.value, config_.cookie, ';'); !token.empty())
          return token;
  if (evidence.is_handshake && !config_.query_parameter.empty())
    return part_of(evidence.query, config_.query_parameter, '&');
  return {};
}

bool Bearer::has_credentials(const Evidence& evidence) const { return !token_of(evidence).empty(); }

Finding Bearer::check(const Evidence& evidence, TokenCache* cache) {
  const std::string_view token = token_of(evidence);
  return token.empty() ? Finding{} : check(token, cache);
}

Finding Bearer::check(std::string_view token, TokenCache* cache) const {
  const KeySet* keys = keys_.load(std::memory_order_acquire);
  const std::int64_t now = seconds_now();
  if (cache != nullptr)
    if (PrincipalPointer known = cache->find(keys->number, token, now))
      return {Finding::Kind::user, std::move(known)};
  auto user = verify_token(token, keys->keys, rules_, now);
  if (!user) {
    log_.debug("a token was refused: {}", user.error());
    return {Finding::Kind::refused, nullptr, user.error()};
  }
  if (cache != nullptr) cache->add(keys->number, token, *user);
  return {Finding::Kind::user, std::move(*user)};
}

// RFC 6750 section 3: without a token nothing but the scheme is told.
void Bearer::challenge(server::ResponseHead& head, server::Arena& arena, const Finding& finding) {
  std::string text = "Bearer realm=\"" + realm_ + '"';
  if (finding.kind == Finding::Kind::refused) text += ", error=\"invalid_token\"";
  head.set(arena, "WWW-Authenticate", text);
}

// RFC 6750 section 3.1, for who came with a token.
void Bearer::forbid(server::ResponseHead& head, server::Arena& arena, const Finding& finding) {
  if (finding.kind != Finding::Kind::user) return;
  head.set(arena, "WWW-Authenticate",
           "Bearer realm=\"" + realm_ + "\", error=\"insufficient_scope\"");
}

}  // namespace container::security
