// The seam upwards: what the server asks of whoever answers requests (Tomcat's Adapter).
#pragma once

#include <string_view>

namespace server {

class Exchange;

// Called on the exchange's loop. Implemented by the container.
class Service {
 public:
  // The request head is complete. Sooner or later the exchange must be finished.
  virtual void handle(Exchange& exchange) = 0;

  // The request is not acceptable; as much of its head as could be read is there. Must answer with
  // `status` at once; the connection closes behind it. `reason` is a safe sentence for the client.
  virtual void refuse(Exchange& exchange, int status, std::string_view reason) = 0;

  // The answer is out or lost and no handler has the exchange any more: the last word about it.
  virtual void finished(Exchange& exchange) = 0;

 protected:
  ~Service() = default;
};

}  // namespace server
