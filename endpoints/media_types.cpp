// Media types of files, by the extensions of their names.
#include "endpoints/media_types.h"

#include <array>
#include <functional>
#include <utility>

#include <margay/text.h>

namespace endpoints {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 34> kTypes{
    {{"html", "text/html;charset=utf-8"},
     {"htm", "text/html;charset=utf-8"},
     {"css", "text/css;charset=utf-8"},
     {"js", "text/javascript;charset=utf-8"},
     {"mjs", "text/javascript;charset=utf-8"},
     {"json", "application/json"},
     {"txt", "text/plain;charset=utf-8"},
     {"md", "text/markdown;charset=utf-8"},
     {"csv", "text/csv;charset=utf-8"},
     {"xml", "application/xml"},
     {"svg", "image/svg+xml"},
     {"png", "image/png"},
     {"jpg", "image/jpeg"},
     {"jpeg", "image/jpeg"},
     {"gif", "image/gif"},
     {"webp", "image/webp"},
     {"avif", "image/avif"},
     {"ico", "image/x-icon"},
     {"woff", "font/woff"},
     {"woff2", "font/woff2"},
     {"ttf", "font/ttf"},
     {"otf", "font/otf"},
     {"pdf", "application/pdf"},
     {"zip", "application/zip"},
     {"gz", "application/gzip"},
     {"wasm", "application/wasm"},
     {"mp3", "audio/mpeg"},
     {"ogg", "audio/ogg"},
     {"wav", "audio/wav"},
     {"mp4", "video/mp4"},
     {"webm", "video/webm"},
     {"tar", "application/x-tar"},
     {"map", "application/json"},
     {"webmanifest", "application/manifest+json"}}};

constexpr std::string_view kUnknown = "application/octet-stream";

}  // namespace

MediaTypes::MediaTypes(std::string_view mappings) {
  while (!mappings.empty()) {
    const auto comma = mappings.find(',');
    const std::string_view one = mappings.substr(0, comma);
    mappings = comma == mappings.npos ? std::string_view{} : mappings.substr(comma + 1);
    const auto equals = one.find('=');
    if (equals != one.npos)
      own_.insert_or_assign(std::string(one.substr(0, equals)),
                            std::string(one.substr(equals + 1)));
  }
}

std::string_view MediaTypes::of(std::string_view name) const {
  const auto dot = name.rfind('.');
  if (dot == name.npos || name.size() - dot - 1 > kLongest) return kUnknown;
  std::array<char, kLongest> room{};
  const std::size_t size = name.size() - dot - 1;
  for (std::size_t i = 0; i < size; ++i) room[i] = margay::detail::lower(name[dot + 1 + i]);
  const std::string_view extension(room.data(), size);
  if (const auto own = own_.find(extension); own != own_.end()) return own->second;
  for (const auto& [its, type] : kTypes)
    if (its == extension) return type;
  return kUnknown;
}

}  // namespace endpoints
