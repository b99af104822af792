// Prints structs through the schema.
#include "container/config/effective.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "container/config/schema.h"

namespace container {
namespace {

// For attribute values and text alike; `$` is doubled because it would be read as a name.
std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    switch (c) {
      case '&':
        text += "&amp;";
        break;
      case '<':
        text += "&lt;";
        break;
      case '>':
        text += "&gt;";
        break;
      case '"':
        text += "&quot;";
        break;
      case '\t':
        text += "&#9;";
        break;
      case '\n':
        text += "&#10;";
        break;
      case '\r':
        text += "&#13;";
        break;
      case '$':
        text += "$$";
        break;
      default:
        text += c;
    }
  }
  return text;
}

// Two hyphens would end the comment.
std::string for_comment(std::string_view words) {
  std::string text;
  for (const char c : words) {
    if (c == '-' && text.ends_with('-')) text += ' ';
    text += c;
  }
  if (text.ends_with('-')) text += ' ';
  return text;
}

std::string words(const Origin& origin) {
  const std::string place = to_string(origin.position);
  switch (origin.kind) {
    case Origin::Kind::environment:
      return "environment " + origin.name + ", " + place;
    case Origin::Kind::definition:
      return "-D" + origin.name + ", " + place;
    case Origin::Kind::attribute:
      return "as " + origin.name;
    case Origin::Kind::file:
      break;
  }
  return place;
}

struct Line {
  std::string_view attribute;
  std::optional<std::string> value;
  std::string origin;
};

enum class Reader : std::uint8_t { people, server };  // who is shown no secrets, and who compares

std::vector<Line> lines_of(const Element& schema, const ConfigElement& element, Reader reader) {
  std::vector<Line> lines;
  for (const Attribute& attribute : schema.attributes) {
    if (attribute.field.shorthand) continue;
    const Origin* origin = find_origin(element, attribute.name);
    std::optional<std::string> value = attribute.field.show(element);
    if (!value && origin) value.emplace();
    const auto is_secret = attribute.field.is_secret;
    if (reader == Reader::people && value && is_secret != nullptr && is_secret(element))
      value = "****";
    std::string from = value ? "default" : "not set";
    if (origin) from = words(*origin);
    lines.push_back({attribute.name, std::move(value), for_comment(from)});
  }
  return lines;
}

struct Below {
  const Element* schema;
  const ConfigElement* element;
};

// In the order of the document, which counts for filters.
std::vector<Below> children_of(const Element& schema, const ConfigElement& element) {
  std::vector<Below> below;
  for (const Child& child : schema.children) {
    for (const ConfigElement* each : child.list(element))
      below.push_back({child.element.get(), each});
  }
  std::stable_sort(below.begin(), below.end(), [](const Below& a, const Below& b) {
    return stands_before(a.element->position, b.element->position);
  });
  return below;
}

class Printer {
 public:
  // People are told origins as well.
  explicit Printer(Reader reader) : reader_(reader) {}

  void print(const Element& schema, const ConfigElement& element, std::size_t depth) {
    const std::string indent(2 * depth, ' ');
    const std::string name(schema.name);
    if (schema.text) {
      out_ += indent + '<' + name + '>' + escaped(schema.text->show(element).value_or("")) + "</" +
              name + '>';
      if (reader_ == Reader::people)
        out_ += "  <!-- " + for_comment(to_string(element.position)) + " -->";
      out_ += '\n';
      return;
    }
    const std::vector<Line> lines = lines_of(schema, element, reader_);
    if (reader_ == Reader::people) print_origins(lines, name, element, indent);
    out_ += indent + '<' + name;
    for (const Line& line : lines) {
      if (!line.value) continue;
      out_ +=
          '\n' + indent + "    " + std::string(line.attribute) + "=\"" + escaped(*line.value) + '"';
    }
    const std::vector<Below> below = children_of(schema, element);
    if (below.empty()) {
      out_ += "/>\n";
      return;
    }
    out_ += ">\n";
    for (const Below& child : below) print(*child.schema, *child.element, depth + 1);
    out_ += indent + "</" + name + ">\n";
  }

  std::string take() { return std::move(out_); }

 private:
  void print_origins(const std::vector<Line>& lines, const std::string& name,
                     const ConfigElement& element, const std::string& indent) {
    out_ += indent + "<!-- " + name + ": " + for_comment(to_string(element.position));
    std::size_t width = 0;
    for (const Line& line : lines) width = std::max(width, line.attribute.size());
    for (const Line& line : lines) {
      out_ += '\n' + indent + "     " + std::string(line.attribute) +
              std::string(width - line.attribute.size() + 2, ' ') + line.origin;
    }
    out_ += " -->\n";
  }

  const Reader reader_;
  std::string out_;
};

std::string print(const Element& schema, const ConfigElement& root) {
  Printer printer(Reader::people);
  printer.print(schema, root, 0);
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + printer.take();
}

}  // namespace

std::string effective_configuration(const ServerConfig& server) {
  return print(*server_schema(), server);
}

std::string effective_configuration(const ApplicationConfig& application) {
  return print(*application_schema(), application);
}

std::string values_text(std::string_view name, const ConfigElement& element) {
  Printer printer(Reader::server);
  const auto root = server_schema();
  visit_elements(*root, [&](const Element& schema) {
    if (schema.name == name) printer.print(schema, element, 0);
  });
  return printer.take();
}

std::vector<std::string> differing_attributes(std::string_view name, const ConfigElement& one,
                                              const ConfigElement& other) {
  std::vector<std::string> differing;
  const auto root = server_schema();
  visit_elements(*root, [&](const Element& schema) {
    if (schema.name != name) return;
    for (const Attribute& attribute : schema.attributes)
      if (attribute.field.show(one) != attribute.field.show(other))
        differing.emplace_back(attribute.name);
  });
  return differing;
}

}  // namespace container
