// Throws any bytes at the request-target and holds the accepted ones to what the rest of the
// container relies on. The first byte chooses the rules, the rest is the target.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "container/target.h"
#include "container/utf8.h"

using namespace container;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

TargetRules rules_of(unsigned choice) {
  const auto separator = [](unsigned n) { return static_cast<EncodedSeparator>(n % 3); };
  TargetRules rules;
  rules.encoded_solidus = separator(choice & 3U);
  rules.encoded_reverse_solidus = separator(choice >> 2U & 3U);
  rules.allow_backslash = (choice & 16U) != 0;
  if ((choice & 32U) != 0) rules.relaxed_path = RelaxedCharacters("\"<>[\\]^`{|}");
  if ((choice & 64U) != 0) rules.relaxed_query = RelaxedCharacters("\"<>[\\]^`{|}");
  return rules;
}

bool keeps_escapes(const TargetRules& rules) {
  return rules.encoded_solidus == EncodedSeparator::passthrough ||
         rules.encoded_reverse_solidus == EncodedSeparator::passthrough;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

// Everything but letters, digits and '/' is encoded, so that parsing again has to decode as much as
// it can.
std::string encode(std::string_view path, bool percent_stays) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (char c : path) {
    const char lower = static_cast<char>(c | 0x20);
    const bool plain = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '/' ||
                       (c == '%' && percent_stays);
    if (plain) {
      text += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text += '%';
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

void check_path(std::string_view path) {
  require(path.starts_with('/'));
  require(path.find("//") == std::string_view::npos);
  require(path.find("/./") == std::string_view::npos);
  require(path.find("/../") == std::string_view::npos);
  require(!path.ends_with("/.") && !path.ends_with("/.."));
  require(path.find('\\') == std::string_view::npos);
  require(!has_control(path));
  require(is_utf8(path));
}

bool within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const TargetRules rules = rules_of(bytes[0]);
  const std::vector<char> copy(bytes + 1,
                               bytes + size);  // exact size: a byte read past it is found
  const std::string_view raw(copy.data(), copy.size());
  std::vector<char> room(raw.size());
  const auto target = parse_target(raw, rules, room, Asterisk::allowed);
  if (!target) {
    require(target.error().at <= raw.size());
    require(!sentence(target.error().fault).empty());
    return 0;
  }
  require(within(target->query, raw) && within(target->path_parameters, raw));
  require(within(target->authority, raw));
  require(target->query.find('#') == std::string_view::npos && !has_control(target->query));
  (void)path_parameter(target->path_parameters, "jsessionid");
  if (target->form == TargetForm::asterisk) {
    require(raw == "*");
    return 0;
  }
  require(target->path.size() <= raw.size() || target->path == "/");
  check_path(target->path);

  const std::string again = encode(target->path, keeps_escapes(rules));
  std::vector<char> second_room(again.size());
  const auto second = parse_target(again, rules, second_room);
  require(second.has_value());
  require(second->path == target->path);
  require(second->query.empty() && second->path_parameters.empty());
  return 0;
}
