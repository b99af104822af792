// A list of paths within the application, as a parameter.
#pragma once

#include <margay/request.h>

#include <string>
#include <string_view>
#include <vector>

namespace filters {

// `/a` alone, `/a/*` for it and all below, `*.ext`, and `/*` or `*` for everything; as the `path`
// of a filter, without variables. Immutable.
class Paths {
 public:
  // A list with commas or white space; throws margay::ConfigError that names the bad one.
  static Paths read(const margay::Config& config, std::string_view parameter);
  // The request's path behind the context path.
  bool contain(const margay::Request& request) const {
    return contain(request.path().substr(request.context_path().size()));
  }
  bool contain(std::string_view path) const;

 private:
  std::vector<std::string> patterns_;
};

}  // namespace filters
