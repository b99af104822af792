// "Did you mean": the nearest of the words that are legal in a place.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace container {

// The nearest word, letter case aside, if it is near enough to be a slip, or else one that goes on
// where the word stops; else empty. Words over 40 bytes have no neighbours, which bounds the work.
std::string_view nearest(std::string_view word, std::span<const std::string_view> legal);

// `; did you mean 'word'?`, or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> legal);

}  // namespace container
