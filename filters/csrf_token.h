// What a client has to know to change something, and how it is shown.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace filters {

// 128 random bits. They are shown masked by as many others, differently each time, so that their
// letters cannot be guessed from the length of compressed answers (BREACH).
class CsrfToken {
 public:
  static constexpr std::size_t kBytes = 16;
  static constexpr std::size_t kShown = 4 * kBytes;  // letters of what is shown

  // Throws std::system_error when the system has no random bytes.
  static CsrfToken random();
  // What text() gave; nothing when it is something else.
  static std::optional<CsrfToken> parse(std::string_view text);

  std::string text() const;    // hexadecimal, to be kept
  std::string masked() const;  // hexadecimal, kShown letters; another one with each call
  // Whether `shown` is this, under any mask. Takes the same time whatever it says.
  bool matches(std::string_view shown) const;

 private:
  std::array<std::uint8_t, kBytes> bytes_{};
};

}  // namespace filters
