// Passwords as they are stored: slow to guess, and of no use to who reads the file.
#pragma once

#include <string>
#include <string_view>

namespace guestbook {

// By scrypt (RFC 7914) with 32 MiB and a salt of its own, as `margay digest --algorithm scrypt`
// writes it. Takes about a tenth of a second, on purpose. Throws std::runtime_error.
std::string hash_of(std::string_view password);

// As long as hash_of() whatever the answer is. Two run at once; throws std::runtime_error for one
// that would have to wait longer than two seconds.
bool matches(std::string_view stored, std::string_view password);

}  // namespace guestbook
