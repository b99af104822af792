// Parsing with an offset and a suggestion for each mistake, and the filters' way of matching.
#include "container/pattern.h"

#include <algorithm>

#include "container/config/quoted.h"

namespace container {
namespace {

tl::unexpected<PatternError> fault(std::size_t offset, std::string text) {
  return tl::unexpected(PatternError{std::move(text), offset});
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

}  // namespace

class PatternParser {
 public:
  PatternParser(std::string_view text, PatternUse use) : text_(text), use_(use) {}

  tl::expected<Pattern, PatternError> run() {
    pattern_.text_ = text_;
    if (const Step legal = check_characters(); !legal) return tl::unexpected(legal.error());
    const Step parsed = text_.starts_with('*') ? parse_star() : parse_path();
    if (!parsed) return tl::unexpected(parsed.error());
    return std::move(pattern_);
  }

 private:
  using Step = tl::expected<void, PatternError>;

  Step finish(Pattern::Kind kind, std::string_view literal = {}) {
    pattern_.kind_ = kind;
    pattern_.literal_ = literal;
    return {};
  }

  // Paths arrive decoded, without query and parameters; a pattern that hopes for them would never
  // match.
  Step check_characters() const {
    for (std::size_t at = 0; at < text_.size(); ++at) {
      const auto byte = static_cast<unsigned char>(text_[at]);
      if (byte < 0x20 || byte == 0x7f) return fault(at, "a control character cannot be in a path");
      if (byte == '?' || byte == '#')
        return fault(at, "a pattern is for the path alone, without query and fragment");
      if (byte == ';') return fault(at, "path parameters are taken off before matching");
      if (byte == '\\') return fault(at, "a backslash never reaches a pattern: write '/'");
      if (byte == '%')
        return fault(at, "paths are decoded before matching: write the character itself");
    }
    return {};
  }

  Step parse_star() {
    if (use_ == PatternUse::websocket)
      return fault(0, "a WebSocket has a path, as in '/chat', or '/*' for every path");
    if (text_ == "*") {
      if (use_ == PatternUse::filter) return finish(Pattern::Kind::prefix);
      return fault(0, "write '/*' for every path, or '/' for what nothing else takes");
    }
    if (text_[1] != '.') return fault(1, "after '*' comes '.' and an extension, as in '*.html'");
    const std::string_view extension = text_.substr(2);
    if (extension.empty()) return fault(2, "the extension is missing, as in '*.html'");
    if (const std::size_t at = extension.find_first_of("/*{}"); at != std::string_view::npos)
      return fault(at + 2, "an extension is plain text without '/', '*' and braces");
    if (const std::size_t at = extension.rfind('.'); at != std::string_view::npos) {
      return fault(at + 2, "an extension begins at the last dot: write " +
                               in_quotes("*" + std::string(extension.substr(at))));
    }
    return finish(Pattern::Kind::extension, extension);
  }

  Step parse_path() {
    const bool is_socket = use_ == PatternUse::websocket;
    if (is_socket && text_.empty()) return fault(0, "the root is '/'");
    if (text_.empty()) return finish(Pattern::Kind::context_root);
    if (text_.front() != '/')
      return fault(0, "a pattern begins with '/': write " + in_quotes("/" + std::string(text_)));
    if (text_ == "/")
      return finish(is_socket ? Pattern::Kind::context_root : Pattern::Kind::fallback);
    std::string_view path = text_;
    const bool prefix = path.ends_with("/*");
    if (prefix) path.remove_suffix(2);
    if (const Step split = split_segments(path); !split) return split;
    const bool plain = names_.empty();
    if (prefix && !plain) {
      return fault(text_.size() - 1, "a template takes the rest of the path by name: write " +
                                         in_quotes(std::string(path) + "/{rest...}"));
    }
    if (plain) {
      pattern_.segments_.clear();
      return finish(prefix ? Pattern::Kind::prefix : Pattern::Kind::exact, path);
    }
    return finish(Pattern::Kind::variables);
  }

  Step split_segments(std::string_view path) {
    for (std::size_t at = 0; at < path.size();) {
      const std::size_t begin = at + 1;
      const std::size_t end = std::min(path.find('/', begin), path.size());
      const bool last = end == path.size();
      if (const Step taken = take_segment(path.substr(begin, end - begin), begin, last); !taken)
        return taken;
      at = end;
    }
    return {};
  }

  Step take_segment(std::string_view segment, std::size_t at, bool last) {
    if (segment.empty() && (!last || at + 1 < text_.size()))
      return fault(at, "'//' never matches: paths have single slashes");
    if (segment == "." || segment == "..")
      return fault(at, in_quotes(segment) + " never matches: paths are normalised first");
    if (const std::size_t star = segment.find('*'); star != std::string_view::npos)
      return misplaced_star(segment, at, star);
    const std::size_t brace = segment.find_first_of("{}");
    if (brace == std::string_view::npos) {
      pattern_.segments_.push_back({Pattern::Segment::Kind::literal, std::string(segment)});
      return {};
    }
    return take_variable(segment, at, brace, last);
  }

  Step misplaced_star(std::string_view segment, std::size_t at, std::size_t star) const {
    if (segment == "**") {
      return fault(at, "write " + in_quotes(std::string(text_.substr(0, at)) + "*") +
                           " for everything below, or a variable for one segment");
    }
    if (segment == "*") return fault(at, "'*' is for the end only: write '{name}' for one segment");
    if (segment.starts_with("*.")) {
      return fault(at, "an extension has no folder before it: write " + in_quotes(segment) +
                           " or " + in_quotes(std::string(text_.substr(0, at)) + "*"));
    }
    return fault(at + star,
                 "'*' stands alone after the last '/', or before an extension as in '*.html'");
  }

  Step take_variable(std::string_view segment, std::size_t at, std::size_t brace, bool last) {
    const std::size_t close = segment.find('}');
    if (segment.front() != '{' || close != segment.size() - 1 || segment.rfind('{') != 0)
      return fault(at + brace, "a variable is a whole segment, as in '/{name}/'");
    std::string_view name = segment.substr(1, segment.size() - 2);
    const bool rest = name.ends_with("...");
    if (rest) name.remove_suffix(3);
    if (name.empty()) return fault(at + 1, "the variable has no name, as in '{id}'");
    const auto bad = std::find_if_not(name.begin(), name.end(), is_name_character);
    if (bad != name.end()) {
      return fault(at + 1 + static_cast<std::size_t>(bad - name.begin()),
                   "a variable's name has letters, digits, '_' and '-' only");
    }
    if (rest && !last)
      return fault(at, "the rest of a path, " + in_quotes(segment) + ", comes last");
    if (std::find(names_.begin(), names_.end(), name) != names_.end())
      return fault(at + 1, "the variable " + in_quotes(name) + " is there twice");
    if (names_.size() == max_path_variables)
      return fault(at,
                   "a pattern has at most " + std::to_string(max_path_variables) + " variables");
    names_.push_back(name);
    pattern_.segments_.push_back(
        {rest ? Pattern::Segment::Kind::rest : Pattern::Segment::Kind::variable,
         std::string(name)});
    return {};
  }

  std::string_view text_;
  PatternUse use_;
  std::vector<std::string_view> names_;
  Pattern pattern_;
};

tl::expected<Pattern, PatternError> Pattern::parse(std::string_view text, PatternUse use) {
  return PatternParser(text, use).run();
}

bool Pattern::matches_filter(std::string_view path) const {
  switch (kind_) {
    case Kind::exact:
      return path == literal_;
    case Kind::prefix:
      return path.starts_with(literal_) &&
             (literal_.empty() || path.size() == literal_.size() || path[literal_.size()] == '/');
    case Kind::extension:
      return extension_of(path) == literal_;
    case Kind::context_root:
    case Kind::fallback:
      return path == "/";
    case Kind::variables:
      return matches_variables(path);
  }
  return false;
}

bool Pattern::matches_variables(std::string_view path) const {
  std::size_t at = 0;
  for (const Segment& segment : segments_) {
    if (at == path.size() || path[at] != '/') return false;
    if (segment.kind == Segment::Kind::rest) return true;
    const std::size_t end = std::min(path.find('/', at + 1), path.size());
    const std::string_view actual = path.substr(at + 1, end - at - 1);
    if (segment.kind == Segment::Kind::literal ? actual != segment.text : actual.empty())
      return false;
    at = end;
  }
  return at == path.size();
}

std::string_view extension_of(std::string_view path) {
  for (std::size_t at = path.size(); at > 0 && path[at - 1] != '/'; --at)
    if (path[at - 1] == '.') return path.substr(at);
  return {};
}

}  // namespace container
