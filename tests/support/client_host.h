// What a plugin that makes WebSocket clients stands in, and a type that logs what happens to it.
#pragma once

#include <margay/plugin.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "container/instance.h"
#include "container/websockets.h"
#include "tests/support/running_server.h"

namespace tests {

// Logs what happens to it; says hello, and "bye" is answered with a close.
template <margay::Dispatch where>
class Recorder : public margay::WebSocket {
 public:
  static constexpr auto dispatch = where;
  static constexpr std::string_view subprotocols = "v2, v1";
  explicit Recorder(const margay::Config& config) : log_(config.logger()) {}
  ~Recorder() override { log_.info("peer gone"); }

  void open(margay::Session session) override {
    session.text("hello");  // before who waits for the line below may end the client
    log_.info("open '" + std::string(session.handshake().subprotocol()) + "' '" +
              std::string(session.handshake().extensions()) + "'");
  }
  void message(margay::Session session, std::string_view text) override {
    log_.info("heard " + std::string(text.substr(0, 40)) + " " + std::to_string(text.size()));
    if (text == "bye") session.close(1000, "enough");
  }
  void error(margay::Session, const std::exception& error) override {
    log_.info("error " + std::string(error.what()));
  }
  void close(margay::Session, margay::CloseReason why) override {
    log_.info("closed " + std::to_string(why.code) + " " + std::string(why.reason));
  }

 private:
  const margay::Logger log_;
};
using OnLoop = Recorder<margay::Dispatch::loop>;
using OnWorker = Recorder<margay::Dispatch::worker>;

// Loops, and the Config of an instance.
class ClientHost {
 public:
  ClientHost() {
    for (std::size_t i = 0; i < 2; ++i) {
      loops_.push_back(std::make_unique<server::Loop>(i));
      loops_.back()->start();
    }
    sockets_ = std::make_unique<container::WebSockets>(
        std::vector<server::Loop*>{loops_[0].get(), loops_[1].get()});
    source_.abi.size = sizeof source_.abi;
    source_.abi.name = {"caller", 6};
    source_.log = logs_.log("test");
    source_.interfaces.websockets = &sockets_->table();
    source_.scope = "localhost";
  }
  ~ClientHost() {
    container::end_clients_of(source_);
    sockets_.reset();
  }
  ClientHost(const ClientHost&) = delete;
  ClientHost& operator=(const ClientHost&) = delete;

  margay::Config config() const { return {container::host_functions(), source_.abi}; }
  template <class T = OnLoop>
  margay::WebSocketClient connect(const std::string& url, margay::ClientOptions options = {}) {
    if (!options.on_failure)
      options.on_failure = [log = config().logger()](const margay::ConnectFailure& failure) {
        log.info("failed " + std::to_string(failure.status) + " " + std::string(failure.reason));
      };
    return margay::WebSocketClient::connect<T>(config(), url, std::move(options));
  }
  template <class Work>
  void on_each_loop(Work&& work) {
    for (const auto& loop : loops_) loop->call(work);
  }

  tests::AwaitedLog log;

 private:
  server::Logs logs_{log};
  std::vector<std::unique_ptr<server::Loop>> loops_;
  std::unique_ptr<container::WebSockets> sockets_;
  container::BridgedConfig source_;
};

inline constexpr margay::ClientOptions::Reconnect kSoon{std::chrono::milliseconds(1),
                                                        std::chrono::milliseconds(5)};

}  // namespace tests
