#include "filters/compression.h"

#include <doctest/doctest.h>

#include "tests/filters/scene.h"

using filters::Compression;
using tests::Scene;

TEST_CASE("compression: bad parameters are named") {
  const auto refusal = [](const char* name, const char* value) {
    return Scene::refusal<Compression>({{name, value}});
  };
  CHECK(refusal("encodings", "zstd").starts_with("encodings|"));
  CHECK(refusal("encodings", "").starts_with("encodings|"));
  CHECK(refusal("level", "0").starts_with("level|"));
  CHECK(refusal("level", "10").starts_with("level|"));
  CHECK(refusal("brotliQuality", "12").starts_with("brotliQuality|"));
  CHECK(refusal("compressibleMimeType", "text").starts_with("compressibleMimeType|"));
  CHECK(refusal("compressionMinSize", "big").starts_with("compressionMinSize|"));
  CHECK(refusal("compressableMimeType", "text/*").ends_with("'compressibleMimeType'?"));
  CHECK(refusal("encodings", "br, gzip").empty());
  CHECK(refusal("compressibleMimeType", "text/*, application/*+json").empty());
}
