// A file that is read again when it has changed.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <tuple>

namespace container::security {

// One thread.
class WatchedFile {
 public:
  explicit WatchedFile(std::filesystem::path path) : path_(std::move(path)) {}
  const std::filesystem::path& path() const { return path_; }

  // Whether it is another than at the last call. One that is not there has not changed.
  bool has_changed() {
    struct stat now {};
    if (::stat(path_.c_str(), &now) != 0) return false;
    const Stamp stamp{now.st_ino, now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec};
    if (stamp == stamp_) return false;
    stamp_ = stamp;
    return true;
  }

 private:
  using Stamp = std::tuple<ino_t, off_t, time_t, long>;
  std::filesystem::path path_;
  Stamp stamp_{};
};

}  // namespace container::security
