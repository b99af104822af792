// Strong entity tags of files: a hash of what is in them.
#pragma once

#include <sys/stat.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>

namespace endpoints {

// The same content has the same tag on every server. Large files are read by a thread of its own,
// which begins with the first of them. Any thread; a call locks for moments and never waits for a
// disk.
class ContentTags {
 public:
  ContentTags() = default;
  ~ContentTags();  // waits for at most one piece of a file
  ContentTags(const ContentTags&) = delete;
  ContentTags& operator=(const ContentTags&) = delete;

  // `"` and half of a SHA-256 in hexadecimal digits and `"`.
  static std::string of(std::string_view bytes);

  // The tag of a file that is open, by what `fstat` said of it, if it is known; else it is asked
  // for, and known to a later call. At most kMostWaiting files wait, others are asked for again by
  // a later call; of more than kMostKnown all are forgotten.
  std::optional<std::string> find(int descriptor, const struct stat& about);

 private:
  static constexpr std::size_t kMostWaiting = 64;
  static constexpr std::size_t kMostKnown = 4096;

  // What a file is and when it was changed; a file of which this changes while it is read has no
  // tag.
  using Version = std::tuple<dev_t, ino_t, off_t, time_t, long, time_t, long>;
  struct Waiting {
    int descriptor;  // its own
    Version version;
  };

  static Version version_of(const struct stat& about);
  void serve();
  std::optional<std::string> read(const Waiting& file);

  std::mutex mutex_;  // guards the rest but thread_
  std::condition_variable wake_;
  std::map<Version, std::optional<std::string>> known_;  // without a tag: it is asked for
  std::deque<Waiting> waiting_;
  bool stopping_ = false;
  std::thread thread_;  // started under the lock
};

}  // namespace endpoints
