// The streams of an HTTP/2 connection that were closed last, RFC 9113 section 5.1: what may still
// come for one depends on who closed it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace server::http2 {

class ClosedStreams {
 public:
  enum class Was : std::uint8_t {
    never_open,
    closed_by_client,  // it sent END_STREAM or RST_STREAM, and may send no more
    reset,             // by us: what was on its way is ignored
    forgotten,
  };

  void add(std::int32_t id, bool by_client) {
    if (count_ >= kKept && recent_[count_ % kKept].id > forgotten_)
      forgotten_ = recent_[count_ % kKept].id;
    recent_[count_++ % kKept] = {id, by_client};
  }

  // Of a stream that is not open although its number is not above those used so far.
  Was was(std::int32_t id) const {
    for (const Closed& one : recent_)
      if (one.id == id) return one.by_client ? Was::closed_by_client : Was::reset;
    return id <= forgotten_ ? Was::forgotten : Was::never_open;
  }

 private:
  static constexpr std::size_t kKept = 32;
  struct Closed {
    std::int32_t id = 0;
    bool by_client = false;
  };
  std::array<Closed, kKept> recent_{};
  std::size_t count_ = 0;
  std::int32_t forgotten_ = 0;  // the highest that made room for another
};

}  // namespace server::http2
