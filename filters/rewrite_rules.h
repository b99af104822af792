// Rules that rewrite URLs, in the dialect of Tomcat's RewriteValve, which is mod_rewrite's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "filters/regex.h"

namespace filters {

// What `${name:key}` asks.
struct RewriteMap {
  enum class Kind : std::uint8_t { text, to_lower, to_upper, escape, unescape };
  Kind kind = Kind::text;
  std::map<std::string, std::string, std::less<>> entries;
};

// A text with what has to be filled in: $1, %1, %{NAME}, ${map:key|otherwise}.
struct RewritePart {
  enum class Kind : std::uint8_t { text, rule_group, condition_group, variable, map };
  Kind kind = Kind::text;
  std::string text;  // or the variable's name
  std::size_t group = 0;
  std::shared_ptr<const RewriteMap> map;
  std::vector<RewritePart> key, otherwise;
};
using RewriteText = std::vector<RewritePart>;

struct RewriteCondition {
  enum class Kind : std::uint8_t {
    regex,
    less,
    greater,
    equal,
    is_folder,
    is_file,
    is_filled_file
  };
  RewriteText test;
  Kind kind = Kind::regex;
  bool negated = false;
  bool ignores_case = false;
  bool or_next = false;
  std::optional<Regex> regex;
  std::string text;  // to compare with
};

struct RewriteCookie {
  RewriteText name, value, domain, path;
  long minutes = 0;  // 0: as long as the browser runs
  bool secure = false, http_only = false;
};

struct RewriteRule {
  std::size_t line = 0;
  std::vector<RewriteCondition> conditions;
  std::optional<Regex> pattern;
  bool negated = false;
  std::optional<RewriteText> substitution;  // nothing: "-"
  bool chain = false, last = false, next = false;
  bool appends_query = false, drops_query = false;  // QSA, QSD
  bool escapes_groups = false, no_escape = false;   // B, NE
  int status = 0;                                   // 403, 410, or of a redirect; 0: none
  std::size_t skip = 0;
  std::optional<RewriteText> type;
  std::vector<std::pair<std::string, RewriteText>> attributes;
  std::vector<RewriteCookie> cookies;
};

// What is wrong in which line, counted from 1.
class RewriteError : public std::runtime_error {
 public:
  RewriteError(std::size_t at, const std::string& message)
      : std::runtime_error(message), line(at) {}
  std::size_t line;
};

// `read` gives the text of a file that a map names, or throws std::runtime_error. Throws
// RewriteError. At most 10,000 lines, each of at most 8 KiB.
std::vector<RewriteRule> parse_rewrite_rules(std::string_view text,
                                             std::string (*read)(std::string_view name, void*),
                                             void* argument);

}  // namespace filters
