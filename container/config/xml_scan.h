// What the XML parser does not look at, or does not say well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace container {

struct XmlFault {
  std::string text;
  std::size_t offset;
};

// The first byte that has no business in XML: a control character, or no UTF-8.
std::optional<XmlFault> find_bad_byte(std::string_view text);

// The first `<`, or reference to no character and none of the five entities, in a raw value.
std::optional<XmlFault> find_bad_reference(std::string_view raw);

struct UnbalancedTag {
  std::string_view opened;  // the element that is still open; empty: none is
  std::size_t opened_at;    // its `<`
  std::string_view closed;  // the tag that closes something else; empty: the text ends instead
  std::size_t closed_at;
};

// The first tag that closes the wrong element, or the innermost element that nothing closes.
std::optional<UnbalancedTag> find_unbalanced_tag(std::string_view text);

}  // namespace container
