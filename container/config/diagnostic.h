// How trouble with a configuration file reaches the operator: as compilers say it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "container/config/config_element.h"

namespace container {

struct Diagnostic {
  enum class Severity : std::uint8_t { error, warning };
  Severity severity = Severity::error;
  SourcePosition position;
  std::string message;
  std::string excerpt;  // the source line and a line with the caret below it; may be empty
};

// `file:line:column: error: message`, then the excerpt; no newline at the end.
std::string to_string(const Diagnostic& diagnostic);

// A file that cannot be used. Everything wrong with it, in document order, at most
// `max_diagnostics`; what() is all of it as text.
class ConfigError : public std::runtime_error {
 public:
  static constexpr std::size_t max_diagnostics = 50;

  // `unlisted`: how many more there were.
  explicit ConfigError(std::vector<Diagnostic> diagnostics, std::size_t unlisted = 0);

  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace container
