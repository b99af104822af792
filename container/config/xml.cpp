// Lets pugixml parse, and copies its tree together with the places that it only knows as pointers.
#include "container/config/xml.h"

#include <algorithm>
#include <cstring>
#include <pugixml.hpp>
#include <set>
#include <string>
#include <utility>

#include "container/config/xml_scan.h"

namespace container {
namespace {

constexpr int max_depth = 32;

constexpr unsigned parse_options = pugi::parse_cdata | pugi::parse_escapes |
                                   pugi::parse_wconv_attribute | pugi::parse_eol |
                                   pugi::parse_doctype | pugi::parse_fragment;

const char* sentence(pugi::xml_parse_status status) {
  switch (status) {
    case pugi::status_bad_pi:
      return "this processing instruction does not end with '?>'";
    case pugi::status_bad_comment:
      return "this comment does not end with '-->'";
    case pugi::status_bad_cdata:
      return "this CDATA section does not end with ']]>'";
    case pugi::status_bad_doctype:
      return "this document type declaration does not end";
    case pugi::status_bad_start_element:
      return "this tag does not end with '>'";
    case pugi::status_bad_attribute:
      return "an attribute must be written as name=\"value\", with white space before it";
    case pugi::status_bad_end_element:
      return "this closing tag does not end with '>'";
    case pugi::status_unrecognized_tag:
      return "this is not the beginning of a tag; write '<' as &lt; in text";
    default:
      return "this is not well-formed XML";
  }
}

// Copies pugixml's tree. Its strings point into the buffer it parsed in place, and nothing that it
// rewrites there moves the start of a string, so pointers tell offsets.
class TreeReader {
 public:
  TreeReader(const SourceText& source, Report& report, const char* buffer)
      : source_(source), report_(report), buffer_(buffer) {}

  std::optional<XmlElement> read_document(const pugi::xml_document& document) {
    std::optional<XmlElement> root;
    for (const pugi::xml_node& node : document.children()) {
      if (node.type() == pugi::node_element) {
        if (root) {
          error(tag_offset(node), "a second root element; the file must have only one");
          break;
        }
        root = read_element(node, 1);
      } else if (node.type() == pugi::node_doctype) {
        error(source_.text().find("<!DOCTYPE"),
              "document type declarations are not read; remove it");
      } else {
        const XmlText text = read_text(node);
        const std::size_t first = text.value.find_first_not_of(" \t\r\n");
        error(text.offset + (first == std::string_view::npos ? 0 : first),
              "text outside of the root element");
      }
    }
    if (!root && !report_.has_errors()) error(0, "the file has no root element");
    return root;
  }

 private:
  void error(std::size_t offset, std::string message) {
    report_.error(source_.position(offset), std::move(message));
  }

  std::size_t offset_of(const char* pointer) const {
    return static_cast<std::size_t>(pointer - buffer_);
  }
  std::size_t tag_offset(const pugi::xml_node& node) const { return offset_of(node.name()) - 1; }

  XmlElement read_element(const pugi::xml_node& node, int depth) {
    XmlElement element{.name = node.name(), .offset = tag_offset(node)};
    read_attributes(node, element);
    if (depth == max_depth) {
      error(element.offset, "elements are nested more than 32 levels deep");
      return element;
    }
    for (const pugi::xml_node& child : node.children()) {
      if (child.type() == pugi::node_element) {
        element.children.push_back(read_element(child, depth + 1));
      } else {
        element.texts.push_back(read_text(child));
      }
    }
    return element;
  }

  void read_attributes(const pugi::xml_node& node, XmlElement& element) {
    std::set<std::string_view> names;
    for (const pugi::xml_attribute& attribute : node.attributes()) {
      const std::size_t offset = offset_of(attribute.name());
      if (!names.insert(attribute.name()).second) {
        error(offset, "attribute '" + std::string(attribute.name()) + "' is given twice");
        continue;
      }
      const std::size_t start = offset_of(attribute.value());
      const char quote = source_.text()[start - 1];
      const std::string_view raw = raw_until(start, source_.text().find(quote, start));
      check_references(raw, start);
      element.attributes.push_back(
          {attribute.name(), offset, {attribute.value(), start, raw == attribute.value()}});
    }
  }

  XmlText read_text(const pugi::xml_node& node) {
    const std::size_t start = offset_of(node.value());
    const std::string_view value = node.value();
    if (node.type() == pugi::node_cdata) return {value, start, true};
    const std::string_view raw = raw_until(start, source_.text().find('<', start));
    check_references(raw, start);
    return {value, start, raw == value};
  }

  void check_references(std::string_view raw, std::size_t start) {
    if (auto fault = find_bad_reference(raw)) error(start + fault->offset, std::move(fault->text));
  }

  std::string_view raw_until(std::size_t start, std::size_t end) const {
    const std::string_view text = source_.text();
    return text.substr(start, std::min(end, text.size()) - start);
  }

  const SourceText& source_;
  Report& report_;
  const char* const buffer_;
};

void report_unbalanced(const SourceText& source, const UnbalancedTag& tag, Report& report) {
  const std::string closed = "</" + std::string(tag.closed) + ">";
  const std::string opened = "<" + std::string(tag.opened) + ">";
  if (tag.opened.empty()) {
    report.error(source.position(tag.closed_at), closed + " closes nothing; remove it");
  } else if (tag.closed.empty()) {
    report.error(source.position(tag.opened_at), opened + " is never closed; write </" +
                                                     std::string(tag.opened) +
                                                     "> or end the tag with '/>'");
  } else {
    const std::uint32_t line = source.position(tag.opened_at).line;
    report.error(source.position(tag.closed_at), closed + " where </" + std::string(tag.opened) +
                                                     "> must close the element of line " +
                                                     std::to_string(line));
  }
}

// Where something begins that does not end: behind the last one that does.
std::size_t find_unfinished(std::string_view text, pugi::xml_parse_status status,
                            std::size_t otherwise) {
  std::string_view begin;
  std::string_view end;
  const auto between = [&](std::string_view first, std::string_view last) {
    begin = first;
    end = last;
  };
  if (status == pugi::status_bad_comment) between("<!--", "-->");
  if (status == pugi::status_bad_cdata) between("<![CDATA[", "]]>");
  if (status == pugi::status_bad_pi) between("<?", "?>");
  if (begin.empty()) return otherwise;
  const std::size_t last_end = text.rfind(end);
  const std::size_t found = text.find(begin, last_end == std::string_view::npos ? 0 : last_end);
  return found == std::string_view::npos ? otherwise : found;
}

void report_malformed(const SourceText& source, const pugi::xml_parse_result& result,
                      Report& report) {
  if (result.status == pugi::status_end_element_mismatch) {
    if (const auto tag = find_unbalanced_tag(source.text())) {
      report_unbalanced(source, *tag, report);
      return;
    }
  }
  const std::size_t offset =
      find_unfinished(source.text(), result.status, static_cast<std::size_t>(result.offset));
  report.error(source.position(offset), sentence(result.status));
}

}  // namespace

const XmlAttribute* XmlElement::find(std::string_view attribute) const {
  const auto found =
      std::find_if(attributes.begin(), attributes.end(),
                   [&](const XmlAttribute& candidate) { return candidate.name == attribute; });
  return found == attributes.end() ? nullptr : &*found;
}

std::optional<XmlDocument> parse_xml(const SourceText& source, Report& report) {
  const std::string& text = source.text();
  if (auto fault = find_bad_byte(text)) {
    report.error(source.position(fault->offset), std::move(fault->text));
    return std::nullopt;
  }
  XmlDocument result{.buffer = std::make_unique<char[]>(text.size() + 1)};
  std::memcpy(result.buffer.get(), text.data(), text.size());
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer_inplace(
      result.buffer.get(), text.size(), parse_options, pugi::encoding_utf8);
  if (!parsed && parsed.status != pugi::status_no_document_element) {
    report_malformed(source, parsed, report);
    return std::nullopt;
  }
  std::optional<XmlElement> root =
      TreeReader(source, report, result.buffer.get()).read_document(document);
  if (!root) return std::nullopt;
  result.root = std::move(*root);
  return result;
}

}  // namespace container
