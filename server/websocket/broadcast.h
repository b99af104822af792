// A publication on its way through the loops of this process.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "server/websocket/frozen.h"
#include "server/websocket/session.h"

namespace server::websocket {

// How many sockets have it, or will get it, and how many had no room.
struct Delivery {
  std::uint32_t queued = 0;
  std::uint32_t refused = 0;
};

struct PublishOptions {
  std::uint32_t time_to_live = 0;  // as SendOptions
  std::string_view key = {};
  Session except = {};  // gets none
  // Once, when every loop has delivered; on one of them, must not block.
  void (*done)(void* argument, const Delivery& delivery) = nullptr;
  void* argument = nullptr;
};

// One heap object for all loops; the last of them ends it.
class Broadcast {
 public:
  struct Node {
    Broadcast* broadcast = nullptr;
    Node* next = nullptr;
  };

  Broadcast(Frozen& message, std::string_view scope, std::string_view topic,
            const PublishOptions& options, std::size_t loops, std::atomic<std::size_t>& waiting);
  Broadcast(const Broadcast&) = delete;
  Broadcast& operator=(const Broadcast&) = delete;

  Node& node(std::size_t loop) { return nodes_[loop]; }
  Frozen& message() const { return message_; }
  std::string_view scope() const { return {text_.data(), scope_}; }
  std::string_view topic() const { return {text_.data() + scope_, topic_}; }
  std::string_view key() const { return std::string_view(text_).substr(scope_ + topic_); }
  std::uint32_t time_left() const;  // ms, at least 1; 0: no limit
  // What it counts against the hub's limit while it waits for loops.
  static std::size_t cost(const Frozen& message) { return message.frame().size() + 256; }
  Session except() const { return except_; }
  bool same_topic(const Broadcast& other) const {
    return scope() == other.scope() && topic() == other.topic();
  }

  // One loop has delivered; may be the end of this object.
  void delivered(Delivery by_loop);

 private:
  ~Broadcast();

  Frozen& message_;
  const std::string text_;  // scope, topic, key
  const std::size_t scope_, topic_;
  const std::uint64_t expires_;
  const Session except_;
  void (*const done_)(void*, const Delivery&);
  void* const argument_;
  std::atomic<std::size_t>& waiting_;  // bytes that wait for loops, of the hub
  std::atomic<std::size_t> left_;
  std::atomic<std::uint32_t> queued_{0}, refused_{0};
  std::unique_ptr<Node[]> nodes_;
};

}  // namespace server::websocket
