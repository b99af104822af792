// Files without a name: gone when they are closed, and when the process dies, however it does.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace margay {

// What `save_to` does where there is a file of that name.
enum class SaveMode {
  create,  // throws: it is left alone
  replace  // the new one takes its place at once; nobody sees half of one
};

namespace detail {

[[noreturn]] inline void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

inline void write_whole(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw_errno("cannot write a temporary file");
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
}

// The folder where temporary files are put unless somebody says otherwise.
inline std::string temporary_folder() {
  const char* const folder = std::getenv("TMPDIR");
  return folder == nullptr || *folder == '\0' ? "/tmp" : folder;
}

inline std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// A descriptor that is closed.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

// A new file in a folder, with a name only where the file system cannot do without. Its owner alone
// may read and write it.
class Staged {
 public:
  // Throws std::system_error.
  explicit Staged(const std::string& folder)
      : file_(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
    if (file_ || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) {
      if (!file_) throw_errno("cannot make a file in '" + folder + "'");
      return;
    }
    name_ = folder + "/.upload-XXXXXX";
    file_ = Descriptor(::mkostemp(name_.data(), O_CLOEXEC));
    if (file_) return;
    name_.clear();
    throw_errno("cannot make a file in '" + folder + "'");
  }
  Staged(Staged&& other) noexcept
      : file_(std::move(other.file_)), name_(std::exchange(other.name_, {})) {}
  ~Staged() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  int descriptor() const { return file_.get(); }
  // Without a name, for good; the descriptor is the caller's.
  Descriptor release() && {
    if (!name_.empty()) ::unlink(std::exchange(name_, {}).c_str());
    return std::move(file_);
  }
  // Gives the file a name in the folder it was made in. False: nothing has happened, see errno.
  bool put(const std::string& path, SaveMode mode) {
    return name_.empty()               ? link_as(file_.get(), path, mode)
           : mode == SaveMode::replace ? ::rename(name_.c_str(), path.c_str()) == 0
                                       : ::link(name_.c_str(), path.c_str()) == 0;
  }

  // The same for any open file without a name.
  static bool link_as(int descriptor, const std::string& path, SaveMode mode) {
    const std::string source = "/proc/self/fd/" + std::to_string(descriptor);
    const auto link = [&](const std::string& to) {
      return ::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, to.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    if (link(path)) return true;
    if (mode == SaveMode::create || errno != EEXIST) return false;
    // A link never replaces, a rename does: link beside it first, under a name that is free.
    for (int i = 0; i < 100; ++i) {
      const std::string beside = folder_of(path) + "/.upload-" + std::to_string(::getpid()) + "-" +
                                 std::to_string(i) + "-" + std::to_string(descriptor);
      if (link(beside)) {
        if (::rename(beside.c_str(), path.c_str()) == 0) return true;
        const int error = errno;
        ::unlink(beside.c_str());
        errno = error;
        return false;
      }
      if (errno != EEXIST) return false;
    }
    return false;
  }

 private:
  Descriptor file_;
  std::string name_;  // empty: it has none
};

}  // namespace detail

// Move-only; one thread. Reading and writing may wait for the disk.
class TemporaryFile {
 public:
  // Throws std::system_error when none can be made in `folder`.
  explicit TemporaryFile(const std::string& folder) : file_(detail::Staged(folder).release()) {}

  // Throws std::system_error, for a full disk above all.
  void append(std::string_view bytes) {
    detail::write_whole(file_.get(), bytes);
    size_ += bytes.size();
  }
  std::size_t size() const { return size_; }
  // Bytes from `offset` into `into`; how many there were, 0 at the end. Throws std::system_error.
  std::size_t read(std::size_t offset, std::span<char> into) const {
    while (true) {
      const ssize_t got =
          ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset));
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) detail::throw_errno("cannot read a temporary file");
    }
  }
  int descriptor() const { return file_.get(); }
  // Gives it a name, once and where the file system allows that. False: it has to be copied.
  // Throws std::system_error where a file is in the way.
  bool link_as(const std::string& path, SaveMode mode) {
    if (is_linked_) return false;
    if (detail::Staged::link_as(file_.get(), path, mode)) return is_linked_ = true;
    if (errno == EEXIST || errno == EISDIR || errno == ENOTEMPTY)
      detail::throw_errno("cannot save to '" + path + "'");
    return false;
  }

 private:
  detail::Descriptor file_;
  std::size_t size_ = 0;
  bool is_linked_ = false;
};

namespace detail {

// Writes a file as a whole or not at all: `write(descriptor)` gives its bytes. Throws
// std::system_error, as `write` may.
template <class Write>
void save(const std::string& path, SaveMode mode, Write&& write) {
  Staged file(folder_of(path));
  write(file.descriptor());
  if (!file.put(path, mode)) throw_errno("cannot save to '" + path + "'");
}

}  // namespace detail
}  // namespace margay
