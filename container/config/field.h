// The kinds of values, as the schema's tables write them.
#pragma once

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "container/config/schema.h"
#include "container/config/suggestion.h"
#include "container/config/value.h"

namespace container {

template <class Owner>
Owner& as(ConfigElement& element) {
  return static_cast<Owner&>(element);
}
template <class Owner>
const Owner& as(const ConfigElement& element) {
  return static_cast<const Owner&>(element);
}

// From a function that parses a text and one that prints the value.
template <class Owner, class Member, class Parse, class Print>
Field scalar(std::string type, Member Owner::*member, Parse parse, Print print) {
  return {.type = std::move(type),
          .store = [member, parse](ConfigElement& element,
                                   const Text& text) -> std::optional<FieldError> {
            auto value = parse(text.value);
            if (!value) return FieldError{std::move(value.error())};
            as<Owner>(element).*member = static_cast<Member>(*value);
            return std::nullopt;
          },
          .show = [member, print](const ConfigElement& element) -> std::optional<std::string> {
            return print(as<Owner>(element).*member);
          }};
}

template <class Owner>
Field text(std::string Owner::*member, std::string type = "text") {
  return {.type = std::move(type),
          .store = [member](ConfigElement& element, const Text& text) -> std::optional<FieldError> {
            as<Owner>(element).*member = text.value;
            return std::nullopt;
          },
          .show = [member](const ConfigElement& element) -> std::optional<std::string> {
            const std::string& value = as<Owner>(element).*member;
            return value.empty() ? std::nullopt : std::optional(value);
          }};
}

template <class Owner>
Field path(std::string Owner::*member) {
  return text(member, "path");
}

template <class Owner>
Field boolean(bool Owner::*member) {
  return scalar("boolean", member, parse_boolean,
                [](bool value) { return std::string(value ? "true" : "false"); });
}

template <class Owner>
Field integer(int Owner::*member, int least, int most) {
  return scalar(
      "integer, " + std::to_string(least) + " to " + std::to_string(most), member,
      [=](std::string_view value) { return parse_integer(value, least, most); },
      [](int value) { return std::to_string(value); });
}

template <class Owner>
Field size(SizeBytes Owner::*member, Limit limit = Limit::required) {
  return scalar(
      limit == Limit::optional ? "size or -1" : "size", member,
      [limit](std::string_view value) { return parse_size(value, limit); }, print_size);
}

template <class Owner>
Field size(std::optional<SizeBytes> Owner::*member, Limit limit = Limit::required) {
  Field field = scalar(
      limit == Limit::optional ? "size or -1" : "size", member,
      [limit](std::string_view value) { return parse_size(value, limit); },
      [](const std::optional<SizeBytes>& value) { return print_size(value.value_or(0)); });
  field.show = [member](const ConfigElement& element) -> std::optional<std::string> {
    const auto& value = as<Owner>(element).*member;
    return value ? std::optional(print_size(*value)) : std::nullopt;
  };
  return field;
}

template <class Owner>
Field duration(std::chrono::milliseconds Owner::*member, Limit limit = Limit::required) {
  return scalar(
      limit == Limit::optional ? "time or -1" : "time", member,
      [limit](std::string_view value) { return parse_duration(value, limit); }, print_duration);
}

// Of a value that may be left out.
template <class Owner, class Value>
Field unless_given(std::optional<Value> Owner::*member, std::string type,
                   tl::expected<Value, Complaint> (*parse)(std::string_view),
                   std::string (*print)(Value)) {
  Field field = scalar(std::move(type), member, parse,
                       [](const std::optional<Value>&) { return std::string(); });
  field.show = [member, print](const ConfigElement& element) -> std::optional<std::string> {
    const auto& value = as<Owner>(element).*member;
    return value ? std::optional(print(*value)) : std::nullopt;
  };
  return field;
}

template <class Owner>
Field boolean(std::optional<bool> Owner::*member) {
  return unless_given<Owner, bool>(member, "boolean", parse_boolean, [](bool value) {
    return std::string(value ? "true" : "false");
  });
}

template <class Owner>
Field duration_or_never(std::optional<std::chrono::milliseconds> Owner::*member) {
  return unless_given<Owner, std::chrono::milliseconds>(
      member, "time or -1",
      [](std::string_view value) { return parse_duration(value, Limit::optional); },
      print_duration);
}

// Tomcat's bare number is in seconds, where all others are in milliseconds.
template <class Owner>
Field seconds(std::chrono::milliseconds Owner::*member) {
  return scalar(
      "seconds, or a time with its unit", member,
      [](std::string_view value) -> tl::expected<std::chrono::milliseconds, Complaint> {
        if (const auto number = parse_integer(value, 0, 31'536'000))
          return std::chrono::milliseconds(*number * 1000);
        return parse_duration(value, Limit::required);
      },
      print_duration);
}

// The words of an enumeration.
template <class Value>
struct Words {
  std::vector<std::pair<std::string_view, Value>> words;

  std::vector<std::string_view> names() const {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : words) names.push_back(name);
    return names;
  }
  std::string listed() const {
    std::string text;
    for (const auto& [name, value] : words) text += (text.empty() ? "" : ", ") + std::string(name);
    return text;
  }
  tl::expected<Value, Complaint> parse(std::string_view text) const {
    for (const auto& [name, value] : words) {
      if (name == text) return value;
    }
    return tl::unexpected('\'' + std::string(text) + "' is not one of " + listed() +
                          did_you_mean(text, names()));
  }
  std::string print(Value value) const {
    for (const auto& [name, word] : words) {
      if (word == value) return std::string(name);
    }
    return {};
  }
};

template <class Owner, class Value>
Field enumeration(
    Value Owner::*member,
    std::initializer_list<std::pair<std::string_view, std::type_identity_t<Value>>> list) {
  const Words<Value> words{list};
  return scalar(
      "one of " + words.listed(), member,
      [words](std::string_view value) { return words.parse(value); },
      [words](Value value) { return words.print(value); });
}

template <class Owner>
Field list(std::vector<std::string> Owner::*member) {
  return {.type = "list",
          .store = [member](ConfigElement& element, const Text& text) -> std::optional<FieldError> {
            auto& items = as<Owner>(element).*member;
            items.clear();
            for (const Item& item : split_list(text.value)) items.emplace_back(item.text);
            return std::nullopt;
          },
          .show = [member](const ConfigElement& element) -> std::optional<std::string> {
            std::string text;
            for (const std::string& item : as<Owner>(element).*member) {
              text += (text.empty() ? "" : ", ") + item;
            }
            return text.empty() ? std::nullopt : std::optional(text);
          }};
}

template <class Owner, class Value>
Field list(
    std::vector<Value> Owner::*member,
    std::initializer_list<std::pair<std::string_view, std::type_identity_t<Value>>> allowed) {
  const Words<Value> words{allowed};
  return {.type = "list of " + words.listed(),
          .store = [member, words](ConfigElement& element,
                                   const Text& text) -> std::optional<FieldError> {
            std::vector<Value> values;
            for (const Item& item : split_list(text.value)) {
              const auto value = words.parse(item.text);
              if (!value) return FieldError{value.error(), item.offset};
              if (std::find(values.begin(), values.end(), *value) != values.end()) {
                return FieldError{'\'' + std::string(item.text) + "' is listed twice", item.offset};
              }
              values.push_back(*value);
            }
            if (values.empty()) return FieldError{"is empty; write some of " + words.listed()};
            as<Owner>(element).*member = std::move(values);
            return std::nullopt;
          },
          .show = [member, words](const ConfigElement& element) -> std::optional<std::string> {
            std::string text;
            for (const Value value : as<Owner>(element).*member) {
              text += (text.empty() ? "" : ", ") + words.print(value);
            }
            return text;
          }};
}

// Appends each item with its place. Shown as child elements, which can hold what a list cannot.
template <class Owner>
Field located_list(std::vector<LocatedText> Owner::*member) {
  return {.type = "list",
          .store = [member](ConfigElement& element, const Text& text) -> std::optional<FieldError> {
            const std::vector<Item> items = split_list(text.value);
            auto& texts = as<Owner>(element).*member;
            if (items.empty()) texts.push_back({{text.locate(0), {}}, {}});
            for (const Item& item : items) {
              texts.push_back({{text.locate(item.offset), {}}, std::string(item.text)});
            }
            return std::nullopt;
          },
          .show = [](const ConfigElement&) { return std::nullopt; },
          .shorthand = true};
}

inline Field required(Field field) {
  field.required = true;
  return field;
}

inline Field secret(Field field) {
  field.is_secret = [](const ConfigElement&) { return true; };
  return field;
}

inline Field or_as(std::string_view attribute, Field field) {
  field.follows = attribute;
  return field;
}

inline Field or_else(std::string_view words, Field field) {
  field.otherwise = words;
  return field;
}

template <class Owner>
std::function<std::unique_ptr<ConfigElement, void (*)(ConfigElement*)>()> fresh() {
  return [] {
    return std::unique_ptr<ConfigElement, void (*)(ConfigElement*)>(
        new Owner(), [](ConfigElement* element) { delete static_cast<Owner*>(element); });
  };
}

template <class Owner, class Member>
Child any_number(std::vector<Member> Owner::*member, std::shared_ptr<const Element> element,
                 std::size_t least = 0) {
  return {.element = std::move(element),
          .least = least,
          .most = Child::many,
          .attach = [member](ConfigElement& parent) -> ConfigElement& {
            return (as<Owner>(parent).*member).emplace_back();
          },
          .list =
              [member](const ConfigElement& parent) {
                std::vector<const ConfigElement*> all;
                for (const Member& child : as<Owner>(parent).*member) all.push_back(&child);
                return all;
              }};
}

template <class Owner, class Member>
Child exactly_one(Member Owner::*member, std::shared_ptr<const Element> element,
                  std::string_view too_many = {}) {
  return {.element = std::move(element),
          .least = 1,
          .most = 1,
          .attach = [member](ConfigElement& parent) -> ConfigElement& {
            return as<Owner>(parent).*member;
          },
          .list =
              [member](const ConfigElement& parent) {
                return std::vector<const ConfigElement*>{&(as<Owner>(parent).*member)};
              },
          .too_many = too_many};
}

template <class Owner, class Member>
Child at_most_one(std::optional<Member> Owner::*member, std::shared_ptr<const Element> element) {
  return {.element = std::move(element),
          .least = 0,
          .most = 1,
          .attach = [member](ConfigElement& parent) -> ConfigElement& {
            return (as<Owner>(parent).*member).emplace();
          },
          .list =
              [member](const ConfigElement& parent) {
                std::vector<const ConfigElement*> all;
                const auto& child = as<Owner>(parent).*member;
                if (child) all.push_back(&*child);
                return all;
              }};
}

}  // namespace container
