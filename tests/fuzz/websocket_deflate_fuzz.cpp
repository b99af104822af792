// Throws any bytes at permessage-deflate: as fields of a handshake, as payloads to inflate, as
// messages to compress and to get back. Byte 0 says which, byte 1 sizes and options.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/websocket/deflate.h"
#include "server/websocket/deflate_terms.h"

using namespace server::websocket;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_terms(std::string_view field, unsigned options) {
  const DeflatePolicy policy{
      .mode = (options & 1U) != 0 ? DeflatePolicy::Mode::pooled : DeflatePolicy::Mode::dedicated,
      .server_max_window_bits = static_cast<std::uint8_t>(9 + (options >> 1U) % 7),
      .client_max_window_bits = static_cast<std::uint8_t>(9 + (options >> 4U) % 7)};
  static_cast<void>(accept_deflate(field, policy));
  const auto offers = split_extensions(field);
  if (!offers.has_value()) return;
  for (const std::string_view offer : *offers) {
    const auto again = split_extensions(offer);
    require(again.has_value() && again->size() == 1);
  }
  const auto agreement = negotiate(*offers, policy);
  if (!agreement.has_value()) return;
  const DeflateTerms& terms = agreement->terms;
  require(terms.server_max_window_bits >= 9);
  require(terms.server_max_window_bits <= policy.server_max_window_bits);
  require(terms.client_max_window_bits >= 8 && terms.client_max_window_bits <= 15);
  // A client that offered as much as can be offered understands the answer in the same way.
  const auto read = accept_deflate(agreement->answer, {.mode = DeflatePolicy::Mode::dedicated});
  if (!read.has_value()) return require(terms.client_max_window_bits == 8);
  require(read->server_no_context_takeover == terms.server_no_context_takeover);
  require(read->client_no_context_takeover == terms.client_no_context_takeover);
  require(read->server_max_window_bits == terms.server_max_window_bits);
  require(read->client_max_window_bits == terms.client_max_window_bits);
}

// Two messages, each in pieces of `step` bytes into rooms of `room`; what comes of them, at most
// `limit` bytes.
std::string inflated(std::string_view first, std::string_view second, std::size_t step,
                     std::size_t room, std::size_t limit) {
  // The largest window: zlib notices references behind a smaller one only when they leave the room.
  Inflater inflater(15, true);
  std::string out;
  const auto to = std::make_unique<char[]>(room);
  for (const std::string_view payload : {first, second}) {
    for (std::size_t at = 0; out.size() < limit;) {
      const std::string_view piece = payload.substr(at, step);
      const bool last = at + piece.size() == payload.size();
      const Inflater::Step made = inflater.inflate(piece, last, to.get(), room);
      require(made.made <= room && made.taken <= piece.size());
      require(made.result != Inflater::Result::full || made.made == room);
      require(made.result != Inflater::Result::ok || made.taken == piece.size());
      out.append(to.get(), made.made);
      at += made.taken;
      if (made.result == Inflater::Result::bad && out.size() < limit) return out + "|bad";
      if (last && made.result == Inflater::Result::ok) break;
    }
    out += '|';
  }
  return out.substr(0, limit);
}

void check_round_trip(std::string_view text, unsigned options) {
  const int bits = 9 + static_cast<int>(options % 7);
  const bool takeover = (options & 8U) != 0;
  const int level = 1 + static_cast<int>((options >> 4U) % 9);
  Deflater deflater(bits, level, 1 + static_cast<int>(options % 9));
  Inflater inflater(bits, takeover);
  for (std::size_t at = 0; at <= text.size(); at += 100) {
    const std::string_view message = text.substr(at, 300);
    std::string payload;
    deflater.compress(message, payload, !takeover || at % 700 == 0);
    std::string back(message.size() + 1, '\0');
    const Inflater::Step made = inflater.inflate(payload, true, back.data(), back.size());
    require(made.result == Inflater::Result::ok && made.made == message.size());
    require(std::string_view(back).substr(0, made.made) == message);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  const unsigned options = bytes[1];
  const std::string_view input(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  if (bytes[0] % 3 == 0) {
    check_terms(input, options);
  } else if (bytes[0] % 3 == 1) {
    const std::string_view first = input.substr(0, options);
    const std::string_view second = input.substr(first.size());
    constexpr std::size_t limit = 20000;
    const std::string whole = inflated(first, second, 5000, limit + 1, limit);
    const std::size_t room = 1 + options % 300;
    const std::string pieces = inflated(first, second, 1 + options % 19, room, limit);
    require(whole == pieces);
  } else {
    check_round_trip(input, options);
  }
  return 0;
}
