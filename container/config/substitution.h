// `${name}`, `${name:-default}` and `${name?then:else}` in the values of a configuration file.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "container/config/config_element.h"

namespace container {

// Where names are looked up: first among the -D definitions, then in the environment.
struct Substitutions {
  using Names = std::map<std::string, std::string, std::less<>>;
  Names definitions;
  Names environment;
};

// The environment of this process as it is now, and as `margay.bin` the folder of its program. Not
// while another thread changes it.
Substitutions::Names process_environment();

struct Expansion {
  std::string text;
  Origin::Kind origin = Origin::Kind::file;  // of the first name that was found
  std::string name;
  bool literal = true;  // no character was replaced
};

struct ExpansionError {
  std::string text;    // shows a name at most: values may be secret
  std::size_t offset;  // of the `${`
};

// `$$` stands for one `$`; a `$` before anything but `{` and `$` is itself. What replaces a name is
// not looked at again. Limited to 64 KiB; more is an error.
tl::expected<Expansion, ExpansionError> expand(std::string_view text,
                                               const Substitutions& substitutions);

}  // namespace container
