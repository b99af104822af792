// Checks that several kinds of elements have in common.
#include "container/config/element_checks.h"

#include "container/config/suggestion.h"

namespace container {

void check_parameters(const std::vector<ParameterConfig>& parameters, Report& report) {
  UniqueNames names("parameter", report);
  for (const ParameterConfig& parameter : parameters) {
    names.add(parameter.name, position_of(parameter, "name"));
  }
}

void check_reference(const ConfigElement& element, std::string_view attribute,
                     std::string_view name, const UniqueNames& known, std::string_view what,
                     Report& report) {
  if (name.empty() || known.contains(name) || report.is_full()) return;
  report.error(position_of(element, attribute), "there is no " + std::string(what) +
                                                    " with the name '" + std::string(name) + '\'' +
                                                    did_you_mean(name, known.names()));
}

void check_type(const ConfigElement& element, std::string_view type, std::string_view what,
                Report& report) {
  if (!type.empty()) return;
  report.error(position_of(element, "type"),
               "<" + std::string(what) + "> needs the attribute 'type' or 'name'");
}

}  // namespace container
