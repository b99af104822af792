// Whether bytes a client chose are UTF-8; asked only about paths that hold something beyond ASCII.
#pragma once

#include <string_view>

namespace container {

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view bytes);

}  // namespace container
