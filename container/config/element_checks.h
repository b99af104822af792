// Checks that several kinds of elements have in common.
#pragma once

#include <string_view>
#include <vector>

#include "container/config/application_config.h"
#include "container/config/report.h"
#include "container/config/unique_names.h"

namespace container {

void check_parameters(const std::vector<ParameterConfig>& parameters, Report& report);

// `what` could have the name: `<Library>`. An empty name is no reference.
void check_reference(const ConfigElement& element, std::string_view attribute,
                     std::string_view name, const UniqueNames& known, std::string_view what,
                     Report& report);

// The type that must be known by itself or through the name of an element such as `Endpoint`.
void check_type(const ConfigElement& element, std::string_view type, std::string_view what,
                Report& report);

// What elements have in common that make something of a library's type: `element` is Endpoint,
// Filter and so on, `names` are those of its kind.
template <class Config>
void check_instance(const Config& one, std::string_view element, UniqueNames& names,
                    const UniqueNames& libraries, Report& report) {
  check_type(one, one.type, element, report);
  names.add(one.name, position_of(one, "name"));
  check_reference(one, "library", one.library, libraries, "<Library>", report);
  check_parameters(one.parameters, report);
}

// Adds the names of <WebSocket>s to those of the application's endpoints.
void check_websockets(const ApplicationConfig& application, const UniqueNames& libraries,
                      UniqueNames& endpoints, Report& report);

}  // namespace container
