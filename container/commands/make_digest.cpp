// `margay digest`: a password as a file of users should have it.
#include <termios.h>
#include <unistd.h>

#include <iostream>
#include <optional>
#include <string>

#include "container/commands/commands.h"
#include "container/security/credential.h"

namespace container::commands {

namespace {

// Without showing it, where it is typed.
std::optional<std::string> read_line(const char* prompt) {
  const bool typed = ::isatty(STDIN_FILENO) != 0;
  termios before{};
  if (typed) {
    std::cerr << prompt << std::flush;
    ::tcgetattr(STDIN_FILENO, &before);
    termios quiet = before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  std::string line;
  const bool got = static_cast<bool>(std::getline(std::cin, line));
  if (typed) {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::cerr << '\n';
  }
  return got ? std::optional(line) : std::nullopt;
}

}  // namespace

int make_digest(const std::string& form, unsigned iterations) {
  const auto password = read_line("password: ");
  if (!password || password->empty()) {
    std::cerr << "margay: no password came from standard input\n";
    return bad_usage;
  }
  if (::isatty(STDIN_FILENO) != 0 && read_line("again: ") != password) {
    std::cerr << "margay: these are two different passwords\n";
    return bad_usage;
  }
  const auto made = security::make_credential(form, *password, iterations);
  if (!made) {
    std::cerr << "margay: " << made.error() << '\n';
    return bad_usage;
  }
  std::cout << *made << '\n';
  return clean;
}

}  // namespace container::commands
