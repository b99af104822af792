#include "server/websocket/frozen.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace server::websocket {

namespace {

bool may_be_sent(Opcode kind, std::string_view payload) {
  switch (kind) {
    case Opcode::text:
      return simdjson::validate_utf8(payload.data(), payload.size());
    case Opcode::binary:
      return true;
    case Opcode::ping:
    case Opcode::pong:
      return payload.size() <= kControlPayload;
    default:
      return false;
  }
}

}  // namespace

Frozen::Held Frozen::make(Opcode kind, std::string_view payload) {
  if (!may_be_sent(kind, payload)) return nullptr;
  char head[kServerHead];
  const std::size_t head_size = write_frame_head(head, true, false, kind, payload.size());
  const std::size_t size = head_size + payload.size();
  auto* frozen = new (::operator new(sizeof(Frozen) + size)) Frozen(kind, head_size, size);
  char* frame = reinterpret_cast<char*>(frozen + 1);
  std::memcpy(frame, head, head_size);
  if (!payload.empty()) std::memcpy(frame + head_size, payload.data(), payload.size());
  return Held(frozen);
}

void Frozen::release() const {
  if (counts_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  this->~Frozen();
  ::operator delete(const_cast<Frozen*>(this));
}

void Frozen::keep(std::string&& compressed) const {
  const bool shorter =
      compressed.size() > kServerHead && compressed.size() - kServerHead < payload().size();
  if (shorter) {
    char head[kServerHead];
    const std::size_t size =
        write_frame_head(head, true, true, kind_, compressed.size() - kServerHead);
    unused_ = static_cast<std::uint8_t>(kServerHead - size);
    std::memcpy(compressed.data() + unused_, head, size);
    // Frozen messages may wait in many queues: no spare room is worth its memory there.
    compressed.shrink_to_fit();
    compressed_ = std::move(compressed);
  }
  variant_.store(shorter ? Variant::made : Variant::none, std::memory_order_release);
}

}  // namespace server::websocket
