// Which pictures the guestbook takes, by what they are and not by what they are called.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace guestbook {

// What a page has to know of a picture to show it.
struct Picture {
  std::string type;  // image/png and its like
  std::uint32_t width = 0, height = 0;
  std::string alt{};   // what it shows, in its writer's words; may be empty
  std::string name{};  // given by Entries when it is stored
};

// Reads type and size of a PNG, JPEG, GIF or WebP from its first bytes. Nothing: it is something
// else, or cut off before it tells its size, or has no pixel or more than kMostPixels. That the
// rest can be shown is not checked: a browser leaves a gap for what it cannot read.
std::optional<Picture> read_picture(std::string_view bytes);

// A few kilobytes can unpack to gigabytes in the browsers of all who read.
inline constexpr std::uint64_t kMostPixels = 50'000'000;

}  // namespace guestbook
