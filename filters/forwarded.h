// What proxies say of those before them: `Forwarded` (RFC 7239) and the lists of X-Forwarded-For.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace filters {

// One proxy's word of whoever came to it. Views into the field; quotes are gone, empty: not said.
struct Hop {
  std::string_view node;  // address with or without port, "unknown", or an obfuscated "_name"
  std::string_view proto, host;
};

// The last `kMost` hops of all fields, in order; those before are forgotten.
class Hops {
 public:
  static constexpr std::size_t kMost = 32;
  // Another field in the order of the head. False: the field is malformed, and so is the whole.
  bool add_forwarded(std::string_view field);
  void add_list(std::string_view field);

  std::size_t size() const { return count_ < kMost ? count_ : kMost; }
  // 0 is the nearest: what the last proxy said.
  const Hop& from_last(std::size_t index) const { return hops_[(count_ - 1 - index) % kMost]; }

 private:
  void add(const Hop& hop) { hops_[count_++ % kMost] = hop; }
  std::array<Hop, kMost> hops_;
  std::size_t count_ = 0;
};

// "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80", "[2001:db8::1]" and "2001:db8::1" without port
// and brackets.
std::string_view address_of(std::string_view node);

}  // namespace filters
