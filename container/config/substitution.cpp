// Replaces `${name}` in one pass.
#include "container/config/substitution.h"

#include <unistd.h>

#include <filesystem>
#include <utility>

#include "container/config/xml_scan.h"

namespace container {
namespace {

constexpr std::size_t max_expanded = 64u << 10;
constexpr std::string_view malformed =
    "what '${' begins is no name to look up; write ${name}, ${name:-default} or "
    "${name?then:else}";

bool is_name(std::string_view name) {
  if (name.empty()) return false;
  for (const char c : name) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '.' || c == '-';
    if (!good) return false;
  }
  return true;
}

class Expander {
 public:
  Expander(std::string_view text, const Substitutions& substitutions)
      : text_(text), substitutions_(substitutions) {}

  tl::expected<Expansion, ExpansionError> run() {
    while (at_ < text_.size()) {
      const std::size_t start = at_;
      if (text_.substr(at_, 2) == "$$") {
        result_.text += '$';
        result_.literal = false;
        at_ += 2;
      } else if (text_.substr(at_, 2) == "${") {
        if (std::string problem = replace(); !problem.empty()) {
          return tl::unexpected(ExpansionError{std::move(problem), start});
        }
      } else {
        result_.text += text_[at_++];
      }
      if (result_.text.size() > max_expanded) {
        return tl::unexpected(ExpansionError{"the value is longer than 64 KiB", start});
      }
    }
    return std::move(result_);
  }

 private:
  // Takes one `${...}`; returns a complaint, or nothing.
  std::string replace() {
    const std::size_t end = text_.find('}', at_);
    if (end == std::string_view::npos) return "'${' without '}'; write '$$' for a plain '$'";
    const std::string_view inside = text_.substr(at_ + 2, end - at_ - 2);
    const std::string_view name = inside.substr(0, inside.find_first_of(":?"));
    const std::string_view form = inside.substr(name.size());
    const std::string word(name);
    if (!is_name(name)) return std::string(malformed);
    if (form.find("${") != std::string_view::npos)
      return "what follows the name in '${" + word + "}' cannot hold another '${'";
    const std::size_t colon = form.find(':');
    const bool is_choice = form.starts_with('?') && colon != std::string_view::npos;
    if (!(form.empty() || form.starts_with(":-") || is_choice)) return std::string(malformed);
    const std::size_t before = result_.text.size();
    const bool is_found = found(name, substitutions_.definitions, Origin::Kind::definition) ||
                          found(name, substitutions_.environment, Origin::Kind::environment);
    if (is_found && find_bad_byte(std::string_view(result_.text).substr(before))) {
      return "the value of '" + word + "' holds a control character, or is not UTF-8";
    }
    if (!is_found && form.empty()) {
      return "'" + word + "' is neither defined with -D" + word +
             "=... nor in the environment; write ${" + word + ":-default} to allow that";
    }
    if (is_choice) {
      const bool is_set = result_.text.size() > before;
      result_.text.resize(before);
      result_.text += is_set ? form.substr(1, colon - 1) : form.substr(colon + 1);
    } else if (!is_found) {
      result_.text += form.substr(2);
    }
    result_.literal = false;
    at_ = end + 1;
    return {};
  }

  bool found(std::string_view name, const Substitutions::Names& names, Origin::Kind kind) {
    const auto entry = names.find(name);
    if (entry == names.end()) return false;
    result_.text += entry->second;
    if (result_.name.empty()) {
      result_.origin = kind;
      result_.name = name;
    }
    return true;
  }

  const std::string_view text_;
  const Substitutions& substitutions_;
  std::size_t at_ = 0;
  Expansion result_;
};

}  // namespace

Substitutions::Names process_environment() {
  Substitutions::Names names;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    names.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  std::error_code unreadable;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", unreadable);
  if (!unreadable) names["margay.bin"] = program.parent_path().string();
  return names;
}

tl::expected<Expansion, ExpansionError> expand(std::string_view text,
                                               const Substitutions& substitutions) {
  return Expander(text, substitutions).run();
}

}  // namespace container
