// Files of users and keys that something could not be made without, until they come or change.
#include "container/wanted_files.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace container {

namespace {

namespace fs = std::filesystem;

const FilesView& disk() {
  static const DiskView view;
  return view;
}

bool is_locked(const fs::path& file) {
  return ::access(file.c_str(), R_OK) != 0 && errno == EACCES;
}

}  // namespace

WantedFiles::WantedFiles(std::vector<fs::path> files)
    : watcher_(WatcherOptions{.app_bases = {}, .server_xml = {}, .files = files}, disk()) {
  watcher_.begin();
  std::erase_if(files, [](const fs::path& file) { return !is_locked(file); });
  locked_ = std::move(files);
}

bool WantedFiles::have_changed(Watcher::Time now) {
  const bool changed = !watcher_.scan(now).empty();
  const bool unlocked =
      std::erase_if(locked_, [](const fs::path& file) { return !is_locked(file); }) > 0;
  return changed || unlocked;
}

// Looks at all of them, so that what has changed together is told together.
bool have_changed(const Wants& wants, Watcher::Time now) {
  return std::count_if(wants.begin(), wants.end(),
                       [&](const auto& one) { return one->have_changed(now); }) > 0;
}

std::vector<fs::path> users_files(const RealmConfig& realm, const fs::path& base) {
  if (realm.type == "memory") return {(base / realm.pathname).lexically_normal()};
  std::vector<fs::path> files;
  for (const RealmConfig& one : realm.realms)
    for (fs::path& file : users_files(one, base)) files.push_back(std::move(file));
  return files;
}

std::vector<fs::path> security_files(const ApplicationConfig& config, const fs::path& base,
                                     const fs::path& folder) {
  std::vector<fs::path> files;
  if (config.realm) files = users_files(*config.realm, base);
  if (!config.login || !config.login->bearer) return files;
  const BearerConfig& bearer = *config.login->bearer;
  for (const std::string* file : {&bearer.key_file, &bearer.secret_file, &bearer.jwks_file})
    if (!file->empty()) files.push_back((folder.empty() ? base : folder) / *file);
  return files;
}

}  // namespace container
