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
const char* request_line_fault(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == line.npos || first == 0) return "The request line is not well formed.";
  if (first == last) return "The request line has no HTTP version.";
  const auto target = line.substr(first + 1, last - first - 1);
  if (target.empty() || target.find(' ') != target.npos)
    return "The request line is not well formed.";
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
      if (const char* fault = request_line_fault(text)) return bad(400, fault);
      continue;
    }
    if (text.empty()) return {.verdict = HeadScan::Verdict::complete, .size = start};
    if (line_number > limits.fields) return bad(431, "The request has too many header fields.");
    if (text.front() == ' ' || text.front() == '\t') return bad(400, "A header line is folded.");
    const auto colon = text.find(':');
    if (colon == text.npos || !is_field_name(text.substr(0, colon)))
      return bad(400, "A header field has no proper name.");
  }
}

}  // namespace server::http1
