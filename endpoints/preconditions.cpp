// What a client asks of a file beside its name: only if it changed, only a part of it.
#include "endpoints/preconditions.h"

#include <margay/conditional.h>

namespace endpoints {

namespace {

bool is_tag_letter(char letter) {  // etagc of RFC 9110 section 8.8.3
  const auto code = static_cast<unsigned char>(letter);
  return code == 0x21 || (code >= 0x23 && code <= 0x7e) || code >= 0x80;
}

// Calls `each(opaque, weak)` for the tags of a list, quotes included. False: it is malformed.
template <class Each>
bool each_tag(std::string_view list, Each&& each) {
  std::size_t at = 0;
  bool any = false;
  const auto skip = [&](std::string_view letters) {
    while (at < list.size() && letters.find(list[at]) != letters.npos) ++at;
  };
  for (skip(" \t,"); at < list.size(); skip(" \t,")) {
    const bool weak = list.substr(at, 2) == "W/";
    if (weak) at += 2;
    const std::size_t begin = at;
    if (at == list.size() || list[at++] != '"') return false;
    while (at < list.size() && is_tag_letter(list[at])) ++at;
    if (at == list.size() || list[at++] != '"') return false;
    each(list.substr(begin, at - begin), weak);
    any = true;
    skip(" \t");
    if (at < list.size() && list[at] != ',') return false;
  }
  return any;
}

struct Search {
  bool well_formed = false;
  bool found = false;
};

// Section 8.8.3.2: compared strongly, a weak tag is like no other.
Search look_for(std::string_view list, std::string_view tag, bool strongly) {
  if (list == "*") return {true, true};
  const bool weak = tag.substr(0, 2) == "W/";
  const std::string_view opaque = weak ? tag.substr(2) : tag;
  bool found = false;
  const bool well_formed = each_tag(list, [&](std::string_view one, bool its_weak) {
    if (one == opaque && !(strongly && (weak || its_weak))) found = true;
  });
  return {well_formed, found};
}

}  // namespace

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

void Preconditions::take(std::optional<std::string>& list, std::string_view value) {
  if (list)
    list->append(", ").append(value);
  else
    list.emplace(value);
}

// A date that is none is as good as no field (sections 13.1.3 and 13.1.4).
Preconditions::Verdict Preconditions::judge(std::string_view tag, std::string_view modified,
                                            std::chrono::sys_seconds time) const {
  if (!any_) return Verdict::passed;
  if (match_) {
    const Search search = look_for(*match_, tag, true);
    if (!search.well_formed) return Verdict::malformed;
    if (!search.found) return Verdict::failed;
  } else if (unmodified_since_) {
    const auto since = margay::detail::http_date(*unmodified_since_);
    if (since && time > *since) return Verdict::failed;
  }
  if (none_match_) {
    const Search search = look_for(*none_match_, tag, false);
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
