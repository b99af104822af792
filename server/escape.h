// How text from outside enters lines, JSON and HTML that we write: nobody may forge a line, a
// string end or a tag.
#pragma once

#include <string>
#include <string_view>

namespace server {

// For one field of a log line between quotes: bytes outside printable ASCII, `"` and `\` become \",
// \\, \n, \r, \t, \f, \v or \xhh. The result holds no control byte, no bare quote and nothing a
// terminal could obey.
void append_ascii_escaped(std::string& out, std::string_view text);

// For a free message: valid UTF-8 stays readable, backslashes and quotes stay as they are; control
// characters (C0, DEL, C1) and bytes that are not UTF-8 become \n, \xhh and so on. The result never
// starts a new line.
void append_line_escaped(std::string& out, std::string_view text);

// The inside of a JSON string (RFC 8259 §7), without its quotes. Bytes that are not UTF-8 become
// U+FFFD.
void append_json_escaped(std::string& out, std::string_view text);

// Text or a quoted attribute value of HTML: & < > " ' as references, control bytes and what is not
// UTF-8 as U+FFFD.
void append_html_escaped(std::string& out, std::string_view text);

}  // namespace server
