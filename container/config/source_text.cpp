// Lines and columns are counted once, when the file is read.
#include "container/config/source_text.h"

#include <algorithm>
#include <utility>

namespace container {
namespace {

constexpr std::size_t stretch = 128;
constexpr std::size_t long_line = 160;  // bytes; a longer line is shown only around the caret
constexpr std::size_t excerpt_before = 100;
constexpr std::size_t excerpt_after = 60;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }

// As many bytes as before, so that the caret stays in its place.
std::string without_passwords(std::string_view line) {
  std::string text(line);
  for (std::size_t at = 0; (at = text.find("Pass", at)) != text.npos;) {
    at += text.compare(at, 8, "Password") == 0 ? 8 : 4;
    const std::size_t equals = text.find_first_not_of(" \t", at);
    if (equals == text.npos || text[equals] != '=') continue;
    const std::size_t quote = text.find_first_not_of(" \t", equals + 1);
    if (quote == text.npos || (text[quote] != '"' && text[quote] != '\'')) continue;
    const std::size_t end = std::min(text.find(text[quote], quote + 1), text.size());
    std::fill(text.data() + quote + 1, text.data() + end, '*');
    at = end;
  }
  return text;
}

}  // namespace

SourceText::SourceText(std::string name, std::string_view text)
    : name_(std::make_shared<const std::string>(std::move(name))), text_(text) {
  lines_.push_back(text_.starts_with(byte_order_mark) ? byte_order_mark.size() : 0);
  std::size_t characters = 0;
  for (std::size_t offset = 0; offset < text_.size(); ++offset) {
    if (offset % stretch == 0) characters_.push_back(characters);
    if (begins_character(text_[offset])) ++characters;
    if (text_[offset] == '\n') lines_.push_back(offset + 1);
  }
  characters_.push_back(characters);
}

std::size_t SourceText::characters_before(std::size_t offset) const {
  std::size_t characters = characters_[offset / stretch];
  for (std::size_t at = offset - offset % stretch; at < offset; ++at) {
    if (begins_character(text_[at])) ++characters;
  }
  return characters;
}

SourcePosition SourceText::position(std::size_t offset) const {
  offset = std::clamp(offset, lines_.front(), std::max(lines_.front(), text_.size()));
  const auto after = std::upper_bound(lines_.begin(), lines_.end(), offset);
  const std::size_t start = *(after - 1);
  return {.file = name_,
          .line = static_cast<std::uint32_t>(after - lines_.begin()),
          .column =
              static_cast<std::uint32_t>(characters_before(offset) - characters_before(start) + 1)};
}

std::string SourceText::excerpt(const SourcePosition& position) const {
  if (position.file != name_ || position.line == 0 || position.line > lines_.size()) return {};
  const std::size_t start = lines_[position.line - 1];
  const std::size_t end = std::min(text_.find('\n', start), text_.size());
  std::string_view line(text_.data() + start, end - start);
  if (line.ends_with('\r')) line.remove_suffix(1);

  std::size_t caret = 0;
  for (std::uint32_t column = 1; column < position.column && caret < line.size(); ++column) {
    for (++caret; caret < line.size() && !begins_character(line[caret]);) ++caret;
  }
  const bool cut = line.size() > long_line;
  std::size_t first = cut && caret > excerpt_before ? caret - excerpt_before : 0;
  while (first > 0 && !begins_character(line[first])) --first;
  std::size_t last = cut ? std::min(line.size(), caret + excerpt_after) : line.size();
  while (last < line.size() && !begins_character(line[last])) ++last;

  std::string text = without_passwords(line).substr(first, last - first);
  text += '\n';
  for (const char c : line.substr(first, caret - first)) {
    if (begins_character(c)) text += c == '\t' ? '\t' : ' ';
  }
  return text + '^';
}

}  // namespace container
