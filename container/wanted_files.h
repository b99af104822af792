// Files of users and keys that something could not be made without, until they come or change.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "container/config/application_config.h"
#include "container/watcher.h"

namespace container {

// One thread.
class WantedFiles {
 public:
  // Takes them as they are now: to be called before they are read.
  explicit WantedFiles(std::vector<std::filesystem::path> files);

  // True once for each change that has settled, or when one may be read that could not.
  bool have_changed(Watcher::Time now);

 private:
  Watcher watcher_;
  std::vector<std::filesystem::path> locked_;  // which changing their mode leaves as they are
};

using Wants = std::vector<std::shared_ptr<WantedFiles>>;

bool have_changed(const Wants& wants, Watcher::Time now);

// Of a realm and those within it; relative ones start at the server's base.
std::vector<std::filesystem::path> users_files(const RealmConfig& realm,
                                               const std::filesystem::path& base);

// Of an application: its users and the keys of its tokens. `folder`: empty, it has none.
std::vector<std::filesystem::path> security_files(const ApplicationConfig& config,
                                                  const std::filesystem::path& base,
                                                  const std::filesystem::path& folder);

}  // namespace container
