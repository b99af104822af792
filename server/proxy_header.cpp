// What a proxy says of the client in front of everything else: HAProxy's PROXY protocol.
#include "server/proxy_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace server {

namespace {

using State = ProxyHeader::State;

constexpr std::string_view kText = "PROXY ";
constexpr std::string_view kBinary("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixed = 16;    // of version 2: signature, command, family, length
constexpr unsigned kChecksum = 0x03;  // PP2_TYPE_CRC32C

bool begins_alike(std::string_view bytes, std::string_view expected) {
  return bytes.substr(0, expected.size()) == expected.substr(0, bytes.size());
}

ProxyHeader malformed(const char* trouble) {
  return {.state = State::malformed, .source = {}, .destination = {}, .trouble = trouble};
}

// --- version 1 -----------------------------------------------------------------------------------

std::string_view next_word(std::string_view& rest) {
  const auto space = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, space);
  rest.remove_prefix(std::min(space + 1, rest.size()));
  return word;
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool padded = text.size() > 1 && text.front() == '0';
  if (error != std::errc() || stop != text.data() + text.size() || padded) return std::nullopt;
  return port;
}

ProxyHeader read_text(std::string_view bytes) {
  const auto end = bytes.substr(0, ProxyHeader::kMostText).find("\r\n");
  if (end == bytes.npos) {
    if (bytes.size() < ProxyHeader::kMostText) return {};
    return malformed("does not end within 107 bytes");
  }
  ProxyHeader header{.state = State::complete, .size = end + 2, .source = {}, .destination = {}};
  std::string_view rest = bytes.substr(kText.size(), end - kText.size());
  const std::string_view family = next_word(rest);
  if (family == "UNKNOWN") return header;
  if (family != "TCP4" && family != "TCP6")
    return malformed("names neither TCP4, TCP6 nor UNKNOWN");
  const auto source = Address::parse(next_word(rest));
  const auto destination = Address::parse(next_word(rest));
  const auto source_port = read_port(next_word(rest));
  const auto destination_port = read_port(rest);
  const std::uint8_t version = family == "TCP4" ? 4 : 6;
  if (!source || !destination || source->family != version || destination->family != version)
    return malformed("has a bad address");
  if (!source_port || !destination_port) return malformed("has a bad port");
  header.source = *source;
  header.source.port = *source_port;
  header.destination = *destination;
  header.destination.port = *destination_port;
  return header;
}

// --- version 2 -----------------------------------------------------------------------------------

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

Address address_at(std::string_view bytes, std::size_t at, std::size_t size, std::size_t port) {
  Address address;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), size, address.bytes.begin());
  address.port = number_at(bytes, port);
  address.family = size == 4 ? 4 : 6;
  return address;
}

constexpr auto kCrc32c = [] {  // RFC 3720 appendix B.4, reflected
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0x82f63b78U : 0);
    table[i] = value;
  }
  return table;
}();

// Of the whole header, with zeros for the checksum itself.
std::uint32_t checksum_of(std::string_view header, std::size_t its_place) {
  std::uint32_t value = ~std::uint32_t{0};
  for (std::size_t at = 0; at < header.size(); ++at) {
    const bool own = at >= its_place && at < its_place + 4;
    value = value >> 8 ^ kCrc32c[(value ^ (own ? 0 : byte_at(header, at))) & 0xff];
  }
  return ~value;
}

// Null: all of them are good.
const char* trouble_of_tlvs(std::string_view header, std::size_t at) {
  while (at < header.size()) {
    if (header.size() - at < 3) return "has a broken TLV";
    const unsigned type = byte_at(header, at);
    const std::size_t size = number_at(header, at + 1);
    at += 3;
    if (header.size() - at < size) return "has a broken TLV";
    if (type == kChecksum) {
      if (size != 4) return "has a broken TLV";
      const std::uint32_t said =
          static_cast<std::uint32_t>(number_at(header, at)) << 16 | number_at(header, at + 2);
      if (said != checksum_of(header, at)) return "does not match its checksum";
    }
    at += size;
  }
  return nullptr;
}

ProxyHeader read_binary(std::string_view bytes) {
  if (bytes.size() < kFixed) return {};
  const unsigned command = byte_at(bytes, 12);
  const unsigned family = byte_at(bytes, 13);
  const std::size_t size = kFixed + number_at(bytes, 14);
  if (command >> 4 != 2) return malformed("is of no version known");
  if ((command & 0xf) > 1) return malformed("has an unknown command");
  if (size > ProxyHeader::kMostBinary) return malformed("is longer than 4096 bytes");
  const bool local = (command & 0xf) == 0;  // of the proxy itself: the rest does not count
  // Datagrams, too: a proxy that takes QUIC tells so, and speaks TCP with us.
  std::size_t addresses = 0;
  switch (family) {
    case 0x00:
      break;
    case 0x11:
    case 0x12:
      addresses = 12;
      break;
    case 0x21:
    case 0x22:
      addresses = 36;
      break;
    case 0x31:
    case 0x32:
      addresses = 216;
      break;
    default:
      if (!local) return malformed("has an unknown family or transport");
  }
  if (!local && size < kFixed + addresses) return malformed("is too short for its addresses");
  if (bytes.size() < size) return {};
  ProxyHeader header{.state = State::complete, .size = size, .source = {}, .destination = {}};
  if (local || family == 0) return header;
  if (const char* const trouble = trouble_of_tlvs(bytes.substr(0, size), kFixed + addresses))
    return malformed(trouble);
  if (const std::size_t width = addresses == 12 ? 4 : addresses == 36 ? 16 : 0; width != 0) {
    header.source = address_at(bytes, kFixed, width, kFixed + 2 * width);
    header.destination = address_at(bytes, kFixed + width, width, kFixed + 2 * width + 2);
  }
  return header;
}

}  // namespace

ProxyHeader read_proxy_header(std::string_view bytes) {
  if (begins_alike(bytes, kBinary)) return read_binary(bytes);
  if (!begins_alike(bytes, kText)) return {.state = State::absent, .source = {}, .destination = {}};
  return bytes.size() < kText.size() ? ProxyHeader{} : read_text(bytes);
}

}  // namespace server
