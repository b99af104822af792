// The parameters an endpoint or filter is made with.
#pragma once

#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include <margay/abi.h>

namespace margay {

inline margay_str str(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(margay_str text) { return {text.data, text.size}; }

// Thrown by constructors for a parameter that is missing or bad; the server names its line.
class ConfigError : public std::runtime_error {
 public:
  ConfigError(std::string_view parameter, const std::string& message)
      : std::runtime_error(message), parameter_(parameter) {}
  const std::string& parameter() const { return parameter_; }

 private:
  std::string parameter_;
};

// Writes to the server's log under the application's name. A value; any thread, until the
// instance's destructor has returned.
class Logger {
 public:
  Logger(const margay_host& host, const margay_config& source) : host_(&host), source_(&source) {}
  void debug(std::string_view text) const { host_->log(source_, MARGAY_DEBUG, str(text)); }
  void info(std::string_view text) const { host_->log(source_, MARGAY_INFO, str(text)); }
  void warn(std::string_view text) const { host_->log(source_, MARGAY_WARN, str(text)); }
  void error(std::string_view text) const { host_->log(source_, MARGAY_ERROR, str(text)); }

 private:
  const margay_host* host_;
  const margay_config* source_;
};

// Given to constructors. Views stay good as long as the instance lives.
class Config {
 public:
  Config(const margay_host& host, const margay_config& raw) : host_(host), raw_(raw) {}

  std::string_view name() const { return view(raw_.name); }
  std::string_view context_path() const { return view(raw_.context_path); }
  std::string_view folder() const { return view(raw_.folder); }  // of the application; may be empty
  Logger logger() const { return {host_, raw_}; }
  const margay_host& host() const { return host_; }
  const margay_config& raw() const { return raw_; }

  bool has(std::string_view parameter) const { return find(parameter) != nullptr; }

  // The text of a parameter, or `otherwise`.
  std::string_view get(std::string_view parameter, std::string_view otherwise = {}) const {
    const margay_field* field = find(parameter);
    return field == nullptr ? otherwise : view(field->value);
  }
  // A number or a boolean ("true" or "false"). Throws ConfigError for any other text.
  template <class T>
  requires std::is_arithmetic_v<T> T get(std::string_view parameter, T otherwise)
  const {
    const margay_field* field = find(parameter);
    return field == nullptr ? otherwise : convert<T>(parameter, view(field->value));
  }
  // Throws ConfigError when it is not there.
  std::string_view require(std::string_view parameter) const {
    const margay_field* field = find(parameter);
    if (field == nullptr)
      throw ConfigError(parameter, "parameter '" + std::string(parameter) + "' is missing");
    return view(field->value);
  }

  // Calls `each(name, value)` for all parameters, in order.
  template <class Each>
  void each(Each&& each) const {
    for (uint32_t i = 0; i < raw_.count; ++i)
      each(view(raw_.params[i].name), view(raw_.params[i].value));
  }

 private:
  const margay_field* find(std::string_view parameter) const {
    for (uint32_t i = 0; i < raw_.count; ++i)
      if (view(raw_.params[i].name) == parameter) return &raw_.params[i];
    return nullptr;
  }

  template <class T>
  static T convert(std::string_view parameter, std::string_view text) {
    const auto bad = [&](const char* expected) {
      return ConfigError(parameter, "parameter '" + std::string(parameter) + "': '" +
                                        std::string(text) + "' is not " + expected);
    };
    if constexpr (std::is_same_v<T, bool>) {
      if (text != "true" && text != "false") throw bad("true or false");
      return text == "true";
    } else {
      T value{};
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc{} || end != text.data() + text.size()) throw bad("a number in range");
      return value;
    }
  }

  const margay_host& host_;
  const margay_config& raw_;
};

}  // namespace margay
