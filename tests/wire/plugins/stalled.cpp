// Holds what it runs on until somebody writes to the FIFO that the query or message names.
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include <margay/plugin.h>

namespace {

void wait_for(const std::string& fifo) {
  const int descriptor = ::open(fifo.c_str(), O_RDONLY | O_CLOEXEC);
  char byte = 0;
  if (descriptor < 0 || ::read(descriptor, &byte, 1) != 1) throw std::runtime_error("no FIFO");
  ::close(descriptor);
}

template <margay::Dispatch Where>
class Stalled : public margay::Endpoint {
 public:
  static constexpr auto dispatch = Where;
  void service(margay::Request& request, margay::Response& response) override {
    wait_for(request.parameter("fifo"));
    response.write("went on");
  }
};

template <margay::Dispatch Where>
class StalledSocket : public margay::WebSocket {
 public:
  static constexpr auto dispatch = Where;
  void message(margay::Session session, std::string_view fifo) override {
    wait_for(std::string(fifo));
    session.text("went on");
  }
};

}  // namespace

MARGAY_PLUGIN("stalled", "1.0", margay::endpoint<Stalled<margay::Dispatch::worker>>("on-worker"),
              margay::endpoint<Stalled<margay::Dispatch::loop>>("on-loop"),
              margay::websocket<StalledSocket<margay::Dispatch::worker>>("on-worker"),
              margay::websocket<StalledSocket<margay::Dispatch::loop>>("on-loop"))
