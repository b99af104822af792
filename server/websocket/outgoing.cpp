// A message that waits for its turn to leave, with what its sender wants to hear of it.
#include "server/websocket/outgoing.h"

#include <chrono>
#include <cstring>
#include <new>

#include "server/websocket/stream.h"

namespace server::websocket {

std::uint64_t steady_milliseconds() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

Outgoing* Outgoing::allocate(std::size_t extra) {
  return new (::operator new(sizeof(Outgoing) + extra)) Outgoing;
}

namespace {

void apply(Outgoing& message, const SendOptions& options, char* key) {
  if (options.time_to_live != 0) message.expires = steady_milliseconds() + options.time_to_live;
  message.key_size = static_cast<std::uint8_t>(options.key.size());
  if (!options.key.empty()) std::memcpy(key, options.key.data(), options.key.size());
  message.done = options.done;
}

}  // namespace

Outgoing* Outgoing::make(Opcode kind, std::string_view payload, const SendOptions& options) {
  Outgoing* made = allocate(options.key.size() + payload.size());
  apply(*made, options, made->bytes());
  made->kind = kind;
  made->size = static_cast<std::uint32_t>(payload.size());
  if (!payload.empty()) std::memcpy(made->bytes() + made->key_size, payload.data(), payload.size());
  return made;
}

Outgoing* Outgoing::make(Frozen& frozen, const SendOptions& options) {
  Outgoing* made = allocate(options.key.size());
  apply(*made, options, made->bytes());
  frozen.hold();
  made->frozen = &frozen;
  made->kind = frozen.kind();
  made->size = static_cast<std::uint32_t>(frozen.payload().size());
  return made;
}

Outgoing* Outgoing::make(Stream& stream) {
  Outgoing* made = allocate(0);
  stream.hold();
  made->stream = &stream;
  made->kind = stream.kind;
  return made;
}

std::size_t Outgoing::cost() const { return stream != nullptr ? stream->waiting.size() : size; }

void Outgoing::end() {
  if (frozen != nullptr) frozen->release();
  if (stream != nullptr) stream->release();
  this->~Outgoing();
  ::operator delete(this);
}

}  // namespace server::websocket
