// Rules that rewrite URLs: what they make of a request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/rewrite_rules.h"

namespace filters {

// The request that rules ask about.
class RewriteSubject {
 public:
  enum class File : std::uint8_t { none, folder, empty, filled };

  virtual std::string variable(std::string_view name) const = 0;  // as in `%{name}`
  virtual File look(std::string_view path) const = 0;             // below the document root

 protected:
  ~RewriteSubject() = default;
};

struct Rewritten {
  bool moved = false;  // `path` and `query` are new
  std::string path;    // decoded, not normalised
  std::string query;   // as it is sent, without '?'
  int status = 0;      // answered at once: 403, 410 or of a redirect
  std::string location;
  std::vector<std::string> cookies;  // values of Set-Cookie
  std::string type;
  std::vector<std::pair<std::string, std::string>> attributes;
};

// The rules go round at most so often ([N]).
constexpr int kMostRounds = 32;

// Throws RegexLimit, and std::length_error where there is no end or a text gets longer than 16 KiB:
// the request cannot be judged then, and must not go on.
Rewritten rewrite(const std::vector<RewriteRule>& rules, std::string_view path,
                  std::string_view query, const RewriteSubject& subject);

}  // namespace filters
