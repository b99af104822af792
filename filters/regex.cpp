// Regular expressions as Perl has them, within limits.
#include "filters/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <new>
#include <string>

namespace filters {

namespace {

// Where matches are written, and their limits: one for each thread.
struct Matching {
  Matching()
      : data(pcre2_match_data_create(std::tuple_size_v<Groups>, nullptr)),
        context(pcre2_match_context_create(nullptr)) {
    if (data == nullptr || context == nullptr) throw std::bad_alloc();
    pcre2_set_match_limit(context, Regex::kMatchLimit);
    pcre2_set_depth_limit(context, Regex::kMatchLimit);
    constexpr unsigned kHeapKibibytes = 1024;
    pcre2_set_heap_limit(context, kHeapKibibytes);
  }
  ~Matching() {
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
  }
  Matching(const Matching&) = delete;
  Matching& operator=(const Matching&) = delete;

  pcre2_match_data* data;
  pcre2_match_context* context;
};

PCRE2_SPTR text_of(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

Regex::Regex(std::string_view pattern, bool ignores_case) {
  const std::uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C |
                                PCRE2_ANCHORED | PCRE2_ENDANCHORED |
                                (ignores_case ? PCRE2_CASELESS : 0U);
  int error = 0;
  PCRE2_SIZE at = 0;
  const auto free = [](pcre2_code* code) { pcre2_code_free(code); };
  const std::shared_ptr<pcre2_code> code(
      pcre2_compile(text_of(pattern), pattern.size(), options, &error, &at, nullptr), free);
  if (code == nullptr) {
    std::array<PCRE2_UCHAR, 120> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    throw std::invalid_argument("'" + std::string(pattern) + "' is no regular expression: " +
                                reinterpret_cast<const char*>(message.data()) + ", at character " +
                                std::to_string(at + 1));
  }
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);  // where it cannot, it is interpreted
  code_ = code;
}

bool Regex::matches(std::string_view text, Groups& groups) const {
  thread_local Matching matching;
  const int count = pcre2_match(static_cast<const pcre2_code*>(code_.get()), text_of(text),
                                text.size(), 0, 0, matching.data, matching.context);
  if (count == PCRE2_ERROR_NOMATCH) return false;
  if (count < 0) throw RegexLimit();
  const PCRE2_SIZE* const bounds = pcre2_get_ovector_pointer(matching.data);
  // 0: it has more groups than there is room for.
  const auto known = count == 0 ? groups.size() : static_cast<std::size_t>(count);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const bool there = i < known && bounds[2 * i] != PCRE2_UNSET;
    groups[i] =
        there ? text.substr(bounds[2 * i], bounds[2 * i + 1] - bounds[2 * i]) : std::string_view{};
  }
  return true;
}

}  // namespace filters
