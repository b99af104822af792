// What Tomcat's configuration has and this server has not. Naming it is better than "unknown".
#pragma once

#include <span>
#include <string_view>

namespace container {

struct TomcatName {
  std::string_view element;  // where it stands; `*`: anywhere
  std::string_view name;     // of the attribute, the child element or, shortened, the Java class
  std::string_view instead;  // what happens here, as the end of a sentence
  bool refused = false;      // an error: a server that passes it over would be less safe
};

std::span<const TomcatName> tomcat_attributes();
std::span<const TomcatName> tomcat_elements();

// Valves, listeners and filters, by the last part of their class name.
std::span<const TomcatName> tomcat_classes();

// The entry for a name in an element, or nothing.
const TomcatName* find_tomcat_name(std::span<const TomcatName> names, std::string_view element,
                                   std::string_view name);

}  // namespace container
