#include "filters/compressor.h"

#include <doctest/doctest.h>

#include <string>
#include <thread>

#include "tests/support/inflated.h"

using filters::borrow_compressor;
using filters::Coding;
using filters::Compressor;
using filters::CompressorChoice;

namespace {

using End = Compressor::End;

std::string text_of(std::size_t size) {
  std::string text;
  for (unsigned i = 0; text.size() < size; ++i) text += std::to_string(i * 2654435761U) + " ";
  text.resize(size);
  return text;
}

std::string compressed(Compressor& compressor, std::string_view bytes, End end) {
  std::string all;
  compressor.run(bytes, end, [&](std::string_view made) { all += made; });
  return all;
}

std::optional<tests::Inflated> inflated(Coding coding, const std::string& body) {
  return coding == Coding::gzip ? tests::gunzip(body) : tests::unbrotli(body);
}

}  // namespace

TEST_CASE("compressor: bodies of all sizes, one after the other by the same") {
  for (const Coding coding : {Coding::gzip, Coding::brotli})
    for (const int level : {1, 4, 9})
      for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{8 * 1024},
                                     std::size_t{200'000}, std::size_t{3}}) {
        CAPTURE(static_cast<int>(coding));
        CAPTURE(level);
        CAPTURE(size);
        const std::string text = text_of(size);
        auto compressor = borrow_compressor({coding, level, size});
        const auto found = inflated(coding, compressed(*compressor, text, End::body));
        REQUIRE(found);
        CHECK(found->complete);
        CHECK((found->bytes == text));
        filters::give_back(std::move(compressor));
      }
}

TEST_CASE("compressor: a flush gives out all that came, and is free where nothing came") {
  for (const Coding coding : {Coding::gzip, Coding::brotli}) {
    auto compressor = borrow_compressor({coding, 4, std::nullopt});
    std::string body, text;
    for (const std::size_t size : {std::size_t{10}, std::size_t{100'000}, std::size_t{1}}) {
      text += text_of(size);
      body += compressed(*compressor, text_of(size), End::none);
      body += compressed(*compressor, {}, End::flush);
      CHECK(compressed(*compressor, {}, End::flush).empty());
      CHECK((inflated(coding, body)->bytes == text));
      CHECK_FALSE(inflated(coding, body)->complete);
    }
    body += compressed(*compressor, {}, End::body);
    CHECK((inflated(coding, body)->bytes == text));
    CHECK(inflated(coding, body)->complete);
  }
}

TEST_CASE("compressor: what was given up does not show in the next body") {
  for (const Coding coding : {Coding::gzip, Coding::brotli}) {
    const CompressorChoice choice{coding, 1, std::nullopt};
    auto compressor = borrow_compressor(choice);
    compressed(*compressor, text_of(100'000), End::none);
    filters::give_back(std::move(compressor));
    compressor = borrow_compressor(choice);
    CHECK(inflated(coding, compressed(*compressor, "next", End::body))->bytes == "next");
  }
}

TEST_CASE("compressor: may end on another thread than it began on") {
  for (const Coding coding : {Coding::gzip, Coding::brotli}) {
    auto compressor = borrow_compressor({coding, 1, std::nullopt});
    std::string body = compressed(*compressor, "one ", End::flush);
    std::thread([&] {
      body += compressed(*compressor, "two", End::body);
      filters::give_back(std::move(compressor));
    }).join();
    CHECK(inflated(coding, body)->bytes == "one two");
  }
}
