// Throws any bytes at a message reader, whole, at random splits and byte by byte: the same must
// come of it. Byte 0 says who reads and how, byte 1 the limits and the splits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/reader_log.h"

using namespace server::websocket;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

struct Rules {
  explicit Rules(unsigned choice, unsigned sizes)
      : side((choice & 1U) != 0 ? MessageReader::Side::server : MessageReader::Side::client),
        pooled((choice & 6U) == 2),
        own((choice & 6U) == 4),
        takeover((choice & 8U) != 0),
        stops((choice & 16U) != 0) {
    limits.max_text = std::size_t{1} << (sizes & 15U);
    limits.max_binary = std::size_t{1} << (sizes >> 4U);
    limits.max_frame = std::size_t{1} << (4 + (sizes & 15U));
    limits.text_in_parts = (choice & 32U) != 0;
    limits.binary_in_parts = (choice & 64U) != 0;
  }

  MessageReader::Side side;
  bool pooled, own, takeover, stops;
  ReaderLimits limits;
};

// `next` tells the size of each piece.
template <class Next>
std::string heard(const Rules& rules, std::string_view bytes, Next next) {
  BufferStock stock;
  DeflatePool pool;
  tests::ReaderLog log;
  log.stops = rules.stops;
  MessageReader reader(rules.side, log, rules.limits, stock);
  if (rules.pooled) reader.inflate_with(pool);
  if (rules.own) reader.inflate_with(std::make_unique<Inflater>(15, rules.takeover));
  while (!bytes.empty() && reader.fault() == nullptr && !reader.closed()) {
    const std::string_view piece = bytes.substr(0, next());
    bytes.remove_prefix(piece.size());
    log.feed(reader, piece, piece.size());
    require(reader.memory() <= (std::size_t{1} << 20U));
  }
  require(!log.strange);
  const std::size_t longest = std::max(
      {rules.limits.max_text, rules.limits.max_binary, rules.limits.max_frame, std::size_t{16384}});
  require(log.longest <= longest);
  if (const Fault* fault = reader.fault(); fault != nullptr) {
    const std::string_view reason(fault->reason);
    require(fault->code == 1002 || fault->code == 1007 || fault->code == 1009);
    require(!reason.empty() && reason.size() <= 123);
  }
  require(reader.fault() != nullptr || reader.closed() || !reader.idle() ||
          reader.memory() <= Inflater::memory(15));
  return log.text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  const Rules rules(bytes[0], bytes[1]);
  const std::string_view input(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  const std::string whole = heard(rules, input, [&] { return input.size(); });
  std::uint32_t seed = bytes[1] * 2654435761U + 1;
  require(whole == heard(rules, input, [&] {
            seed = seed * 1664525U + 1013904223U;
            return 1 + (seed >> 24U) % 37U;
          }));
  require(whole == heard(rules, input, [] { return std::size_t{1}; }));
  return 0;
}
