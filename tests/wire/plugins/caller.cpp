// A plugin that calls other servers: by an endpoint on a worker, which waits for their answer.
#include <margay/plugin.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

namespace {

// What came first: a message or a failure. One call at a time.
std::promise<std::string> answer;

struct Heard {
  void on_open(margay::Session session) { session.text("from a worker"); }
  void on_message(std::string_view text, margay::Session session) {
    answer.set_value(std::string(session.handshake().scheme()) + " " + std::string(text));
  }
};

class Caller : public margay::Endpoint {
 public:
  explicit Caller(const margay::Config& config) : config_(config) {}

  void service(margay::Request&, margay::Response& response) override {
    answer = {};
    auto heard = answer.get_future();
    const auto client = margay::WebSocketClient::connect<Heard>(
        config_, config_.require("url"),
        {.on_failure = [](const auto& failure) { answer.set_value(std::string(failure.reason)); },
         .tls = {.ca_file = std::string(config_.require("ca"))}});
    const bool in_time = heard.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
    response.write(in_time ? heard.get() : "no answer");
  }

 private:
  const margay::Config config_;
};

// Sends everybody elsewhere.
class Signpost : public margay::Endpoint {
 public:
  explicit Signpost(const margay::Config& config) : to_(config.require("to")) {}
  void service(margay::Request&, margay::Response& response) override { response.redirect(to_); }

 private:
  const std::string to_;
};

}  // namespace

MARGAY_PLUGIN("caller", "1.0", margay::endpoint<Caller>("caller"),
              margay::endpoint<Signpost>("signpost"))
