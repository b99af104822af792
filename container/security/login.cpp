// What a session keeps of the request that waits for a login.
#include "container/security/login.h"

#include <algorithm>
#include <array>

#include <margay/form.h>

namespace container::security {

namespace {

// Whether browsers take it for a path of the host that says it: nothing that they would read as two
// slashes.
bool is_own_path(std::string_view reference) {
  return reference.starts_with('/') && !reference.substr(1).starts_with('/') &&
         std::all_of(reference.begin(), reference.end(),
                     [](char c) { return c > ' ' && c < 0x7f && c != '\\'; });
}

}  // namespace

// What came leads where it led before, also by way of a rewriting and where a slash is escaped.
// Else the path is normalised, so it does not begin with two slashes, and what browsers would take
// for one is escaped.
std::string SavedRequest::target() const {
  if (is_own_path(reference)) return reference;
  std::string text = margay::detail::path_encode(path);
  if (!query.empty()) text.append("?").append(query);
  return text;
}

bool SavedRequest::is_saved(std::string_view field) {
  constexpr std::array<std::string_view, 9> kSaved{
      "content-type",   "content-encoding", "content-language", "origin",        "referer",
      "sec-fetch-site", "sec-fetch-mode",   "sec-fetch-dest",   "sec-fetch-user"};
  return std::find(kSaved.begin(), kSaved.end(), field) != kSaved.end();
}

}  // namespace container::security
