// XML as the configuration sees it: elements, attributes and text, each with its place.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "container/config/report.h"

namespace container {

struct XmlText {
  std::string_view value;
  std::size_t offset = 0;
  bool verbatim = false;  // the source has the same bytes: nothing was escaped
};

struct XmlAttribute {
  std::string_view name;
  std::size_t offset = 0;
  XmlText value;
};

struct XmlElement {
  std::string_view name;
  std::size_t offset = 0;  // of the `<`
  std::vector<XmlAttribute> attributes;
  std::vector<XmlElement> children;
  std::vector<XmlText> texts;  // without those that are only white space

  const XmlAttribute* find(std::string_view attribute) const;
};

struct XmlDocument {
  std::unique_ptr<char[]> buffer;  // what the views look into
  XmlElement root;
};

// UTF-8 only, no document type, no entities but the five of XML itself, at most 32 levels. Reports
// what is wrong; returns nothing when there is no sense in looking further.
std::optional<XmlDocument> parse_xml(const SourceText& source, Report& report);

}  // namespace container
