// Users from a file (Tomcat's MemoryRealm), which is read again when it changes.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "container/security/realm.h"
#include "container/security/users_file.h"
#include "container/security/watched_file.h"
#include "server/log.h"

namespace container::security {

class MemoryRealm final : public Realm {
 public:
  // Throws ConfigError.
  MemoryRealm(std::filesystem::path file, std::vector<HashRule> rules, Substitutions substitutions,
              server::Log log);
  ~MemoryRealm() override;

  // A password that was right once is known by a keyed hash of it from then on, in memory and as
  // long as the file stays the same, so that BASIC costs its slow check once.
  Answer authenticate(const Attempt& attempt) override;
  Answer find(std::string_view user) override;
  PrincipalPointer adopt(const PrincipalPointer& user) const override;
  void refresh() override;

 private:
  struct Known;
  struct Snapshot;
  static void succeed(const Snapshot& before, Snapshot& fresh);
  std::shared_ptr<const Snapshot> current() const;
  void read();

  WatchedFile file_;
  const std::vector<HashRule> rules_;
  const Substitutions substitutions_;
  const server::Log log_;
  const std::string key_;     // of the hashes of good passwords; this process' own
  mutable std::mutex mutex_;  // guards snapshot_
  std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace container::security
