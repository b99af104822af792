// Throws any bytes at the parts of a body: however it is cut, the parts and the error are the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <margay/multipart.h>

#include "tests/support/fuzz_input.h"

namespace {

using margay::MultipartError;
using tests::require;

// All that can be told of a body: each part, and the error in the end.
struct Story {
  explicit Story(const margay::MultipartConfig& config, std::string_view type)
      : reader(type, config) {}
  bool feed(std::string_view bytes) {
    return guarded([&] { reader.feed(bytes); });
  }
  std::string finish() {
    if (text.empty())
      guarded([&] {
        const auto form = reader.finish();
        for (const margay::Part& part : form.parts()) {
          require(part.is_in_memory());
          const std::string name = part.submitted_file_name();
          require(name.find('/') == name.npos && name.find('\0') == name.npos && name != "..");
          require(name.size() <= 255);
          for (const std::string_view one :
               {part.name(), part.raw_file_name(), part.content_type(), part.content()})
            text.append(std::to_string(one.size())).append(":").append(one);
          text += part.is_file() ? "F" : "T";
        }
      });
    return text;
  }

 private:
  template <class Work>
  bool guarded(Work&& work) {
    try {
      work();
      return true;
    } catch (const MultipartError& error) {
      text = "error " + std::to_string(static_cast<int>(error.reason())) + error.what();
      return false;
    }
  }

  margay::MultipartReader reader;
  std::string text;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first line is the Content-Type, as it is in a request.
  std::string_view body(reinterpret_cast<const char*>(data), size);
  const std::string_view type = body.substr(0, body.find('\n'));
  body.remove_prefix(std::min(type.size() + 1, body.size()));
  const margay::MultipartConfig config{.max_file_size = 200,
                                       .max_request_size = 2000,
                                       .file_size_threshold = 200,
                                       .max_post_size = 100,
                                       .max_part_count = 6,
                                       .max_parameter_count = 4,
                                       .max_part_header_size = 300};
  const auto told = [&](auto&& cut) {
    Story story(config, type);
    std::string_view rest = body;
    while (!rest.empty()) {
      const std::string_view piece = rest.substr(0, cut(body.size() - rest.size()));
      rest.remove_prefix(piece.size());
      if (!story.feed(piece)) break;
    }
    return story.finish();
  };
  try {
    const std::string whole = told([](std::size_t) { return std::string_view::npos; });
    require(told([](std::size_t) { return std::size_t{1}; }) == whole);
    for (std::size_t at = 1; at < body.size(); at += 1 + body.size() / 256)
      require(told([&](std::size_t from) { return from == 0 ? at : std::string_view::npos; }) ==
              whole);
  } catch (const MultipartError&) {  // of the type, before any byte
  }
  return 0;
}
