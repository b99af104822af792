// What carries publications from one node to the others: between a hub here and the hubs elsewhere.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/websocket/frozen.h"

namespace server::websocket {

// A process with a hub; random, chosen at its start.
using Node = std::uint64_t;

// A message to a topic, reduced to what means the same on every node. It is good during the call
// that has it: who keeps it copies the text and holds the message.
struct Publication {
  std::string_view scope;          // of the topic: the application
  std::string_view topic;          // well-formed
  Frozen& message;                 // text or binary; what travels is its kind and payload
  std::uint32_t time_to_live = 0;  // ms it may still wait for a socket when it arrives; 0: no limit
  std::string_view key = {};       // takes the place of a waiting message with the same one
  Node origin = 0;                 // where it was published
};

// A hub, seen from the bus.
class Sink {
 public:
  virtual Node node() const = 0;
  // On any thread, several at once; must not block. To all local subscribers, refused here where
  // they have no room: the origin does not hear of it.
  virtual void deliver(const Publication& publication) = 0;

 protected:
  ~Sink() = default;
};

// A hub gives its own subscribers what is published at its node, and the bus brings it to all other
// nodes, at most once each: a node that is away misses it. What one thread publishes arrives in its
// order; between threads and nodes there is none.
class Bus {
 public:
  virtual ~Bus() = default;

  // Any thread, several at once; does not block. False: too much waits to leave, and no node gets
  // it. What a bus keeps for later has a limit in bytes.
  virtual bool publish(const Publication& publication) = 0;

  // Control thread. A sink is attached before its node publishes. When `detach` returns, nothing is
  // delivered to it and nothing will be.
  virtual void attach(Sink& sink) = 0;
  virtual void detach(Sink& sink) = 0;
};

}  // namespace server::websocket
