// The text of diagnostics and source positions.
#include "container/config/diagnostic.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace container {
namespace {

std::string summary(const std::vector<Diagnostic>& diagnostics, std::size_t unlisted) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (!text.empty()) text += '\n';
    text += to_string(diagnostic);
  }
  if (unlisted > 0) text += "\nand " + std::to_string(unlisted) + " more";
  return text;
}

}  // namespace

std::string to_string(const SourcePosition& position) {
  if (!position.file) return {};
  if (position.line == 0) return *position.file;
  return *position.file + ':' + std::to_string(position.line) + ':' +
         std::to_string(position.column);
}

bool stands_before(const SourcePosition& a, const SourcePosition& b) {
  return std::tie(a.line, a.column) < std::tie(b.line, b.column);
}

const Origin* find_origin(const ConfigElement& element, std::string_view attribute) {
  const auto found =
      std::find_if(element.origins.begin(), element.origins.end(),
                   [&](const AttributeOrigin& origin) { return origin.attribute == attribute; });
  return found == element.origins.end() ? nullptr : &found->origin;
}

SourcePosition position_of(const ConfigElement& element, std::string_view attribute) {
  const Origin* origin = find_origin(element, attribute);
  return origin ? origin->position : element.position;
}

std::string to_string(const Diagnostic& diagnostic) {
  std::string text = to_string(diagnostic.position);
  if (!text.empty()) text += ": ";
  text += diagnostic.severity == Diagnostic::Severity::error ? "error: " : "warning: ";
  text += diagnostic.message;
  if (!diagnostic.excerpt.empty()) text += '\n' + diagnostic.excerpt;
  return text;
}

ConfigError::ConfigError(std::vector<Diagnostic> diagnostics, std::size_t unlisted)
    : std::runtime_error(summary(diagnostics, unlisted)), diagnostics_(std::move(diagnostics)) {}

}  // namespace container
