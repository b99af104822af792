// The file system as stat and directory listings tell it; std::filesystem knows neither inodes nor
// devices.
#include "container/files_view.h"

#include <sys/stat.h>

#include <cerrno>
#include <system_error>

namespace container {

FileLook DiskView::look(const std::filesystem::path& path) const {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    return {FileLook::Kind::unreadable, {}, std::generic_category().message(errno)};
  }
  const FileStamp stamp{
      static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
      static_cast<std::uint64_t>(status.st_size),
      std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
  if (S_ISREG(status.st_mode)) return {FileLook::Kind::file, stamp, {}};
  return {S_ISDIR(status.st_mode) ? FileLook::Kind::folder : FileLook::Kind::other, stamp, {}};
}

FolderNames DiskView::list(const std::filesystem::path& folder, std::size_t limit) const {
  FolderNames found;
  std::error_code error;
  auto entry = std::filesystem::directory_iterator(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (found.names.size() == limit) {
      found.cut = true;
      return found;
    }
    found.names.push_back(entry->path().filename().string());
  }
  // A listing that broke off must not pass for a whole one: its missing names would look like
  // removed files.
  if (error) return {{}, false, error.message()};
  return found;
}

}  // namespace container
