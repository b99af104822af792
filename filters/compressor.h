// What makes bodies smaller: gzip (RFC 1952) by zlib, brotli (RFC 7932) by libbrotlienc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace filters {

enum class Coding : std::uint8_t { gzip, brotli };

// One body at a time. Runs on any thread, on one at a time.
class Compressor {
 public:
  enum class End : std::uint8_t {
    none,   // more follows, and may wait for it
    flush,  // what was given can be decompressed from what was made
    body    // nothing follows
  };

  virtual ~Compressor() = default;
  // Compresses `bytes`, of 1 GiB at most, and gives what was made to `take`, in pieces that are
  // gone when it returns. Throws std::bad_alloc; then the body cannot be ended.
  template <class Take>
  void run(std::string_view bytes, End end, Take&& take) {
    begin(bytes, end);
    for (std::string_view made = more(); !made.empty(); made = more()) take(made);
  }

 private:
  virtual void begin(std::string_view bytes, End end) = 0;
  virtual std::string_view more() = 0;  // empty: all is done
};

struct CompressorChoice {
  Coding coding = Coding::gzip;
  int level = 1;                      // 1..9 for gzip, 0..11 for brotli
  std::optional<std::uint64_t> size;  // of the body, where it is known
};

// Compressors that have ended a body are kept for the next one: a few for each thread, so that
// nobody waits for anybody. Throws std::bad_alloc.
std::unique_ptr<Compressor> borrow_compressor(const CompressorChoice& choice);
// Of a body that has ended, or was given up. Any thread.
void give_back(std::unique_ptr<Compressor> compressor);

}  // namespace filters
