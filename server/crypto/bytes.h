// Bytes as text and text as bytes, random bytes, and comparison that tells nothing by its time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace server::crypto {

enum class Base64 { standard, url };  // RFC 4648 section 4, padded; section 5, not padded

std::string to_base64(std::string_view bytes, Base64 kind);
// Padding may be there or not. Nothing: another character, a wrong length, or bits beyond the end.
std::optional<std::string> from_base64(std::string_view text, Base64 kind);

std::string to_hex(std::string_view bytes);  // lower case
std::optional<std::string> from_hex(std::string_view text);

// As OpenSSL takes them.
inline const unsigned char* octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* octets(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

// From the system's generator. Throws std::system_error when there is none.
std::string random_bytes(std::size_t count);

// Takes as long for equal texts as for different ones of the same length; lengths may be told.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace server::crypto
