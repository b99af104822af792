// Guard before llhttp: finds the end of a request head and refuses what llhttp would let through.
#pragma once

#include <cstddef>
#include <string_view>

namespace server::http1 {

struct HeadLimits {
  std::size_t bytes = 8192;  // request line and fields together: maxHttpHeaderSize
  std::size_t fields = 100;  // maxHeaderCount
};

struct HeadScan {
  enum class Verdict : unsigned char { incomplete, complete, bad };
  Verdict verdict = Verdict::incomplete;
  std::size_t size = 0;         // complete: bytes of the head with its empty line
  std::size_t method_size = 0;  // complete: bytes before the first space,
  std::size_t target_end = 0;   // before the second,
  std::size_t line_size = 0;    // and of the whole request line without its CR LF
  std::size_t fields = 0;       // complete: how many there are
  int status = 400;             // bad: what to answer
  const char* reason = "";      // bad: a sentence for the client
};

// Looks at the bytes from the first of a request line on. Every line must end in CR LF, no line may
// be folded, names must be tokens directly before their colon, and no control bytes may occur
// (RFC 9112 sections 2.2, 3, 5.1 and 5.2). Cost: one pass over the head.
HeadScan scan_head(std::string_view data, const HeadLimits& limits);

// One trailer or header line without its CR LF: "name: value".
bool is_field_line(std::string_view line);

}  // namespace server::http1
