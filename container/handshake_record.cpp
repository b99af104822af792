// What the handshake of a WebSocket left: constant, compact, and readable as long as somebody holds
// it.
#include "container/handshake_record.h"

#include <margay/text.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <random>
#include <vector>

namespace container {

namespace {

constexpr std::uint16_t kLong = 0xffff;

std::size_t room(std::string_view text) { return 2 + (text.size() >= kLong ? 4 : 0) + text.size(); }

char* put(char* to, std::string_view text) {
  const auto small = static_cast<std::uint16_t>(std::min<std::size_t>(text.size(), kLong));
  std::memcpy(to, &small, sizeof small);
  to += sizeof small;
  if (small == kLong) {
    const auto size = static_cast<std::uint32_t>(text.size());
    std::memcpy(to, &size, sizeof size);
    to += sizeof size;
  }
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

std::string_view take(const char*& from) {
  std::uint16_t small = 0;
  std::memcpy(&small, from, sizeof small);
  from += sizeof small;
  std::uint32_t size = small;
  if (small == kLong) {
    std::memcpy(&size, from, sizeof size);
    from += sizeof size;
  }
  const std::string_view text(from, size);
  from += size;
  return text;
}

bool is_mechanics(std::string_view name) {
  return name == "upgrade" || name == "connection" || name == "sec-websocket-key" ||
         name == "sec-websocket-version" || name == "sec-websocket-extensions";
}

margay_str text_of(std::string_view view) { return {view.data(), view.size()}; }
using margay::view;

}  // namespace

HandshakeRecord& HandshakeRecord::make(Source source) {
  std::vector<std::string_view> all(source.texts.begin(), source.texts.end());
  all[MARGAY_WS_VERSION] = {};  // the same for all
  if (source.texts[MARGAY_WS_TARGET] == source.texts[MARGAY_WS_PATH])
    all[MARGAY_WS_TARGET] = {};  // nothing was decoded, and there is no query: no need of a second
  all.push_back(source.scope);
  for (const margay_field& one : source.parameters) {
    all.push_back(view(one.name));
    all.push_back(view(one.value));
  }
  std::uint16_t fields = 0;
  for (const server::Field& one : source.fields) {
    if (is_mechanics(one.name)) continue;
    all.push_back(one.name);
    all.push_back(one.value);
    ++fields;
  }
  std::size_t size = 0;
  for (const std::string_view one : all) size += room(one);
  auto* made = new (::operator new(sizeof(HandshakeRecord) + size)) HandshakeRecord(fields, source);
  char* to = reinterpret_cast<char*>(made + 1);
  for (const std::string_view one : all) to = put(to, one);
  return *made;
}

std::string_view HandshakeRecord::nth(std::size_t index) const {
  const char* from = bytes();
  while (index-- > 0) take(from);
  return take(from);
}

std::string_view HandshakeRecord::text(int what) const {
  if (what == MARGAY_WS_VERSION) return "13";
  if (what == MARGAY_WS_TARGET && nth(MARGAY_WS_TARGET).empty()) return nth(MARGAY_WS_PATH);
  return what < 0 || static_cast<std::size_t>(what) >= kTexts ? std::string_view{}
                                                              : nth(static_cast<std::size_t>(what));
}

std::string_view HandshakeRecord::scope() const { return nth(kTexts); }

std::optional<margay_field> HandshakeRecord::parameter(std::uint32_t index) const {
  if (index >= parameters_) return std::nullopt;
  const std::size_t at = kTexts + 1 + std::size_t{2} * index;
  return margay_field{text_of(nth(at)), text_of(nth(at + 1))};
}

std::optional<margay_field> HandshakeRecord::field(std::uint32_t index) const {
  if (index >= fields_) return std::nullopt;
  const std::size_t at = kTexts + 1 + std::size_t{2} * (parameters_ + std::size_t{index});
  return margay_field{text_of(nth(at)), text_of(nth(at + 1))};
}

std::string random_session_id() {
  static constexpr char kDigits[] = "0123456789abcdef";
  thread_local std::random_device random;
  std::string id;
  for (int i = 0; i < 4; ++i) {
    auto bits = random();
    for (int digit = 0; digit < 8; ++digit, bits >>= 4) id += kDigits[bits & 15];
  }
  return id;
}

}  // namespace container
