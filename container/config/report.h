// Collects what is wrong with one file while it is read and checked.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "container/config/diagnostic.h"
#include "container/config/source_text.h"

namespace container {

// Borrows the source. Beyond `limit` errors, or warnings, only their number is kept.
class Report {
 public:
  static constexpr std::size_t limit = 200;

  explicit Report(const SourceText& source) : source_(source) {}

  const SourceText& source() const { return source_; }

  void error(const SourcePosition& position, std::string message);
  void warning(const SourcePosition& position, std::string message);

  bool has_errors() const { return !errors_.empty(); }

  // No use in thinking about helpful words any more.
  bool is_full() const { return errors_.size() >= limit; }

  // Hands the warnings over in document order, then throws ConfigError if there were errors.
  void finish(std::vector<Diagnostic>& warnings);

 private:
  void add(std::vector<Diagnostic>& to, Diagnostic::Severity severity,
           const SourcePosition& position, std::string message);

  const SourceText& source_;
  std::vector<Diagnostic> errors_;
  std::vector<Diagnostic> warnings_;
  std::size_t unlisted_ = 0;
};

}  // namespace container
