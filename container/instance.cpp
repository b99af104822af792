// One object of a plugin type with the configuration it was made from.
#include "container/instance.h"

namespace container {

CreateFailure failure_of(margay_failure& told) {
  told.parameter[sizeof told.parameter - 1] = told.message[sizeof told.message - 1] = '\0';
  return {told.parameter, told.message[0] == '\0' ? "no reason was given" : told.message,
          told.unavailable};
}

InstanceConfig::InstanceConfig(InstanceOptions options) : options_(std::move(options)) {
  const auto text = [](const std::string& from) { return margay_str{from.data(), from.size()}; };
  for (const auto& [name, value] : options_.parameters)
    fields_.push_back({text(name), text(value)});
  bridged_.abi = {.size = sizeof bridged_.abi,
                  .count = static_cast<std::uint32_t>(fields_.size()),
                  .params = fields_.data(),
                  .name = text(options_.name),
                  .context_path = text(options_.context_path),
                  .folder = text(options_.folder),
                  .inherited = static_cast<std::uint32_t>(options_.inherited),
                  .reserved = 0};
  bridged_.log = options_.log;
  bridged_.interfaces = options_.interfaces;
  bridged_.scope = options_.scope;
  bridged_.application = options_.application;
}

}  // namespace container
