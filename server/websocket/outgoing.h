// A message that waits for its turn to leave, with what its sender wants to hear of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "server/websocket/frame.h"
#include "server/websocket/frozen.h"
#include "server/websocket/session.h"

namespace server::websocket {

enum class Send : std::uint8_t {
  queued,  // or sent already
  full,    // refused whole; the peer's owner is told when there is room
  gone,    // the session has ended or is closing
  invalid  // could never be sent: text that is no UTF-8, a control frame above 125 bytes, 1 GiB
};

enum class Outcome : std::uint8_t { sent, dropped, expired, replaced, lost };

// Called once, in the sending call or on the session's loop; must not block.
struct Completion {
  void (*call)(void* argument, std::uint64_t session, Outcome outcome) = nullptr;
  void* argument = nullptr;

  void operator()(Session session, Outcome outcome) const {
    if (call != nullptr) call(argument, session.value(), outcome);
  }
};

struct SendOptions {
  std::uint32_t time_to_live = 0;  // ms until it must have begun to leave; 0: no limit
  std::string_view key = {};       // takes the place of a waiting message with the same one
  Completion done = {};
};

class Stream;

// One heap block with its key and payload behind it, or a count of what many sockets share, or of
// what is still being written.
struct Outgoing {
  static constexpr std::size_t kMaxKey = 64;
  static constexpr std::size_t kMaxSize = std::size_t{1} << 30;

  static Outgoing* make(Opcode kind, std::string_view payload, const SendOptions& options);
  static Outgoing* make(Frozen& frozen, const SendOptions& options);  // takes a count
  static Outgoing* make(Stream& stream);                              // takes a count
  void end();                                                         // frees it

  std::string_view key() const { return {bytes(), key_size}; }
  std::string_view payload() const {
    return frozen != nullptr ? frozen->payload() : std::string_view{bytes() + key_size, size};
  }
  std::size_t cost() const;  // what it counts against the limit of the queue

  Outgoing* next = nullptr;
  Frozen* frozen = nullptr;
  Stream* stream = nullptr;
  std::uint64_t expires = 0;  // ms of steady_clock; 0: never
  Completion done;
  std::uint32_t size = 0;
  Opcode kind = Opcode::text;
  std::uint8_t key_size = 0;
  Outcome outcome = Outcome::sent;

 private:
  Outgoing() = default;
  static Outgoing* allocate(std::size_t extra);
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
};

std::uint64_t steady_milliseconds();

}  // namespace server::websocket
