// What a client makes of a compressed body.
#pragma once

#include <brotli/decode.h>
#include <zlib.h>

#include <optional>
#include <string>
#include <string_view>

namespace tests {

struct Inflated {
  std::string bytes;
  bool complete = false;  // the body ends here, and nothing is behind it
};

// As far as `body` goes, which may be the beginning only. Nothing: it is not gzip.
inline std::optional<Inflated> gunzip(std::string body) {
  z_stream stream{};
  if (inflateInit2(&stream, 16 + 15) != Z_OK) return std::nullopt;
  stream.next_in = reinterpret_cast<Bytef*>(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  Inflated made;
  char piece[4096];
  int outcome = Z_OK;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    outcome = inflate(&stream, Z_SYNC_FLUSH);
    made.bytes.append(piece, sizeof piece - stream.avail_out);
  } while (outcome == Z_OK && stream.avail_out == 0);
  made.complete = outcome == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (outcome != Z_OK && outcome != Z_STREAM_END && outcome != Z_BUF_ERROR) return std::nullopt;
  return made;
}

inline std::optional<Inflated> unbrotli(std::string_view body) {
  BrotliDecoderState* const state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  const auto* in = reinterpret_cast<const std::uint8_t*>(body.data());
  std::size_t left = body.size();
  Inflated made;
  auto outcome = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
  // It may ask for more input before all output has left.
  while (outcome == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT ||
         BrotliDecoderHasMoreOutput(state) == BROTLI_TRUE) {
    std::uint8_t piece[4096];
    std::uint8_t* out = piece;
    std::size_t room = sizeof piece;
    outcome = BrotliDecoderDecompressStream(state, &left, &in, &room, &out, nullptr);
    made.bytes.append(reinterpret_cast<char*>(piece), sizeof piece - room);
  }
  BrotliDecoderDestroyInstance(state);
  made.complete = outcome == BROTLI_DECODER_RESULT_SUCCESS && left == 0;
  if (outcome == BROTLI_DECODER_RESULT_ERROR) return std::nullopt;
  return made;
}

}  // namespace tests
