// What a client asks of a file beside its name: only if it changed, only a part of it.
#pragma once

#include <margay/request.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace endpoints {

// The fields of RFC 9110 sections 13.1 and 14.2, found in one walk over the head. Several lines of
// one list count as one list. Good as long as the request.
class Preconditions {
 public:
  explicit Preconditions(const margay::Request& request);
  Preconditions(const Preconditions&) = delete;
  Preconditions& operator=(const Preconditions&) = delete;

  enum class Verdict {
    passed,
    unchanged,  // 304, or 412 for other methods than GET and HEAD
    failed,     // 412
    malformed   // 400: a list that is none
  };
  // In the order of section 13.2.2. `tag` as in ETag; `modified` as in Last-Modified, `time` the
  // same as a moment.
  Verdict judge(std::string_view tag, std::string_view modified,
                std::chrono::sys_seconds time) const;
  // The Range field, if it is to be followed: If-Range names what the file is now (section 13.1.5).
  std::optional<std::string_view> range(std::string_view tag, std::string_view modified) const;

 private:
  struct List {
    std::optional<std::string_view> text;
    std::string joined;  // of several lines, which are rare
  };

  static void take(List& list, std::string_view value);

  bool any_ = false;
  List match_, none_match_;
  std::optional<std::string_view> modified_since_, unmodified_since_, range_, if_range_;
};

}  // namespace endpoints
