// Ids that nobody can guess.
#pragma once

#include <cstddef>
#include <string>

namespace container {

// `bytes` from the system's generator as small hexadecimal digits. Any thread; one system call for
// some dozens of ids. Throws std::system_error when the system has none to give.
std::string random_hex(std::size_t bytes);

}  // namespace container
