// How messages about configuration name what they found: 'text' and <element>.
#pragma once

#include <string>
#include <string_view>

namespace container {

inline std::string in_quotes(std::string_view text) { return '\'' + std::string(text) + '\''; }
inline std::string tag(std::string_view name) { return '<' + std::string(name) + '>'; }

}  // namespace container
