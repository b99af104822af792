// The parameters an endpoint or filter is made with.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <margay/logger.h>
#include <margay/quantity.h>
#include <margay/text.h>

namespace margay {

// Thrown by constructors for a parameter that is missing or bad; the server names its line in
// app.xml. The message should say what to write instead.
class ConfigError : public std::runtime_error {
 public:
  ConfigError(std::string_view parameter, const std::string& message)
      : std::runtime_error(message), parameter_(parameter) {}
  const std::string& parameter() const { return parameter_; }

 private:
  std::string parameter_;
};

// Given to constructors. Views stay good as long as the instance lives. What
// throws throws ConfigError with the parameter's name, its text and what is expected.
class Config {
 public:
  Config(const margay_host& host, const margay_config& raw) : host_(host), raw_(raw) {}

  std::string_view name() const { return view(raw_.name); }  // of the endpoint or filter
  std::string_view context_path() const { return view(raw_.context_path); }  // "" for the root
  std::string_view folder() const { return view(raw_.folder); }  // the application's; may be empty
  Logger logger() const { return {host_, &raw_}; }
  // The C contract underneath, for what has no form here. Good as long as the instance lives.
  const margay_host& host() const { return host_; }
  const margay_config& raw() const { return raw_; }

  bool has(std::string_view parameter) const { return find(parameter) != nullptr; }

  // The text of a parameter, or `otherwise`.
  std::string_view get(std::string_view parameter, std::string_view otherwise = {}) const {
    const margay_field* field = find(parameter);
    return field == nullptr ? otherwise : view(field->value);
  }
  // The text of a parameter that must be there.
  std::string_view require(std::string_view parameter) const {
    const margay_field* field = find(parameter);
    if (field == nullptr)
      throw ConfigError(parameter, "parameter '" + std::string(parameter) + "' is missing");
    return view(field->value);
  }

  // "true" or "false"; nothing else, in no other case.
  bool boolean(std::string_view parameter, bool otherwise) const {
    return read(parameter, otherwise, [&](std::string_view text) {
      if (text != "true" && text != "false") throw bad(parameter, text, "true or false");
      return text == "true";
    });
  }
  // A decimal integer from `least` to `most`.
  template <class T>
  requires std::is_integral_v<T> T integer(std::string_view parameter, T otherwise,
                                           T least = std::numeric_limits<T>::min(),
                                           T most = std::numeric_limits<T>::max())
  const {
    return read(parameter, otherwise, [&](std::string_view text) {
      T value{};
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
        throw bad(parameter, text,
                  "an integer from " + std::to_string(least) + " to " + std::to_string(most));
      return value;
    });
  }
  // A time: milliseconds, or a number with ms, s, min, h or d, as in "20s".
  std::chrono::milliseconds duration(std::string_view parameter,
                                     std::chrono::milliseconds otherwise,
                                     std::chrono::milliseconds least = std::chrono::milliseconds{0},
                                     std::chrono::milliseconds most = std::chrono::hours{
                                         24 * 3650}) const {
    return std::chrono::milliseconds{quantity(parameter, otherwise.count(), least.count(),
                                              most.count(), detail::kTimeUnits, "a time")};
  }
  // A size in bytes: a number, alone or with B, KB, KiB, MB, MiB, GB or GiB, as in "64KiB".
  std::int64_t size(std::string_view parameter, std::int64_t otherwise, std::int64_t least = 0,
                    std::int64_t most = std::int64_t{1} << 50) const {
    return quantity(parameter, otherwise, least, most, detail::kSizeUnits, "a size");
  }
  // Words between commas or white space, in order; {} when the parameter is missing or empty.
  std::vector<std::string_view> list(std::string_view parameter) const {
    constexpr std::string_view kSeparators = ", \t\r\n";
    const std::string_view text = get(parameter);
    std::vector<std::string_view> items;
    for (auto at = text.find_first_not_of(kSeparators); at != text.npos;
         at = text.find_first_not_of(kSeparators, at)) {
      const auto end = std::min(text.find_first_of(kSeparators, at), text.size());
      items.push_back(text.substr(at, end - at));
      at = end;
    }
    return items;
  }
  // By the type of `otherwise`: a boolean, an integer of any value it can hold, or a number.
  template <class T>
  requires std::is_arithmetic_v<T> T get(std::string_view parameter, T otherwise)
  const {
    if constexpr (std::is_same_v<T, bool>) {
      return boolean(parameter, otherwise);
    } else if constexpr (std::is_integral_v<T>) {
      return integer<T>(parameter, otherwise);
    } else {
      return read(parameter, otherwise, [&](std::string_view text) {
        T value{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size())
          throw bad(parameter, text, "a number such as 0.5");
        return value;
      });
    }
  }

  // Calls `each(name, value)` for all parameters, in order: first those of the application.
  template <class Each>
  void each(Each&& each) const {
    for (uint32_t i = 0; i < raw_.count; ++i)
      each(view(raw_.params[i].name), view(raw_.params[i].value));
  }
  // The same for those of its own element alone.
  template <class Each>
  void each_own(Each&& each) const {
    for (uint32_t i = raw_.inherited; i < raw_.count; ++i)
      each(view(raw_.params[i].name), view(raw_.params[i].value));
  }

 private:
  const margay_field* find(std::string_view parameter) const {
    for (uint32_t i = 0; i < raw_.count; ++i)
      if (view(raw_.params[i].name) == parameter) return &raw_.params[i];
    return nullptr;
  }
  template <class T, class Convert>
  T read(std::string_view parameter, T otherwise, Convert&& convert) const {
    const margay_field* field = find(parameter);
    return field == nullptr ? otherwise : convert(view(field->value));
  }
  template <class Units>
  std::int64_t quantity(std::string_view parameter, std::int64_t otherwise, std::int64_t least,
                        std::int64_t most, const Units& units, const char* what) const {
    return read(parameter, otherwise, [&](std::string_view text) {
      const auto value = detail::parse_quantity(text, units);
      if (!value || *value < least || *value > most)
        throw bad(parameter, text,
                  std::string(what) + " from " + detail::print_quantity(least, units) + " to " +
                      detail::print_quantity(most, units) + ", with one of the units " +
                      detail::names(units));
      return *value;
    });
  }
  static ConfigError bad(std::string_view parameter, std::string_view text,
                         const std::string& expected) {
    return {parameter, "parameter '" + std::string(parameter) + "': '" + std::string(text) +
                           "' is not " + expected};
  }

  const margay_host& host_;
  const margay_config& raw_;
};

}  // namespace margay
