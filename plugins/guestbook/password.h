// Passwords as they are stored: slow to guess, and of no use to who reads the file.
#pragma once

#include <margay/status_error.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace guestbook {

// More than can be hashed in two seconds: 503.
struct TooManyPasswords : std::runtime_error, margay::Busy {
  TooManyPasswords() : std::runtime_error("too many passwords at once") {}
};

// By scrypt (RFC 7914) with 32 MiB and a salt of its own, as `margay digest --algorithm scrypt`
// writes it. Takes about a tenth of a second, on purpose. Throws TooManyPasswords.
std::string hash_of(std::string_view password);

// As long as hash_of() whatever the answer is, and throws the same.
bool matches(std::string_view stored, std::string_view password);

}  // namespace guestbook
