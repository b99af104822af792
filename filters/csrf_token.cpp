// What a client has to know to change something, and how it is shown.
#include "filters/csrf_token.h"

#include <margay/form.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <system_error>

namespace filters {

namespace {

using Bytes = std::span<std::uint8_t>;

void fill(Bytes bytes) {
  if (::getentropy(bytes.data(), bytes.size()) != 0)
    throw std::system_error(errno, std::generic_category(), "no random bytes");
}

void append(std::string& text, std::uint8_t byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  text.push_back(kDigits[byte >> 4U]);
  text.push_back(kDigits[byte & 15U]);
}

// False when `text` is not as many hexadecimal digits as `into` takes.
bool read(std::string_view text, Bytes into) {
  if (text.size() != 2 * into.size()) return false;
  for (std::size_t i = 0; i < into.size(); ++i) {
    const int high = margay::detail::hexadecimal(text[2 * i]);
    const int low = margay::detail::hexadecimal(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    into[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

}  // namespace

CsrfToken CsrfToken::random() {
  CsrfToken token;
  fill(token.bytes_);
  return token;
}

std::optional<CsrfToken> CsrfToken::parse(std::string_view text) {
  CsrfToken token;
  if (!read(text, token.bytes_)) return std::nullopt;
  return token;
}

std::string CsrfToken::text() const {
  std::string text;
  for (const std::uint8_t byte : bytes_) append(text, byte);
  return text;
}

std::string CsrfToken::masked() const {
  std::array<std::uint8_t, kBytes> mask{};
  fill(mask);
  std::string text;
  text.reserve(kShown);
  for (const std::uint8_t byte : mask) append(text, byte);
  for (std::size_t i = 0; i < kBytes; ++i)
    append(text, static_cast<std::uint8_t>(bytes_[i] ^ mask[i]));
  return text;
}

bool CsrfToken::matches(std::string_view shown) const {
  std::array<std::uint8_t, 2 * kBytes> both{};
  if (!read(shown, both)) return false;
  volatile std::uint8_t difference = 0;
  for (std::size_t i = 0; i < kBytes; ++i)
    difference = static_cast<std::uint8_t>(difference | (both[i] ^ both[kBytes + i] ^ bytes_[i]));
  return difference == 0;
}

}  // namespace filters
