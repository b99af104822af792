// What a session keeps of a login, and of the request that waits for one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "container/security/principal.h"

namespace container::security {

// Constant.
struct Login {
  PrincipalPointer user;
  std::uint64_t realm = 0;  // Realm::number() of who let them in
};
using LoginPointer = std::shared_ptr<const Login>;

// As much of a request as is needed to make it again.
struct SavedRequest {
  std::string method;                                       // GET also for HEAD
  std::string reference;                                    // its target as it came
  std::string path;                                         // decoded, with that of the context
  std::string query;                                        // raw, without '?'
  std::vector<std::pair<std::string, std::string>> fields;  // those of `is_saved`
  std::string body;

  std::string target() const;  // as a reference (RFC 3986 section 4.2), never of another host
  bool is_plain() const { return method == "GET" && body.empty(); }
  // Whether a field (in lower case) belongs to a request that is made again: those that tell what
  // its body is, and from which page it came. All others are the browser's, which sends them anew.
  static bool is_saved(std::string_view field);
};

}  // namespace container::security
