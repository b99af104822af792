// The four escapes; each copies runs of harmless bytes at once and looks closely only at the rest.
#include "server/escape.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace server {
namespace {

constexpr std::string_view hex = "0123456789abcdef";
constexpr std::string_view replacement = "\xef\xbf\xbd";

enum Needs : std::uint8_t { ascii_escape = 1, line_escape = 2, json_escape = 4, html_escape = 8 };

constexpr auto needs = [] {
  std::array<std::uint8_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool plain = byte >= 0x20 && byte < 0x7f;
    table[byte] = plain ? std::uint8_t{0} : std::uint8_t{0xff};
  }
  table['"'] = ascii_escape | json_escape | html_escape;
  table['\\'] = ascii_escape | json_escape;
  for (const char markup : {'&', '<', '>', '\''})
    table[static_cast<unsigned char>(markup)] = html_escape;
  return table;
}();

std::size_t harmless_run(std::string_view text, std::uint8_t escape) {
  std::size_t run = 0;
  while (run < text.size() && !(needs[static_cast<unsigned char>(text[run])] & escape)) ++run;
  return run;
}

bool is_continuation(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

// Bytes of the well-formed UTF-8 sequence (RFC 3629 §4) of two or more bytes at the start, 0 where
// there is none.
std::size_t multibyte_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (!is_continuation(text, 1)) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool overlong = lead == 0xe0 && second < 0xa0;
    const bool surrogate = lead == 0xed && second > 0x9f;
    return overlong || surrogate || !is_continuation(text, 2) ? 0 : 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool overlong = lead == 0xf0 && second < 0x90;
    const bool beyond = lead == 0xf4 && second > 0x8f;
    return overlong || beyond || !is_continuation(text, 2) || !is_continuation(text, 3) ? 0 : 4;
  }
  return 0;
}

bool is_c1_control(std::string_view sequence) {
  return sequence.size() == 2 && sequence[0] == '\xc2' &&
         static_cast<unsigned char>(sequence[1]) < 0xa0;
}

void append_hex(std::string& out, std::string_view prefix, char byte) {
  const auto value = static_cast<unsigned char>(byte);
  out += prefix;
  out += hex[value >> 4];
  out += hex[value & 15];
}

// The letter after the backslash that C, JSON and Tomcat agree on, 0 where there is none.
char short_escape(char byte) {
  switch (byte) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\f':
      return 'f';
    default:
      return 0;
  }
}

void append_backslashed(std::string& out, char byte) {
  const char letter = byte == '\v' ? 'v' : short_escape(byte);
  if (letter == 0) return append_hex(out, "\\x", byte);
  out += '\\';
  out += letter;
}

// Copies what is harmless and well-formed and leaves every other byte to `append_other`.
template <class AppendOther>
void append_utf8(std::string& out, std::string_view text, std::uint8_t escape,
                 AppendOther append_other) {
  while (!text.empty()) {
    std::size_t taken = harmless_run(text, escape);
    if (taken == 0 && (text[0] & 0x80)) {
      taken = multibyte_length(text);
      if (is_c1_control(text.substr(0, taken))) taken = 0;
    }
    if (taken > 0) {
      out.append(text.substr(0, taken));
    } else {
      append_other(text[0]);
      taken = 1;
    }
    text.remove_prefix(taken);
  }
}

}  // namespace

void append_ascii_escaped(std::string& out, std::string_view text) {
  for (;;) {
    const std::size_t run = harmless_run(text, ascii_escape);
    out.append(text.substr(0, run));
    if (run == text.size()) return;
    append_backslashed(out, text[run]);
    text.remove_prefix(run + 1);
  }
}

void append_line_escaped(std::string& out, std::string_view text) {
  append_utf8(out, text, line_escape, [&out](char byte) { append_backslashed(out, byte); });
}

void append_json_escaped(std::string& out, std::string_view text) {
  append_utf8(out, text, json_escape, [&out](char byte) {
    if (byte & 0x80) {
      out += replacement;
    } else if (const char letter = short_escape(byte)) {
      out += '\\';
      out += letter;
    } else {
      append_hex(out, "\\u00", byte);
    }
  });
}

void append_html_escaped(std::string& out, std::string_view text) {
  append_utf8(out, text, html_escape, [&out](char byte) {
    switch (byte) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += replacement;
    }
  });
}

}  // namespace server
