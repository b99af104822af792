// Files that one thread has served lately: small ones with their bytes, larger ones open.
#include "endpoints/file_cache.h"

#include <unistd.h>

#include <ctime>
#include <utility>

namespace endpoints {

namespace {

std::string http_date(std::time_t seconds) {
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

std::string weak_tag(const struct stat& about) {
  const long long milliseconds =
      static_cast<long long>(about.st_mtim.tv_sec) * 1000 + about.st_mtim.tv_nsec / 1'000'000;
  return "W/\"" + std::to_string(about.st_size) + "-" + std::to_string(milliseconds) + "\"";
}

}  // namespace

ServedFile::ServedFile(int descriptor, const struct stat& about, std::string_view type)
    : descriptor_(descriptor),
      size_(static_cast<std::uint64_t>(about.st_size)),
      time_(about.st_mtim),
      type_(type),
      tag_(weak_tag(about)),
      modified_(http_date(about.st_mtim.tv_sec)) {}

ServedFile::~ServedFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool ServedFile::load() {
  bytes_.resize(static_cast<std::size_t>(size_));
  std::size_t got = 0;
  while (got < bytes_.size()) {
    const ssize_t some =
        ::pread(descriptor_, bytes_.data() + got, bytes_.size() - got, static_cast<off_t>(got));
    if (some <= 0) return false;
    got += static_cast<std::size_t>(some);
  }
  ::close(std::exchange(descriptor_, -1));
  return true;
}

bool ServedFile::read(std::uint64_t first, std::uint64_t size, std::string& to) const {
  if (is_loaded()) {
    to.append(bytes_, first, size);
    return true;
  }
  const std::size_t before = to.size();
  to.resize(before + size);
  for (std::uint64_t got = 0; got < size;) {
    const ssize_t some =
        ::pread(descriptor_, to.data() + before + got, size - got, static_cast<off_t>(first + got));
    if (some <= 0) return false;
    got += static_cast<std::uint64_t>(some);
  }
  return true;
}

bool ServedFile::is_unchanged() const {
  for (const auto& one : encoded_)
    if (!one.second->is_unchanged()) return false;
  if (is_loaded()) return true;
  struct stat about {};
  return ::fstat(descriptor_, &about) == 0 && static_cast<std::uint64_t>(about.st_size) == size_ &&
         about.st_mtim.tv_sec == time_.tv_sec && about.st_mtim.tv_nsec == time_.tv_nsec;
}

void ServedFile::add_encoded(std::size_t number, std::unique_ptr<ServedFile> file) {
  encodings_ |= 1U << number;
  encoded_.emplace_back(number, std::move(file));
}

const ServedFile* ServedFile::encoded(std::size_t number) const {
  for (const auto& [its, file] : encoded_)
    if (its == number) return file.get();
  return nullptr;
}

std::size_t ServedFile::bytes_held() const {
  std::size_t bytes = bytes_.size();
  for (const auto& one : encoded_) bytes += sizeof(ServedFile) + one.second->bytes_held();
  return bytes;
}

std::size_t ServedFile::files_held() const {
  std::size_t files = is_loaded() ? 0 : 1;
  for (const auto& one : encoded_) files += one.second->files_held();
  return files;
}

const ServedFile* FileCache::find(std::string_view name, std::uint64_t now) {
  const auto known = by_name_.find(name);
  if (known == by_name_.end()) return nullptr;
  const auto entry = known->second;
  if (now >= entry->until || !entry->file->is_unchanged()) {
    drop(entry);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->file.get();
}

const ServedFile& FileCache::keep(std::string_view name, std::unique_ptr<ServedFile> file,
                                  std::uint64_t now) {
  if (const auto known = by_name_.find(name); known != by_name_.end()) drop(known->second);
  entries_.push_front({std::string(name), std::move(file), now + limits_.ttl});
  by_name_.emplace(entries_.front().name, entries_.begin());
  bytes_ += cost(entries_.front());
  open_ += entries_.front().file->files_held();
  make_room();
  return *entries_.front().file;
}

void FileCache::drop(Entries::iterator entry) {
  bytes_ -= cost(*entry);
  open_ -= entry->file->files_held();
  by_name_.erase(entry->name);
  entries_.erase(entry);
}

// Never the first: it is being served.
void FileCache::make_room() {
  while (entries_.size() > 1 && bytes_ > limits_.bytes) drop(std::prev(entries_.end()));
  for (auto entry = std::prev(entries_.end());
       open_ > limits_.open_files && entry != entries_.begin();) {
    const auto former = std::prev(entry);
    if (entry->file->files_held() != 0) drop(entry);
    entry = former;
  }
}

std::size_t FileCache::cost(const Entry& entry) {
  return sizeof(Entry) + sizeof(ServedFile) + 128 + entry.name.size() + entry.file->bytes_held();
}

std::uint64_t coarse_milliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

}  // namespace endpoints
