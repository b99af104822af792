// A server of some loops on which every offer opens a WebSocket: for tests without a container.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "server/connector.h"
#include "server/websocket/hub.h"
#include "server/websocket/local_bus.h"
#include "tests/support/small_server.h"

namespace tests {

using server::websocket::Heard;
using server::websocket::Hub;
using server::websocket::Limits;
using server::websocket::Opcode;
using server::websocket::Options;
using server::websocket::ReaderLimits;
using server::websocket::Session;

// What sockets tell, to be awaited by the test: "open", "text hello", "drained", "failed why",
// "closed 1000 bye".
class Diary {
 public:
  void add(std::string line) {
    {
      const std::scoped_lock lock(mutex_);
      lines_.push_back(std::move(line));
    }
    more_.notify_all();
  }
  // The next line behind those that were taken; "nothing" after 20 s.
  std::string next() {
    std::unique_lock lock(mutex_);
    if (!more_.wait_for(lock, std::chrono::seconds(20), [&] { return taken_ < lines_.size(); }))
      return "nothing";
    return lines_[taken_++];
  }
  // Whether as many lines as that come.
  bool await(std::size_t count) {
    std::unique_lock lock(mutex_);
    return more_.wait_for(lock, std::chrono::seconds(60), [&] { return lines_.size() >= count; });
  }
  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return lines_.size();
  }

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable more_;
  std::vector<std::string> lines_;
  std::size_t taken_ = 0;
};

class SocketServer {
 public:
  explicit SocketServer(const Options& its = {}, std::size_t loops = 1,
                        server::ConnectorOptions connector = {})
      : options(its), limits_(options) {
    reader_limits_ = {options.max_text, options.max_binary, options.max_frame, false, false};
    std::vector<server::Loop*> all;
    for (std::size_t i = 0; i < loops; ++i) {
      loops_.push_back(std::make_unique<server::Loop>(i));
      all.push_back(loops_.back().get());
      all.back()->start();
    }
    hub_ = std::make_unique<Hub>(all, bus_);
    service.answer = [this](server::Exchange& exchange) { agree(exchange); };
    connector.address = "127.0.0.1";
    connector.port = 0;
    connector_ = std::make_unique<server::Connector>(std::move(connector), all, service);
  }
  ~SocketServer() {
    connector_->close();
    connector_.reset();
    hub_.reset();
    CHECK(peers == 0);
    CHECK(companions == 0);
  }

  SmallService service;  // `agree`s to every request unless told otherwise, before listen()
  void agree(server::Exchange& exchange) {
    exchange.response().status = 101;
    exchange.response().set(exchange.arena(), "Upgrade", "websocket");
    exchange.response().set(exchange.arena(), "Connection", "Upgrade");
    exchange.upgrade(std::make_unique<Token>(*this));
  }

  void listen() { connector_->listen(); }
  std::uint16_t port() const { return connector_->port(); }
  Hub& hub() { return *hub_; }
  server::Connector& connector() { return *connector_; }
  server::Loop& loop(std::size_t which) { return *loops_[which]; }

  // On the socket's loop; set before listen().
  std::function<void(Session)> on_open;
  std::function<bool(Session, Opcode, std::string_view)> on_message;  // else: echoes
  std::function<void(Session)> on_drained;
  std::function<void(Session, std::uint16_t)> on_closed;

  const Options options;
  Diary diary;
  std::atomic<int> peers{0}, companions{0};  // alive

 private:
  struct Companion final : server::websocket::Counted {
    explicit Companion(std::atomic<int>& its) : alive(its) { ++alive; }
    ~Companion() override { --alive; }
    std::string_view scope() const override { return "app"; }
    std::atomic<int>& alive;
  };

  class Peer final : public server::websocket::Peer {
   public:
    explicit Peer(SocketServer& server) : server_(server) { ++server_.peers; }
    ~Peer() { --server_.peers; }
    bool opened(Session session, void*) override {
      session_ = session;
      server_.diary.add("open");
      if (server_.on_open) server_.on_open(session);
      return true;
    }
    Heard message(Session, void*, Opcode kind, std::string_view bytes, bool) override {
      if (server_.on_message)
        return server_.on_message(session_, kind, bytes) ? Heard::go_on : Heard::hold;
      server_.hub().send(session_, kind, bytes);
      return Heard::go_on;
    }
    Heard pong(Session, void*, std::string_view payload) override {
      server_.diary.add("pong " + std::string(payload));
      return Heard::go_on;
    }
    void drained(Session, void*) override {
      server_.diary.add("drained");
      if (server_.on_drained) server_.on_drained(session_);
    }
    void failed(Session, void*, std::string_view what) override {
      server_.diary.add("failed " + std::string(what));
    }
    void closed(Session, void*, std::uint16_t code, std::string_view reason) override {
      if (server_.on_closed) server_.on_closed(session_, code);
      SocketServer& server = server_;
      std::string line = "closed " + std::to_string(code) + (reason.empty() ? "" : " ");
      line += reason;
      delete this;
      server.diary.add(std::move(line));
    }

   private:
    SocketServer& server_;
    Session session_;
  };

  class Token final : public server::UpgradeToken {
   public:
    explicit Token(SocketServer& server) : server_(server) {}
    std::unique_ptr<server::Protocol> install(server::Connection& connection) override {
      auto socket = server_.hub()
                        .on(connection.loop())
                        .open(connection, {.peer = new Peer(server_),
                                           .options = &server_.options,
                                           .limits = &server_.limits_,
                                           .reader_limits = &server_.reader_limits_,
                                           .group = &server_,
                                           .companion = new Companion(server_.companions),
                                           .takes_pong = true});
      REQUIRE(socket != nullptr);
      socket->start();
      return socket;
    }
    const char* protocol_name() const override { return "websocket"; }

   private:
    SocketServer& server_;
  };

  const Limits limits_;
  ReaderLimits reader_limits_{};
  server::websocket::LocalBus bus_;
  std::vector<std::unique_ptr<server::Loop>> loops_;
  std::unique_ptr<Hub> hub_;
  std::unique_ptr<server::Connector> connector_;
};

// Options without pings, so that nothing is sent that a test did not ask for.
inline Options quiet() {
  Options options;
  options.ping_interval = 0;
  return options;
}

// Sends numbered messages of `bytes` until neither the queue nor what carries the socket takes
// more for a while; how many they took.
inline int fill(SocketServer& server, Session session, std::size_t bytes = 60'000) {
  int count = 0;
  for (std::string payload(bytes, 'f');;) {
    payload.replace(0, 8, std::to_string(10'000'000 + count));
    const auto sent = server.hub().send(session, Opcode::text, payload);
    if (sent == server::websocket::Send::queued) {
      ++count;
    } else if (sent != server::websocket::Send::full ||
               !server.hub().wait(session, payload.size(), std::chrono::milliseconds(300))) {
      return count;
    }
  }
}

}  // namespace tests
