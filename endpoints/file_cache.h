// Files that one thread has served lately: small ones with their bytes, larger ones open.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace endpoints {

// Tomcat's cacheMaxSize, cacheObjectMaxSize and cacheTtl.
struct FileCacheLimits {
  std::size_t bytes = 10 * 1024 * 1024;  // of one thread; beyond it the longest unused go
  std::size_t object_bytes = 64 * 1024;  // larger files are kept open instead of being kept
  std::size_t open_files = 128;          // of one thread; beyond it the longest unused is closed
  std::uint64_t ttl = 5000;              // ms; then the name is looked up again. 0: no cache
};

// A regular file as it was when it was looked up.
class ServedFile {
 public:
  // Takes the descriptor over. `type` outlives this.
  ServedFile(int descriptor, const struct stat& about, std::string_view type);
  ~ServedFile();
  ServedFile(const ServedFile&) = delete;
  ServedFile& operator=(const ServedFile&) = delete;

  // Reads the bytes and closes the file. False when it is not what it was; then it is of no use.
  bool load();
  // Whether what is open, in encodings too, still has the size and time it had: a system call each.
  bool is_unchanged() const;

  std::uint64_t size() const { return size_; }
  // Weak, as Tomcat makes it, W/"size-milliseconds", unless somebody says otherwise.
  std::string_view tag() const { return tag_; }
  void set_tag(std::string tag) { tag_ = std::move(tag); }
  std::string_view modified() const { return modified_; }  // an HTTP date
  std::chrono::sys_seconds time() const {                  // the same
    return std::chrono::sys_seconds(std::chrono::seconds(time_.tv_sec));
  }
  std::string_view type() const { return type_; }
  bool is_loaded() const { return descriptor_ < 0; }
  std::string_view bytes() const { return bytes_; }
  int descriptor() const { return descriptor_; }
  // Appends bytes that are within the file. False: it has become shorter, or cannot be read.
  bool read(std::uint64_t first, std::uint64_t size, std::string& to) const;

  // The same file in encodings, by their numbers; looked for when the file itself was.
  void add_encoded(std::size_t number, std::unique_ptr<ServedFile> file);
  const ServedFile* encoded(std::size_t number) const;
  unsigned encodings() const { return encodings_; }  // a bit for each
  std::size_t bytes_held() const;                    // with those
  std::size_t files_held() const;                    // open ones, the same

 private:
  int descriptor_;
  std::uint64_t size_;
  timespec time_;
  std::string_view type_;
  std::string tag_, modified_;
  std::string bytes_;
  unsigned encodings_ = 0;
  std::vector<std::pair<std::size_t, std::unique_ptr<ServedFile>>> encoded_;
};

// By name; one thread. A file that changes is noticed after the ttl, a replaced one too.
class FileCache {
 public:
  explicit FileCache(const FileCacheLimits& limits) : limits_(limits) {}

  // Null when it is not there or has to be looked up again. Good until the next call.
  const ServedFile* find(std::string_view name, std::uint64_t now);
  const ServedFile& keep(std::string_view name, std::unique_ptr<ServedFile> file,
                         std::uint64_t now);

 private:
  struct Entry {
    std::string name;
    std::unique_ptr<ServedFile> file;
    std::uint64_t until;  // ms
  };
  using Entries = std::list<Entry>;  // used last in front

  void drop(Entries::iterator entry);
  void make_room();
  static std::size_t cost(const Entry& entry);

  const FileCacheLimits limits_;
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> by_name_;  // keys: names of entries
  std::size_t bytes_ = 0;
  std::size_t open_ = 0;
};

// Milliseconds of a clock that costs no more than reading memory; coarse, monotonic.
std::uint64_t coarse_milliseconds();

}  // namespace endpoints
