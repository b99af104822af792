// Hashing by 64×64→128 bit multiplication, eight bytes at a time: byte-wise hashes cost four cycles
// a byte here.
#include "container/name_table.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace container {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

template <class Word>
std::uint64_t load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// Odd constants with half their bits set; a table is built and read in one process, so nothing
// depends on byte order.
constexpr std::uint64_t first_factor = 0x9E3779B97F4A7C15U;
constexpr std::uint64_t second_factor = 0xD1B54A32D192ED03U;

}  // namespace

std::uint64_t NameTable::hash_of(std::string_view name, std::uint32_t scope) {
  std::uint64_t state = first_factor * (scope + 1ULL) ^ name.size();
  const char* at = name.data();
  std::size_t left = name.size();
  for (; left > 16; at += 16, left -= 16)
    state = mix(load<std::uint64_t>(at) ^ first_factor, load<std::uint64_t>(at + 8) ^ state);
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  if (left >= 8) {
    low = load<std::uint64_t>(at);
    high = load<std::uint64_t>(at + left - 8);
  } else if (left >= 4) {
    low = load<std::uint32_t>(at);
    high = load<std::uint32_t>(at + left - 4);
  } else if (left > 0) {
    low = load<unsigned char>(at) << 16U | load<unsigned char>(at + left / 2) << 8U |
          load<unsigned char>(at + left - 1);
  }
  return mix(low ^ first_factor ^ state, high ^ second_factor ^ state);
}

std::size_t NameTable::slot_of(std::string_view name, std::uint32_t scope,
                               std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.value == absent) return at;
    if (slot.hash == hash && slot.scope == scope && slot.length == name.size() &&
        std::string_view(text_.data() + slot.offset, slot.length) == name)
      return at;
  }
}

void NameTable::grow() {
  std::vector<Slot> former(std::max<std::size_t>(8, slots_.size() * 2));
  former.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : former) {
    if (slot.value == absent) continue;
    std::size_t at = slot.hash & mask;
    while (slots_[at].value != absent) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

std::optional<std::uint32_t> NameTable::insert(std::string_view name, std::uint32_t value,
                                               std::uint32_t scope) {
  assert(value != absent);
  if (used_ * 2 >= slots_.size()) grow();
  const std::uint64_t hash = hash_of(name, scope);
  Slot& slot = slots_[slot_of(name, scope, hash)];
  if (slot.value != absent) return slot.value;
  slot = {.hash = hash,
          .offset = static_cast<std::uint32_t>(text_.size()),
          .length = static_cast<std::uint32_t>(name.size()),
          .scope = scope,
          .value = value};
  text_.append(name);
  ++used_;
  longest_ = std::max(longest_, name.size());
  lengths_ |= length_bit(name.size());
  return std::nullopt;
}

NameTable::Prefix NameTable::longest_prefix(std::string_view path) const {
  std::size_t end = path.size();
  if (end > longest_) end = path.rfind('/', longest_);
  while (end != std::string_view::npos && !empty()) {
    const std::uint32_t value = find(path.substr(0, end));
    if (value != absent) return {end, value};
    if (end == 0) break;
    end = path.rfind('/', end - 1);
  }
  return {0, absent};
}

}  // namespace container
