// What may stand in server.xml and app.xml. One table drives parsing, validation, suggestions, the
// effective configuration and the reference documentation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "container/config/config_element.h"

namespace container {

// The text of an attribute or element with every `${}` replaced.
struct Text {
  std::string_view value;
  // Where the byte at an offset of `value` stands; the start of the value if that cannot be told.
  std::function<SourcePosition(std::size_t offset)> locate;
};

struct FieldError {
  std::string complaint;
  std::size_t offset = 0;  // in the text
};

// Ties a member of a struct to the words that stand for it.
struct Field {
  std::string type;  // for people: `integer, 0 to 65535`
  std::function<std::optional<FieldError>(ConfigElement&, const Text&)> store;
  std::function<std::optional<std::string>(const ConfigElement&)> show;  // nothing: not set
  bool required = false;
  bool shorthand = false;           // short for child elements, as which it is shown
  std::string_view follows = {};    // another attribute whose text counts when this is absent
  std::string_view otherwise = {};  // for people: what holds when this is absent
  // Whether the value is nobody's business: people are shown that there is one. Null: it is not.
  bool (*is_secret)(const ConfigElement&) = nullptr;
};

// Tomcat's name or default for the same thing, where it is not ours.
struct Tomcat {
  std::string_view name = {};
  std::string_view fallback = {};
};

struct Attribute {
  std::string_view name;
  Field field;
  std::string_view meaning;
  Tomcat tomcat = {};
};

struct Element;

struct Child {
  static constexpr std::size_t many = static_cast<std::size_t>(-1);

  std::shared_ptr<const Element> element;
  std::size_t least = 0;
  std::size_t most = many;
  // Makes room in the parent; the reference holds until the next child of this kind is attached.
  std::function<ConfigElement&(ConfigElement& parent)> attach;
  std::function<std::vector<const ConfigElement*>(const ConfigElement& parent)> list;
  std::string_view too_many = {};  // why there cannot be more; empty: the number says it
};

struct Element {
  std::string_view name;
  std::string_view meaning;
  std::vector<Attribute> attributes = {};
  std::vector<Child> children = {};
  std::optional<Field> text = {};  // content instead of children
  std::string_view tomcat = {};    // how Tomcat says the same
  // `<Valve className="…">` of this class is read as this element.
  std::string_view valve_class = {};
  // A fresh struct, to know the defaults.
  std::function<std::unique_ptr<ConfigElement, void (*)(ConfigElement*)>()> make;

  const Attribute* find_attribute(std::string_view attribute) const;
  const Child* find_child(std::string_view child) const;
};

// Immutable; built anew by each call.
std::shared_ptr<const Element> server_schema();       // <Server>, filling a ServerConfig
std::shared_ptr<const Element> application_schema();  // <Application>, an ApplicationConfig

// What <Application> and <Context> have in common, filling an ApplicationConfig.
std::vector<Child> application_children();
std::vector<Attribute> application_attributes();
Attribute load_on_startup();  // of elements that have a StartOrder
// Shared by every element that takes filters of its own.
std::shared_ptr<const Element> filter_element();
std::shared_ptr<const Element> library_element();
std::shared_ptr<const Element> mime_mapping_element();
std::shared_ptr<const Element> websocket_element();
std::shared_ptr<const Element> manager_element();
std::shared_ptr<const Element> parameter_element();
std::shared_ptr<const Element> path_element();

// Calls `visit` for the element and everything below it, parents first, each name once.
void visit_elements(const Element& root, const std::function<void(const Element&)>& visit);

inline std::shared_ptr<const Element> element(Element element) {
  return std::make_shared<const Element>(std::move(element));
}

}  // namespace container
