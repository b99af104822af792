// The text of one configuration file, and the way from a byte in it to a line and a column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "container/config/config_element.h"

namespace container {

// Lines end in LF or CR LF. A byte order mark counts as no column.
class SourceText {
 public:
  SourceText(std::string name, std::string_view text);

  const std::string& text() const { return text_; }

  // Costs the logarithm of the number of lines, however long the lines are.
  SourcePosition position(std::size_t offset) const;

  // The line without its end, and a second line with a caret below the column. A long line is cut
  // around the caret; values of attributes that end in `Password` or `Pass` are covered with
  // asterisks, as excerpts come into logs. Empty when the position is not in this text.
  std::string excerpt(const SourcePosition& position) const;

 private:
  // How many characters begin before `offset`.
  std::size_t characters_before(std::size_t offset) const;

  std::shared_ptr<const std::string> name_;
  std::string text_;
  std::vector<std::size_t> lines_;       // offset of each line's first byte
  std::vector<std::size_t> characters_;  // characters before each stretch of bytes
};

}  // namespace container
