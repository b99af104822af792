// The texts of values: numbers, sizes, times, lists. Each has one spelling in which it is printed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "container/config/config_element.h"

namespace container {

// What is wrong with a value and what to write instead.
using Complaint = std::string;

tl::expected<bool, Complaint> parse_boolean(std::string_view text);

tl::expected<std::int64_t, Complaint> parse_integer(std::string_view text, std::int64_t least,
                                                    std::int64_t most);

enum class Limit : std::uint8_t { required, optional };  // optional: -1 takes the limit away

// Bytes; or with KB, MB, GB (thousands), KiB, MiB, GiB.
tl::expected<SizeBytes, Complaint> parse_size(std::string_view text, Limit limit);
std::string print_size(SizeBytes size);

// Milliseconds; or with ms, s, min, h, d. At most ten years.
tl::expected<std::chrono::milliseconds, Complaint> parse_duration(std::string_view text,
                                                                  Limit limit);
std::string print_duration(std::chrono::milliseconds duration);

struct Item {
  std::string_view text;
  std::size_t offset;
};

// Items between commas and white space; there are no empty ones.
std::vector<Item> split_list(std::string_view text);

// Without white space at either end.
std::string_view trimmed(std::string_view text);

}  // namespace container
