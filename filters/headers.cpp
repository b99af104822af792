// Sets, adds and removes fields of every answer, and tells browsers to come with TLS only (HSTS).
#include "filters/headers.h"

#include "filters/hsts.h"

namespace filters {

namespace {

using margay::detail::is_token;

}  // namespace

Headers::Headers(const margay::Config& config) : hsts_(hsts_value(config)) {
  config.each([&](std::string_view parameter, std::string_view value) {
    if (is_hsts(parameter)) return;
    const auto dot = parameter.find('.');
    const std::string_view word = parameter.substr(0, dot);
    const std::string_view name =
        dot == parameter.npos ? std::string_view{} : parameter.substr(dot + 1);
    const Action action = word == "add"      ? Action::add
                          : word == "remove" ? Action::remove
                                             : Action::set;
    if ((word != "set" && word != "add" && word != "remove") || !is_token(name))
      throw margay::ConfigError(parameter,
                                "parameter '" + std::string(parameter) +
                                    "': write set.NAME, add.NAME, remove.NAME, or one of the "
                                    "names that begin with hsts, such as "
                                    "hstsMaxAgeSeconds");
    steps_.push_back({action, std::string(name), std::string(value)});
  });
}

void Headers::head(const margay::Request& request, margay::Head& head) {
  if (!hsts_.empty() && request.is_secure()) head.set("Strict-Transport-Security", hsts_);
  for (const Step& step : steps_) {
    switch (step.action) {
      case Action::set:
        head.set(step.name, step.value);
        break;
      case Action::add:
        head.add(step.name, step.value);
        break;
      case Action::remove:
        head.remove(step.name);
        break;
    }
  }
}

}  // namespace filters
