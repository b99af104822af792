// Strong entity tags of files: a hash of what is in them.
#include "endpoints/content_tags.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace endpoints {

namespace {

class Hash {
 public:
  Hash() { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(const void* bytes, std::size_t size) { EVP_DigestUpdate(context_.get(), bytes, size); }
  std::string tag() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text = "\"";
    for (const unsigned char byte : std::span(digest).first(16)) {
      text += kDigits[byte >> 4U];
      text += kDigits[byte & 15U];
    }
    return text + '"';
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
};

}  // namespace

ContentTags::~ContentTags() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  for (const Waiting& one : waiting_) ::close(one.descriptor);
}

std::string ContentTags::of(std::string_view bytes) {
  Hash hash;
  hash.add(bytes.data(), bytes.size());
  return hash.tag();
}

ContentTags::Version ContentTags::version_of(const struct stat& about) {
  return {about.st_dev,          about.st_ino,         about.st_size,        about.st_mtim.tv_sec,
          about.st_mtim.tv_nsec, about.st_ctim.tv_sec, about.st_ctim.tv_nsec};
}

std::optional<std::string> ContentTags::find(int descriptor, const struct stat& about) {
  const Version version = version_of(about);
  const std::scoped_lock lock(mutex_);
  if (const auto known = known_.find(version); known != known_.end()) return known->second;
  if (waiting_.size() == kMostWaiting) return std::nullopt;
  const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return std::nullopt;
  if (known_.size() == kMostKnown) known_.clear();
  known_.emplace(version, std::nullopt);
  waiting_.push_back({copy, version});
  if (!thread_.joinable()) thread_ = std::thread([this] { serve(); });
  wake_.notify_one();
  return std::nullopt;
}

void ContentTags::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const Waiting file = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    auto tag = read(file);
    ::close(file.descriptor);
    lock.lock();
    if (tag)
      known_.insert_or_assign(file.version, std::move(tag));
    else
      known_.erase(file.version);
  }
}

// {} when it has changed meanwhile, cannot be read, or nobody needs it any more.
std::optional<std::string> ContentTags::read(const Waiting& file) {
  Hash hash;
  std::vector<char> piece(256 * 1024);
  off_t at = 0;
  while (const ssize_t got = ::pread(file.descriptor, piece.data(), piece.size(), at)) {
    if (got < 0) return std::nullopt;
    hash.add(piece.data(), static_cast<std::size_t>(got));
    at += got;
    const std::scoped_lock lock(mutex_);
    if (stopping_) return std::nullopt;
  }
  struct stat about {};
  if (::fstat(file.descriptor, &about) != 0 || version_of(about) != file.version)
    return std::nullopt;
  return hash.tag();
}

}  // namespace endpoints
