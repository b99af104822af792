#include "picture.h"

#include <array>
#include <cstddef>

namespace guestbook {
namespace {

using namespace std::string_view_literals;

// Reads numbers out of bytes that may end anywhere: behind the end all is 0.
class Bytes {
 public:
  explicit Bytes(std::string_view all) : all_(all) {}

  bool has(std::size_t at, std::string_view what) const {
    return at <= all_.size() && all_.substr(at).starts_with(what);
  }
  std::uint32_t byte(std::size_t at) const {
    return at < all_.size() ? static_cast<unsigned char>(all_[at]) : 0;
  }
  std::uint32_t big16(std::size_t at) const { return byte(at) << 8U | byte(at + 1); }
  std::uint32_t big32(std::size_t at) const { return big16(at) << 16U | big16(at + 2); }
  std::uint32_t little16(std::size_t at) const { return byte(at + 1) << 8U | byte(at); }
  std::uint32_t little24(std::size_t at) const { return byte(at + 2) << 16U | little16(at); }
  std::size_t size() const { return all_.size(); }

 private:
  std::string_view all_;
};

// PNG (RFC 2083): the header chunk is the first.
std::optional<Picture> png(Bytes bytes) {
  if (!bytes.has(0, "\x89PNG\r\n\x1a\n"sv) || !bytes.has(12, "IHDR") || bytes.size() < 24)
    return std::nullopt;
  return Picture{"image/png", bytes.big32(16), bytes.big32(20)};
}

std::optional<Picture> gif(Bytes bytes) {
  if ((!bytes.has(0, "GIF87a") && !bytes.has(0, "GIF89a")) || bytes.size() < 10)
    return std::nullopt;
  return Picture{"image/gif", bytes.little16(6), bytes.little16(8)};
}

// WebP (RFC 9649): lossy, lossless or extended, each with its size elsewhere.
std::optional<Picture> webp(Bytes bytes) {
  if (!bytes.has(0, "RIFF") || !bytes.has(8, "WEBP")) return std::nullopt;
  if (bytes.has(12, "VP8X") && bytes.size() >= 30)
    return Picture{"image/webp", bytes.little24(24) + 1, bytes.little24(27) + 1};
  if (bytes.has(12, "VP8 ") && bytes.has(23, "\x9d\x01\x2a"sv) && bytes.size() >= 30)
    return Picture{"image/webp", bytes.little16(26) & 0x3FFFU, bytes.little16(28) & 0x3FFFU};
  if (bytes.has(12, "VP8L") && bytes.has(20, "\x2f") && bytes.size() >= 25) {
    const std::uint32_t bits = bytes.little24(21) | bytes.byte(24) << 24U;
    return Picture{"image/webp", (bits & 0x3FFFU) + 1, (bits >> 14U & 0x3FFFU) + 1};
  }
  return std::nullopt;
}

// JPEG (ITU-T T.81 annex B): segments with their lengths, up to that which begins a frame. What
// cameras write before it, such as a preview, is passed over.
std::optional<Picture> jpeg(Bytes bytes) {
  if (!bytes.has(0, "\xff\xd8\xff"sv)) return std::nullopt;
  for (std::size_t at = 2; bytes.byte(at) == 0xFF && at < bytes.size();) {
    const std::uint32_t marker = bytes.byte(at + 1);
    const std::uint32_t length = bytes.big16(at + 2);
    if (marker == 0xFF) {  // a fill byte
      ++at;
      continue;
    }
    const bool is_frame =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (is_frame && bytes.size() < at + 9) return std::nullopt;
    if (is_frame) return Picture{"image/jpeg", bytes.big16(at + 7), bytes.big16(at + 5)};
    if (marker < 0xC0 || length < 2) return std::nullopt;
    at += 2 + length;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Picture> read_picture(std::string_view bytes) {
  for (const auto read : {png, jpeg, gif, webp})
    if (auto found = read(Bytes(bytes))) {
      const std::uint64_t pixels = std::uint64_t{found->width} * found->height;
      if (pixels == 0 || pixels > kMostPixels) return std::nullopt;
      return found;
    }
  return std::nullopt;
}

}  // namespace guestbook
