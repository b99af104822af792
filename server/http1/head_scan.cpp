// Guard before llhttp: finds the end of a request head and refuses what llhttp would let through.
#include "server/http1/head_scan.h"

#include <cstdint>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "server/message.h"

namespace server::http1 {

namespace {

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

// The first control byte at or behind `at`; data.size() when there is none.
std::size_t next_control(std::string_view data, std::size_t at) {
#ifdef __SSE2__
  const __m128i last_control = _mm_set1_epi8(0x1f);
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; at + 16 <= data.size(); at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data.data() + at));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(block, last_control), block);
    const int hits = _mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(block, del)));
    if (hits != 0) return at + static_cast<std::size_t>(__builtin_ctz(static_cast<unsigned>(hits)));
  }
#endif
  while (at < data.size() && !is_control(data[at])) ++at;
  return at;
}

HeadScan bad(int status, const char* reason) {
  return {.verdict = HeadScan::Verdict::bad, .status = status, .reason = reason};
}

// The end of the line that starts at `start`: position of its CR, or a verdict.
struct Line {
  std::size_t end = 0;
  HeadScan::Verdict verdict = HeadScan::Verdict::complete;
  const char* reason = "";
};

Line find_line(std::string_view data, std::size_t start, bool tabs_allowed) {
  for (std::size_t at = start;; ++at) {
    at = next_control(data, at);
    if (at == data.size()) return {.verdict = HeadScan::Verdict::incomplete};
    if (data[at] == '\t' && tabs_allowed) continue;
    if (data[at] == '\n')
      return {.verdict = HeadScan::Verdict::bad, .reason = "A line ends in LF without CR."};
    if (data[at] != '\r')
      return {.verdict = HeadScan::Verdict::bad,
              .reason = "The request head holds a control character."};
    if (at + 1 == data.size()) return {.verdict = HeadScan::Verdict::incomplete};
    if (data[at + 1] != '\n')
      return {.verdict = HeadScan::Verdict::bad,
              .reason = "A CR stands alone in the request head."};
    return {.end = at};
  }
}

// RFC 9112 section 3: method SP request-target SP HTTP-version, nothing else.
const char* scan_request_line(std::string_view line, HeadScan& scan) {
  const auto first = line.find(' ');
  if (first == line.npos || first == 0) return "The request line is not well formed.";
  const auto second = line.find(' ', first + 1);
  if (second == line.npos) return "The request line has no HTTP version.";
  if (second == first + 1 || line.find(' ', second + 1) != line.npos)
    return "The request line is not well formed.";
  scan.method_size = first;
  scan.target_end = second;
  scan.line_size = line.size();
  return nullptr;
}

}  // namespace

bool is_field_line(std::string_view line) {
  const auto colon = line.find(':');
  return colon != line.npos && is_field_name(line.substr(0, colon)) &&
         is_field_value(line.substr(colon + 1));
}

HeadScan scan_head(std::string_view data, const HeadLimits& limits) {
  const std::string_view seen = data.substr(0, limits.bytes);
  const bool cut = data.size() > limits.bytes;
  HeadScan scan{.verdict = HeadScan::Verdict::complete};
  std::size_t start = 0;
  for (std::size_t line_number = 0;; ++line_number) {
    const Line line = find_line(seen, start, line_number > 0);
    if (line.verdict == HeadScan::Verdict::bad) return bad(400, line.reason);
    if (line.verdict == HeadScan::Verdict::incomplete) {
      if (!cut && data.size() < limits.bytes) return {};
      return line_number == 0 ? bad(414, "The request target is too long.")
                              : bad(431, "The request header section is too large.");
    }
    const std::string_view text = seen.substr(start, line.end - start);
    start = line.end + 2;
    if (line_number == 0) {
      if (const char* fault = scan_request_line(text, scan)) return bad(400, fault);
      continue;
    }
    if (text.empty()) {
      scan.size = start;
      scan.fields = line_number - 1;
      return scan;
    }
    if (line_number > limits.fields) return bad(431, "The request has too many header fields.");
    if (text.front() == ' ' || text.front() == '\t') return bad(400, "A header line is folded.");
    const std::size_t name = token_length(text);
    if (name == 0 || name == text.size() || text[name] != ':')
      return bad(400, "A header field has no proper name.");
  }
}

}  // namespace server::http1
