// A stored password: what form it has, and whether one that was typed is the same.
#include "container/security/credential.h"

#include <algorithm>
#include <charconv>

#include "server/crypto/bytes.h"

namespace container::security {

namespace {

using server::crypto::Base64;
using server::crypto::Hash;
using Failure = tl::unexpected<std::string>;

constexpr unsigned kMostIterations = 100'000'000;
constexpr std::uint64_t kMostMemory = 256U * 1024 * 1024;

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(by);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

// "i=1000" behind its name.
std::optional<unsigned> setting(std::string_view text, std::string_view name) {
  return text.starts_with(name) ? number(text.substr(name.size())) : std::nullopt;
}

struct Prefix {
  std::string_view text;
  Hash hash;
};
constexpr Prefix kPbkdf2[] = {{"$pbkdf2-sha256$", Hash::sha256},
                              {"$pbkdf2-sha384$", Hash::sha384},
                              {"$pbkdf2-sha512$", Hash::sha512},
                              {"$pbkdf2-sha1$", Hash::sha1},
                              {"$pbkdf2$", Hash::sha1}};
constexpr Prefix kSchemes[] = {{"{SSHA}", Hash::sha1},      {"{SHA}", Hash::sha1},
                               {"{MD5}", Hash::md5},        {"{SMD5}", Hash::md5},
                               {"{SSHA256}", Hash::sha256}, {"{SHA256}", Hash::sha256},
                               {"{SSHA384}", Hash::sha384}, {"{SHA384}", Hash::sha384},
                               {"{SSHA512}", Hash::sha512}, {"{SHA512}", Hash::sha512}};

// `salt$iterations$hash`, all hexadecimal but the number; nothing: the text is not of this form.
struct Salted {
  std::string salt, hash;
  unsigned iterations;
};
std::optional<Salted> salted(std::string_view text) {
  const auto parts = split(text, '$');
  if (parts.size() != 3) return std::nullopt;
  const auto salt = server::crypto::from_hex(parts[0]);
  const auto iterations = number(parts[1]);
  const auto hash = server::crypto::from_hex(parts[2]);
  if (!salt || !iterations || *iterations == 0 || *iterations > kMostIterations || !hash ||
      hash->empty())
    return std::nullopt;
  return Salted{*salt, *hash, *iterations};
}

std::string digest_of(const HashRule& rule, std::string_view password, std::string_view salt,
                      unsigned iterations) {
  std::string hash = rule.password_first ? server::crypto::digest(rule.hash, {password, salt})
                                         : server::crypto::digest(rule.hash, {salt, password});
  for (unsigned i = 1; i < iterations; ++i) hash = server::crypto::digest(rule.hash, {hash});
  return hash;
}

}  // namespace

HashRule rule_of(const CredentialHandlerConfig& config) {
  constexpr std::string_view pbkdf2 = "PBKDF2WithHmac";
  const std::string_view name = config.algorithm;
  HashRule rule;
  rule.pbkdf2 = name.starts_with(pbkdf2);
  rule.hash = server::crypto::hash_of(rule.pbkdf2 ? name.substr(pbkdf2.size()) : name)
                  .value_or(Hash::sha256);
  rule.password_first = config.password_first;
  rule.size = static_cast<std::size_t>(config.key_length) / 8;
  return rule;
}

tl::expected<Credential, std::string> Credential::parse(std::string_view stored,
                                                        const std::vector<HashRule>& rules) {
  Credential made;
  if (stored.starts_with("$argon2id$")) {
    made.kind_ = Kind::argon2id;
    made.text_ = stored;
    if (split(stored, '$').size() != 6) return Failure("is not a complete $argon2id$ hash");
    return made;
  }
  if (stored.starts_with("$scrypt$")) return parse_scrypt(stored);
  for (const Prefix& one : kPbkdf2)
    if (stored.starts_with(one.text)) return parse_pbkdf2(stored.substr(one.text.size()), one.hash);
  for (const Prefix& one : kSchemes)
    if (stored.starts_with(one.text)) return parse_scheme(stored, one.text, one.hash);
  if (!rules.empty()) return parse_by(rules, stored);
  made.text_ = stored;
  return made;
}

tl::expected<Credential, std::string> Credential::parse_scrypt(std::string_view stored) {
  Credential made;
  const auto parts = split(stored, '$');
  const auto cost = parts.size() == 5 ? split(parts[2], ',') : std::vector<std::string_view>{};
  const auto n = cost.size() == 3 ? setting(cost[0], "ln=") : std::nullopt;
  const auto r = cost.size() == 3 ? setting(cost[1], "r=") : std::nullopt;
  const auto p = cost.size() == 3 ? setting(cost[2], "p=") : std::nullopt;
  if (!n || !r || !p) return Failure("is not a complete $scrypt$ln=,r=,p=$salt$hash");
  const auto salt = server::crypto::from_base64(parts[3], Base64::standard);
  const auto hash = server::crypto::from_base64(parts[4], Base64::standard);
  made.kind_ = Kind::scrypt;
  made.scrypt_ = {*n, *r, *p};
  if (!salt || !hash || hash->size() < 16) return Failure("has a salt or hash that is not base64");
  if (*n < 1 || *n > 24 || *r < 1 || *p < 1 || *p > 16 ||
      (std::uint64_t{*r} << (*n + 7)) > kMostMemory)
    return Failure("asks scrypt for more than 256 MiB, or for what it cannot do");
  made.salt_ = *salt;
  made.hash_ = *hash;
  return made;
}

tl::expected<Credential, std::string> Credential::parse_pbkdf2(std::string_view settings,
                                                               Hash hash_kind) {
  Credential made;
  const auto parts = split(settings, '$');
  if (parts.size() != 3) return Failure("is not a complete $pbkdf2-...$iterations$salt$hash");
  const auto given = setting(parts[0], "i=");
  const auto iterations = given ? given : number(parts[0]);
  std::string bytes[2] = {std::string(parts[1]), std::string(parts[2])};
  for (std::string& text : bytes) std::replace(text.begin(), text.end(), '.', '+');
  const auto salt = server::crypto::from_base64(bytes[0], Base64::standard);
  const auto hash = server::crypto::from_base64(bytes[1], Base64::standard);
  if (!iterations || *iterations == 0 || *iterations > kMostIterations || !salt || !hash ||
      hash->size() < 16)
    return Failure("has iterations, a salt or a hash that cannot be read");
  made.kind_ = Kind::pbkdf2;
  made.rules_ = {{.hash = hash_kind, .pbkdf2 = true, .size = hash->size()}};
  made.iterations_ = *iterations;
  made.salt_ = *salt;
  made.hash_ = *hash;
  return made;
}

// RFC 2307: the salt, where there is one, stands behind the hash.
tl::expected<Credential, std::string> Credential::parse_scheme(std::string_view stored,
                                                               std::string_view scheme,
                                                               Hash hash_kind) {
  Credential made;
  const auto bytes = server::crypto::from_base64(stored.substr(scheme.size()), Base64::standard);
  const std::size_t size = server::crypto::size_of(hash_kind);
  const bool with_salt = scheme[1] == 'S' && scheme[2] == (hash_kind == Hash::md5 ? 'M' : 'S');
  if (!bytes || (with_salt ? bytes->size() <= size : bytes->size() != size))
    return Failure("is not the base64 that " + std::string(scheme) + " announces");
  made.kind_ = Kind::digest;
  made.rules_ = {{.hash = hash_kind, .password_first = true}};
  made.hash_ = bytes->substr(0, size);
  made.salt_ = bytes->substr(size);
  return made;
}

tl::expected<Credential, std::string> Credential::parse_by(const std::vector<HashRule>& rules,
                                                           std::string_view stored) {
  Credential made;
  const auto parts = salted(stored);
  const auto plain = server::crypto::from_hex(stored);
  if (parts) {
    made.salt_ = parts->salt;
    made.hash_ = parts->hash;
    made.iterations_ = parts->iterations;
  } else if (plain) {
    made.hash_ = *plain;
  }
  for (const HashRule& rule : rules)
    if (made.hash_.size() == (rule.pbkdf2 ? rule.size : server::crypto::size_of(rule.hash)) &&
        (parts || !rule.pbkdf2))
      made.rules_.push_back(rule);
  if (made.rules_.empty())
    return Failure("is nothing that a <CredentialHandler> of this realm makes");
  made.kind_ = std::any_of(made.rules_.begin(), made.rules_.end(),
                           [](const HashRule& rule) { return rule.pbkdf2; })
                   ? Kind::pbkdf2
                   : Kind::digest;
  return made;
}

bool Credential::digest_matches(const HashRule& rule, std::string_view password) const {
  if (!rule.pbkdf2)
    return server::crypto::same_secret(digest_of(rule, password, salt_, iterations_), hash_);
  const auto made = server::crypto::pbkdf2(rule.hash, password, salt_, iterations_, hash_.size());
  return made && server::crypto::same_secret(*made, hash_);
}

bool Credential::matches(std::string_view password) const {
  switch (kind_) {
    case Kind::plain:
      // Of their hashes, so that not even the length is told.
      return server::crypto::same_secret(server::crypto::digest(Hash::sha256, {text_}),
                                         server::crypto::digest(Hash::sha256, {password}));
    case Kind::argon2id:
      return server::crypto::argon2id_matches(text_, password);
    case Kind::scrypt: {
      const auto made = server::crypto::scrypt(scrypt_, password, salt_, hash_.size());
      return made && server::crypto::same_secret(*made, hash_);
    }
    default:
      return std::any_of(rules_.begin(), rules_.end(),
                         [&](const HashRule& rule) { return digest_matches(rule, password); });
  }
}

std::optional<std::string_view> Credential::plain_text() const {
  return kind_ == Kind::plain ? std::optional<std::string_view>(text_) : std::nullopt;
}

tl::expected<std::string, std::string> make_credential(std::string_view form,
                                                       std::string_view password,
                                                       unsigned iterations) {
  const std::string salt = server::crypto::random_bytes(16);
  const auto unpadded = [](std::string_view bytes) {
    std::string text = server::crypto::to_base64(bytes, Base64::standard);
    text.erase(text.find_last_not_of('=') + 1);
    return text;
  };
  const auto times = [&](unsigned usual) { return iterations == 0 ? usual : iterations; };
  if (form == "argon2id") {
    server::crypto::ArgonCost cost;
    cost.passes = times(cost.passes);
    const auto made = server::crypto::argon2id(cost, password, salt);
    return made ? tl::expected<std::string, std::string>(*made) : Failure("argon2 failed");
  }
  if (form == "scrypt") {
    const server::crypto::ScryptCost cost;
    const auto made = server::crypto::scrypt(cost, password, salt, 32);
    if (!made) return Failure("scrypt failed");
    return "$scrypt$ln=" + std::to_string(cost.log_n) + ",r=" + std::to_string(cost.r) +
           ",p=" + std::to_string(cost.p) + '$' + unpadded(salt) + '$' + unpadded(*made);
  }
  if (form == "pbkdf2") {
    const unsigned count = times(210'000);
    const auto made = server::crypto::pbkdf2(Hash::sha512, password, salt, count, 64);
    if (!made) return Failure("PBKDF2 failed");
    return "$pbkdf2-sha512$" + std::to_string(count) + '$' + unpadded(salt) + '$' + unpadded(*made);
  }
  CredentialHandlerConfig config;
  config.algorithm = form;
  const HashRule rule = rule_of(config);
  const std::string_view name = rule.pbkdf2 ? form.substr(14) : form;
  if (!server::crypto::hash_of(name))
    return Failure("'" + std::string(form) + "' is no form of password that is known here");
  const unsigned count = times(rule.pbkdf2 ? 210'000 : 1);
  const std::string hash =
      rule.pbkdf2 ? server::crypto::pbkdf2(rule.hash, password, salt, count, rule.size).value_or("")
                  : digest_of(rule, password, salt, count);
  return server::crypto::to_hex(salt) + '$' + std::to_string(count) + '$' +
         server::crypto::to_hex(hash);
}

}  // namespace container::security
