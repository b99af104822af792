// What a client asks of a file beside its name: only if it changed, only a part of it.
#include "endpoints/preconditions.h"

#include <margay/conditional.h>

namespace endpoints {

Preconditions::Preconditions(const margay::Request& request) {
  for (const margay_field& field : request.headers()) {
    const std::string_view name = margay::view(field.name);
    if (name.front() != 'i' && name.front() != 'r') continue;
    const std::string_view value = margay::view(field.value);
    if (name == "if-none-match") {
      take(none_match_, value);
    } else if (name == "if-match") {
      take(match_, value);
    } else if (name == "if-modified-since") {
      modified_since_ = value;
    } else if (name == "if-unmodified-since") {
      unmodified_since_ = value;
    } else if (name == "range") {
      range_ = value;
    } else if (name == "if-range") {
      if_range_ = value;
    } else {
      continue;
    }
    any_ = true;
  }
}

void Preconditions::take(List& list, std::string_view value) {
  if (list.text) {
    list.joined = std::string(*list.text).append(", ").append(value);
    value = list.joined;
  }
  list.text = value;
}

// A date that is none is as good as no field (sections 13.1.3 and 13.1.4).
Preconditions::Verdict Preconditions::judge(std::string_view tag, std::string_view modified,
                                            std::chrono::sys_seconds time) const {
  if (!any_) return Verdict::passed;
  if (match_.text) {
    const auto search = margay::detail::look_for_tag(*match_.text, tag, true, true);
    if (!search.well_formed) return Verdict::malformed;
    if (!search.found) return Verdict::failed;
  } else if (unmodified_since_) {
    const auto since = margay::detail::http_date(*unmodified_since_);
    if (since && time > *since) return Verdict::failed;
  }
  if (none_match_.text) {
    const auto search = margay::detail::look_for_tag(*none_match_.text, tag, true, false);
    if (!search.well_formed) return Verdict::malformed;
    return search.found ? Verdict::unchanged : Verdict::passed;
  }
  if (!modified_since_) return Verdict::passed;
  if (*modified_since_ == modified) return Verdict::unchanged;
  const auto since = margay::detail::http_date(*modified_since_);
  return since && time <= *since ? Verdict::unchanged : Verdict::passed;
}

std::optional<std::string_view> Preconditions::range(std::string_view tag,
                                                     std::string_view modified) const {
  if (!range_ || !if_range_ || *if_range_ == modified) return range_;
  const bool same = !tag.starts_with("W/") && *if_range_ == tag;
  return same ? range_ : std::nullopt;
}

}  // namespace endpoints
