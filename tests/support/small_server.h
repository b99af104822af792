// A server of one loop with a service made of a function: for tests of server/ without a container.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/connector.h"
#include "server/exchange.h"
#include "server/workers.h"

namespace tests {

// Runs `answer` for each request, on a worker when asked to.
class SmallService final : public server::Service {
 public:
  using Answer = std::function<void(server::Exchange&)>;

  std::function<void(server::Exchange&)> answer;
  std::function<void(server::Exchange&, server::Event)> on_event;
  server::Workers* workers = nullptr;
  server::Body body = server::Body::buffered;
  std::size_t body_limit = 1024 * 1024;
  std::atomic<int> finished_count{0};
  std::atomic<int> aborted_count{0};

  std::vector<std::string> methods;  // of all requests, in order; added by the loops

  void handle(server::Exchange& exchange) override {
    note(exchange);
    auto* call = exchange.arena().make<Call>(*this);
    exchange.start(*call, workers, body, body_limit);
  }
  void refuse(server::Exchange& exchange, int status, std::string_view reason) override {
    if (exchange.local == nullptr) note(exchange);
    exchange.response().status = status;
    exchange.response().set(exchange.arena(), "content-type", "text/plain");
    exchange.body().append(reason);
    exchange.hand_over(true);
  }
  void finished(server::Exchange& exchange) override {
    if (exchange.aborted()) aborted_count.fetch_add(1);
    finished_count.fetch_add(1);
  }

 private:
  void note(server::Exchange& exchange) {
    const std::scoped_lock lock(noting_);
    exchange.local = this;
    methods.emplace_back(exchange.request.method);
  }

  struct Call final : server::Handler {
    explicit Call(SmallService& its) : service(its) {}
    void serve(server::Exchange& exchange) override {
      service.answer(exchange);
      if (!exchange.ended() && !exchange.suspended()) exchange.hand_over(true);
    }
    void resumed(server::Exchange& exchange, void (*run)(), void* argument, bool gone) override {
      reinterpret_cast<void (*)(void*, server::Exchange*)>(run)(argument,
                                                                gone ? nullptr : &exchange);
    }
    void event(server::Exchange& exchange, server::Event event) override {
      if (service.on_event) service.on_event(exchange, event);
    }
    void abandoned(server::Exchange& exchange) override {
      exchange.response().status = 500;
      exchange.hand_over(true);
    }
    const char* title() const override { return "test"; }
    SmallService& service;
  };

  std::mutex noting_;  // of methods, where there are several loops
};

class SmallServer {
 public:
  explicit SmallServer(server::http1::Options http1 = {}, server::ConnectorOptions options = {})
      : loop_(0) {
    options.http1 = std::move(http1);
    if (options.unix_domain_socket.empty()) options.address = "127.0.0.1";
    options.port = 0;
    loop_.start();
    connector_ =
        std::make_unique<server::Connector>(options, std::vector<server::Loop*>{&loop_}, service);
  }
  ~SmallServer() {
    connector_->close();
    connector_.reset();
  }

  SmallService service;
  void listen() { connector_->listen(); }
  std::uint16_t port() const { return connector_->port(); }
  server::Connector& connector() { return *connector_; }
  server::Loop& loop() { return loop_; }

 private:
  server::Loop loop_;
  std::unique_ptr<server::Connector> connector_;
};

}  // namespace tests
