// Users from a file (Tomcat's MemoryRealm), which is read again when it changes.
#include "container/security/memory_realm.h"

#include <algorithm>
#include <functional>
#include <map>
#include <thread>

#include "container/security/check_limit.h"
#include "server/crypto/bytes.h"

namespace container::security {

namespace {

using server::crypto::Hash;

constexpr std::size_t kChecksWaiting = 64;

bool is_slow(const Credential& credential) { return credential.kind() >= Credential::Kind::pbkdf2; }

}  // namespace

CheckLimit& process_check_limit() {
  static CheckLimit limit(std::max(2U, std::thread::hardware_concurrency()), kChecksWaiting);
  return limit;
}

struct MemoryRealm::Known {
  Credential credential;
  PrincipalPointer principal;
  // Of a password that was right; empty: none was yet. Guarded by the snapshot's mutex.
  mutable std::string good;
};

struct MemoryRealm::Snapshot {
  std::map<std::string, Known, std::less<>> users;
  const Known* decoy = nullptr;  // what unknown users are checked against; the costliest there is
  mutable std::mutex mutex;
};

MemoryRealm::MemoryRealm(std::filesystem::path file, std::vector<HashRule> rules,
                         Substitutions substitutions, server::Log log)
    : file_(std::move(file)),
      rules_(std::move(rules)),
      substitutions_(std::move(substitutions)),
      log_(std::move(log)),
      key_(server::crypto::random_bytes(32)) {
  file_.has_changed();
  read();
}

MemoryRealm::~MemoryRealm() = default;

void MemoryRealm::read() {
  std::vector<Diagnostic> warnings;
  auto fresh = std::make_shared<Snapshot>();
  for (auto& [name, user] : read_users(file_.path(), rules_, substitutions_, warnings))
    fresh->users.emplace(name, Known{std::move(user.credential),
                                     std::make_shared<const Principal>(Principal{
                                         .name = name,
                                         .roles = std::move(user.roles),
                                         .claims = {},
                                         .stamp = std::move(user.stamp),
                                         .outdated = std::make_shared<std::atomic<bool>>(false)}),
                                     {}});
  for (const auto& [name, user] : fresh->users)
    if (fresh->decoy == nullptr || fresh->decoy->credential.kind() < user.credential.kind())
      fresh->decoy = &user;
  for (const Diagnostic& warning : warnings) log_.warn("{}", to_string(warning));
  if (const auto before = current(); before != nullptr) succeed(*before, *fresh);
  const std::scoped_lock lock(mutex_);
  snapshot_ = std::move(fresh);
}

// Who is as they were stays who they are, and all others are not any more.
void MemoryRealm::succeed(const Snapshot& before, Snapshot& fresh) {
  for (const auto& [name, user] : before.users) {
    const auto now = fresh.users.find(name);
    if (now != fresh.users.end() && now->second.principal->stamp == user.principal->stamp)
      now->second.principal = user.principal;
    else
      user.principal->outdated->store(true, std::memory_order_relaxed);
  }
}

void MemoryRealm::refresh() {
  if (!file_.has_changed()) return;
  try {
    read();
    log_.info("the users in {} were read again", file_.path().string());
  } catch (const std::exception& error) {
    log_.error("the users before stay: {}", error.what());
  }
}

std::shared_ptr<const MemoryRealm::Snapshot> MemoryRealm::current() const {
  const std::scoped_lock lock(mutex_);
  return snapshot_;
}

Answer MemoryRealm::authenticate(const Attempt& attempt) {
  const auto snapshot = current();
  const auto found = snapshot->users.find(attempt.user);
  const Known* user = found == snapshot->users.end() ? snapshot->decoy : &found->second;
  if (user == nullptr) return {};
  const bool known = found != snapshot->users.end();
  if (attempt.proves) {
    const auto password = user->credential.plain_text();
    const bool proved = password && attempt.proves(*password);
    return proved && known ? Answer{Outcome::accepted, user->principal} : Answer{};
  }
  const std::string seal = server::crypto::hmac(Hash::sha256, key_, attempt.password);
  if (known) {
    const std::scoped_lock lock(snapshot->mutex);
    if (server::crypto::same_secret(user->good, seal)) return {Outcome::accepted, user->principal};
  }
  bool right = false;
  if (is_slow(user->credential)) {
    const CheckLimit::Permit permit(process_check_limit());
    if (!permit) return {Outcome::busy, nullptr};
    right = user->credential.matches(attempt.password);
  } else {
    right = user->credential.matches(attempt.password);
  }
  if (!right || !known) return {};
  const std::scoped_lock lock(snapshot->mutex);
  user->good = seal;
  return {Outcome::accepted, user->principal};
}

Answer MemoryRealm::find(std::string_view user) {
  const auto snapshot = current();
  const auto found = snapshot->users.find(user);
  if (found == snapshot->users.end()) return {};
  return {Outcome::accepted, found->second.principal};
}

PrincipalPointer MemoryRealm::adopt(const PrincipalPointer& user) const {
  const auto snapshot = current();
  const auto found = snapshot->users.find(user->name);
  const bool same = found != snapshot->users.end() && found->second.principal->stamp == user->stamp;
  return same ? found->second.principal : nullptr;
}

}  // namespace container::security
