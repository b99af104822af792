// Tokens that were verified before, so that one which comes again costs a look-up and no signature.
#include "container/security/token_cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "server/crypto/bytes.h"

namespace container::security {

namespace {

server::crypto::SipKey fresh_key() {
  const std::string bytes = server::crypto::random_bytes(16);
  server::crypto::SipKey key;
  std::memcpy(&key.first, bytes.data(), 8);
  std::memcpy(&key.second, bytes.data() + 8, 8);
  return key;
}

}  // namespace

TokenCache::TokenCache() : key_(fresh_key()) {}

std::size_t TokenCache::set_of(Verifier by, std::string_view token) const {
  return (server::crypto::siphash(key_, token) ^ by) % kSets;
}

PrincipalPointer TokenCache::find(Verifier by, std::string_view token, std::int64_t now) {
  if (sets_.empty()) return nullptr;
  for (Entry& one : sets_[set_of(by, token)]) {
    if (one.by != by || one.token != token || one.user == nullptr) continue;
    if (one.user->expires != 0 && now >= one.user->expires) {
      one = Entry{};
      return nullptr;
    }
    one.used = ++clock_;
    return one.user;
  }
  return nullptr;
}

void TokenCache::add(Verifier by, std::string_view token, PrincipalPointer user) {
  if (sets_.empty()) sets_.resize(kSets);
  auto& set = sets_[set_of(by, token)];
  Entry& oldest = *std::min_element(set.begin(), set.end(),
                                    [](const Entry& a, const Entry& b) { return a.used < b.used; });
  oldest.used = ++clock_;
  oldest.by = by;
  oldest.token = token;
  oldest.user = std::move(user);
}

}  // namespace container::security
