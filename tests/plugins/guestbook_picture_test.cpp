// Which files the sample "guestbook" takes for pictures, and how large it finds them.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "plugins/guestbook/picture.h"

using guestbook::read_picture;
using namespace std::string_literals;

namespace {

struct Sample {
  const char* type;
  std::string bytes;  // up to the last one that is needed
  std::uint32_t width, height;
};

const Sample kSamples[] = {
    {"image/png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\2\0\0\3\4"s, 0x102, 0x304},
    {"image/gif", "GIF87a\2\1\4\3"s, 0x102, 0x304},
    {"image/gif", "GIF89a\1\0\1\0"s, 1, 1},
    {"image/webp", "RIFF\0\0\0\0WEBPVP8X\xa\0\0\0\0\0\0\0\1\1\0\3\3\0"s, 0x102, 0x304},
    {"image/webp", "RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\1\x2a\2\x41\4\x83"s, 0x102, 0x304},
    {"image/webp", "RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x01\xc1\xc0\0"s, 0x102, 0x304},
    // A segment with letters that look like markers, a fill byte, and a progressive frame.
    {"image/jpeg", "\xff\xd8\xff\xe1\0\6\xff\xc0\xff\xd9\xff\xff\xc2\0\21\10\3\4\1\2"s, 0x102,
     0x304},
};

}  // namespace

TEST_CASE("a picture is known by its first bytes, and so is its size") {
  for (const Sample& sample : kSamples) {
    CAPTURE(sample.type);
    const auto found = read_picture(sample.bytes + "and all the rest");
    REQUIRE(found.has_value());
    CHECK(found->type == sample.type);
    CHECK(found->width == sample.width);
    CHECK(found->height == sample.height);
  }
}

TEST_CASE("what ends before it has told its size is no picture") {
  for (const Sample& sample : kSamples)
    for (std::size_t size = 0; size < sample.bytes.size(); ++size) {
      CAPTURE(sample.type);
      CAPTURE(size);
      CHECK_FALSE(read_picture(std::string_view(sample.bytes).substr(0, size)).has_value());
    }
}

TEST_CASE("other files are no pictures, whatever they are called") {
  for (const std::string& other :
       {""s, "<svg xmlns='http://www.w3.org/2000/svg'/>"s, "<script>alert(1)</script>"s,
        "%PDF-1.7"s, "BM\0\0\0\0"s, "GIF88a\1\0\1\0"s, "PNG\r\n\x1a\n"s, "RIFF\0\0\0\0WAVEfmt "s,
        "\xff\xd8\xff\xd9"s, "\xff\xd8\xff\xe1\0\0"s, "\xff\xd8\xff\xe1\0\1"s,
        "\xff\xd8\xff\xc4\0\21\10\3\4\1\2"s}) {
    CAPTURE(other);
    CHECK_FALSE(read_picture(other).has_value());
  }
}

TEST_CASE("a picture without pixels, or with far too many, is none") {
  CHECK_FALSE(read_picture("GIF89a\0\0\1\0"s).has_value());
  CHECK_FALSE(read_picture("GIF89a\xff\xff\xff\xff"s).has_value());
  CHECK_FALSE(
      read_picture("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff"s).has_value());
}
