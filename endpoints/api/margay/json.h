// JSON messages: values of types that nlohmann-json knows. Not part of plugin.h, as it needs that
// library.
#pragma once

#include <string>
#include <string_view>

#include <margay/codec.h>
#include <nlohmann/json.hpp>

namespace margay {

// Encoder and decoder of text messages for a V with to_json and from_json, or
// NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE. What is no JSON, or none of V, is a DecodeError.
template <class V>
struct Json {
  std::string encode(const V& value) const { return nlohmann::json(value).dump(); }
  V decode(std::string_view text) const {
    try {
      return nlohmann::json::parse(text).template get<V>();
    } catch (const nlohmann::json::exception& error) {
      throw DecodeError(error.what());
    }
  }
};

}  // namespace margay
