// HTTP/1.1 and 1.0 on a connection (RFC 9112): bytes to exchanges and answers back, in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "server/connection.h"
#include "server/http1/chunks.h"
#include "server/http1/head_scan.h"
#include "server/http1/request_parser.h"
#include "server/log.h"
#include "server/protocol.h"
#include "server/service.h"
#include "server/upgrade.h"

namespace server::http1 {

struct ResponseShape;

struct Options {
  HeadLimits head;
  ChunkLimits chunks;
  ParseRules rules;
  ExchangeLimits exchange;
  std::uint64_t connection_timeout = 20'000;  // ms for a whole request head
  std::uint64_t upload_timeout = 300'000;     // ms of silence in a body
  std::uint64_t keep_alive_timeout = 20'000;  // ms between requests
  std::uint64_t write_timeout = 60'000;       // ms without the peer taking a byte
  std::uint64_t min_upload_rate = 256;        // bytes/s of a body, over each body_window
  std::uint64_t max_swallow =
      2 * 1024 * 1024;  // of a body nobody reads; beyond, the connection closes
  std::int64_t max_keep_alive_requests = -1;
  std::uint32_t max_pipelined = 16;  // outstanding answers; beyond, input is paused
  bool continue_on_read = false;     // 100 (Continue) when a handler first reads, not at once
  bool use_sendfile = true;
  std::string server;  // Server field; empty: none
  Log log;             // of upgrades, at debug
};

class Http1 final : public Protocol, private Wire, private Task {
 public:
  Http1(Connection& connection, Service& service, const Options& options);
  ~Http1() override;

  void bytes(std::span<char> data) override;
  void end_of_input() override;
  void room() override;
  void timeout() override;
  void drain() override;
  void lost() override;

 private:
  // What the protocol keeps of one outstanding exchange; in the exchange's arena.
  struct Slot {
    explicit Slot(Exchange& its) : exchange(its) {}
    Exchange& exchange;
    Slot* next = nullptr;
    std::uint64_t body_left = 0;  // of a Content-Length that the application set and streams
    bool counted = false;         // body_left is meant
    bool keep_alive = true;
    bool http10 = false;
    bool owes_continue = false;
    bool unsafe = false;
    bool head_sent = false;
    bool chunked = false;
    bool bodiless = false;
  };
  enum class Incoming : std::uint8_t { none, length, chunked };

  void output(Exchange& exchange) override;
  void input_wanted(Exchange& exchange) override;
  bool has_room(const Exchange& exchange) const override;
  Address remote() override;
  Address local() override { return connection_.local(); }
  const tls::Channel* tls() const override { return connection_.tls(); }
  void run() override;

  bool proceed();
  std::size_t consume(std::string_view data);
  bool may_begin(std::string_view data) const;
  bool may_leave() const;
  bool begin(std::string_view& data);
  void open_exchange(std::string_view head, const HeadScan& scan);
  void refuse_head(std::string_view data, int status, const char* reason);
  void refuse(Slot& slot, int status, const char* reason);
  Slot& append_slot();
  void stop_input();
  void offer_continue(Slot& slot);
  bool body(std::string_view& data);
  bool deliver(std::string_view piece);
  void body_complete();
  void pump();
  bool pump_front();
  bool write_front_head(Slot& slot, const Exchange::Output& output);
  void write_head(const ResponseHead& head, const ResponseShape& shape);
  void write_switch(Slot& slot);
  void leave(std::span<char> rest);
  void write_body(Slot& slot, std::string_view bytes);
  void finish_front();
  void end_connection(bool unread);
  bool swallows_rest() const;
  std::uint64_t body_window() const;
  bool body_is_slow();

  Connection& connection_;
  Service& service_;
  const Options& options_;
  Slot* front_ = nullptr;
  Slot* back_ = nullptr;
  Slot* body_slot_ = nullptr;            // whose body is coming in; null while it is swallowed
  std::unique_ptr<std::string> stash_;   // input that could not be used yet
  std::unique_ptr<UpgradeToken> token_;  // the 101 is written; `leave` comes in this turn
  std::uint64_t incoming_left_ = 0;
  std::uint64_t received_ = 0;  // of this body, in this time window
  std::uint64_t silent_ = 0;    // ms of whole windows without a byte of the body
  std::uint64_t swallowed_ = 0;
  std::uint32_t progress_ = 0;
  ChunkReader chunks_;
  std::uint32_t requests_ = 0;
  std::uint32_t outstanding_ = 0;
  Incoming incoming_ = Incoming::none;
  Address remote_;  // asked for once
  bool knows_remote_ = false;
  bool consuming_ = false;
  bool pumping_ = false;
  bool no_more_ = false;  // no further request is taken
  bool draining_ = false;
  bool head_started_ = false;
  bool more_input_ = false;  // bytes lie behind the request being served
  bool stalled_ = false;     // the body waits for its reader
};

}  // namespace server::http1
