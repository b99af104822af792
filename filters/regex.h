// Regular expressions as Perl has them, within limits.
#pragma once

#include <array>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace filters {

// What $0 to $9 stand for; views of the text that was matched.
using Groups = std::array<std::string_view, 10>;

// A text that takes more steps than kMatchLimit to decide about.
class RegexLimit : public std::runtime_error {
 public:
  RegexLimit() : std::runtime_error("a regular expression needs too many steps for this text") {}
};

// Compiled once, matched on any thread at a time.
class Regex {
 public:
  // Of UTF-8. Throws std::invalid_argument, which says where `pattern` is wrong.
  Regex(std::string_view pattern, bool ignores_case);

  // Whether it is of the whole of `text`. Throws RegexLimit.
  bool matches(std::string_view text, Groups& groups) const;

  static constexpr unsigned kMatchLimit = 100'000;

 private:
  std::shared_ptr<const void> code_;  // pcre2_code
};

}  // namespace filters
