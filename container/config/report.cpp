// Puts diagnostics into document order and bounds their number.
#include "container/config/report.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace container {
namespace {

void sort_by_position(std::vector<Diagnostic>& diagnostics) {
  std::stable_sort(diagnostics.begin(), diagnostics.end(),
                   [](const Diagnostic& a, const Diagnostic& b) {
                     return stands_before(a.position, b.position);
                   });
}

}  // namespace

void Report::error(const SourcePosition& position, std::string message) {
  if (is_full()) {
    ++unlisted_;
    return;
  }
  add(errors_, Diagnostic::Severity::error, position, std::move(message));
}

void Report::warning(const SourcePosition& position, std::string message) {
  if (warnings_.size() < ConfigError::max_diagnostics) {
    add(warnings_, Diagnostic::Severity::warning, position, std::move(message));
  }
}

void Report::add(std::vector<Diagnostic>& to, Diagnostic::Severity severity,
                 const SourcePosition& position, std::string message) {
  to.push_back({severity, position, std::move(message), source_.excerpt(position)});
}

void Report::finish(std::vector<Diagnostic>& warnings) {
  sort_by_position(warnings_);
  std::move(warnings_.begin(), warnings_.end(), std::back_inserter(warnings));
  warnings_.clear();
  if (errors_.empty()) return;
  sort_by_position(errors_);
  if (errors_.size() > ConfigError::max_diagnostics) {
    unlisted_ += errors_.size() - ConfigError::max_diagnostics;
    errors_.resize(ConfigError::max_diagnostics);
  }
  throw ConfigError(std::move(errors_), unlisted_);
}

}  // namespace container
