// Sleeps on a worker, as an endpoint that waits for a database does: other requests do not notice.
#include <margay/plugin.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

class Blocking : public margay::Endpoint {
 public:
  void service(margay::Request& request, margay::Response& response) override {
    const std::string text = request.parameter("ms", "100");
    int millis = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), millis);
    if (error != std::errc{} || end != text.data() + text.size() || millis < 0 || millis > 10'000) {
      response.send_error(400, "ms must be a number from 0 to 10000");
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(millis));
    response.type("text/plain").write("slept for " + std::to_string(millis) + " ms\n");
  }
};

MARGAY_PLUGIN("blocking", "1.0", margay::endpoint<Blocking>("blocking"))
