// What the watcher sees of the file system: names and stamps. An interface, so that tests can stage
// every accident.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace container {

// Two equal stamps of one path, some time apart, mean the same contents.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // nanoseconds since the epoch

  bool operator==(const FileStamp&) const = default;
};

struct FileLook {
  enum class Kind : std::uint8_t { absent, file, folder, other, unreadable };
  Kind kind = Kind::absent;
  FileStamp stamp;
  std::string trouble;  // why it is unreadable
};

struct FolderNames {
  std::vector<std::string> names;  // in no order
  bool cut = false;                // there are more than were asked for
  std::string trouble;             // not empty: unreadable, no names
};

class FilesView {
 public:
  virtual ~FilesView() = default;
  // Follows symbolic links; a dangling one is absent.
  virtual FileLook look(const std::filesystem::path& path) const = 0;
  virtual FolderNames list(const std::filesystem::path& folder, std::size_t limit) const = 0;
};

// The real one.
class DiskView final : public FilesView {
 public:
  FileLook look(const std::filesystem::path& path) const override;
  FolderNames list(const std::filesystem::path& folder, std::size_t limit) const override;
};

}  // namespace container
