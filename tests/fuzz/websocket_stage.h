// The endpoint of a fuzzed WebSocket: how it is configured, what its callbacks do, and what must be
// true of its socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/websocket/close_code.h"
#include "server/websocket/hub.h"
#include "server/websocket/local_bus.h"
#include "server/websocket/websocket.h"
#include "tests/support/frame_witness.h"
#include "tests/support/fuzz_input.h"

namespace tests {

using namespace server::websocket;

// Never ended: a hub waits for its loop's thread, and here there is none.
struct World {
  server::Loop loop{0};
  LocalBus bus;
  Hub hub{{&loop}, bus};
  const std::string farewell = "bye " + std::to_string(std::random_device{}());  // nobody else's
};

inline World& world() {
  static World& its = *new World;
  return its;
}

// A plain one must give the same however the bytes of the peer are cut.
struct Setup {
  explicit Setup(Input& input) {
    const unsigned a = input.byte(), b = input.byte(), c = input.byte();
    ways = input.byte();
    ways |= input.byte() << 8U;
    plain = (c & 0x80U) != 0;
    role = (a & 0x80U) != 0 ? Role::client : Role::server;
    if ((a & 2U) != 0) agree_on_deflate(a, b);
    takes_text = (b & 64U) == 0;
    takes_binary = (b & 128U) == 0;
    takes_pong = (a & 64U) != 0;
    constexpr std::size_t kLongest[] = {65'536, 16, 125, 1000};
    options.max_text = options.max_binary = options.max_frame = kLongest[b >> 4U & 3U];
    options.compress_from = (c & 8U) != 0 ? 0 : 1024;
    options.ping_interval = 0;
    options.drain_timeout = 0;  // else a moment is chosen by chance
    if (plain) return;
    text_in_parts = (a & 16U) != 0;
    binary_in_parts = (a & 32U) != 0;
    may_leave = (c & 16U) == 0;
    opens = (c & 0x70U) != 0x70U;
    options.overflow = static_cast<Overflow>(b & 3U);
    constexpr std::size_t kQueues[] = {1024 * 1024, 64, 1000, 20'000};
    options.queue_bytes = kQueues[b >> 2U & 3U];
    hurry(c & 7U);
  }

  FrameWitness::Rules written() const {
    const bool server = role == Role::server;
    if (!deflate) return {.masked = !server};
    return {
        .masked = !server,
        .inflate_bits = server ? deflate->server_max_window_bits : deflate->client_max_window_bits,
        .keeps_context =
            !(server ? deflate->server_no_context_takeover : deflate->client_no_context_takeover)};
  }
  // Whether all that was sent comes, in its order, up to some point.
  bool is_strict() const { return options.overflow == Overflow::refuse; }

  Options options;
  std::optional<DeflateTerms> deflate;
  Role role = Role::server;
  unsigned ways = 0;  // four of `Stage::act`, for callbacks in turn
  bool plain = false, opens = true, may_leave = true;
  bool text_in_parts = false, binary_in_parts = false;
  bool takes_text = true, takes_binary = true, takes_pong = false;

 private:
  // The pool needs peers that begin each message anew.
  void agree_on_deflate(unsigned a, unsigned b) {
    const bool pooled = (a & 1U) != 0;
    options.deflate.mode = pooled ? DeflatePolicy::Mode::pooled : DeflatePolicy::Mode::dedicated;
    options.deflate.mem_level = 1;
    deflate = DeflateTerms{.server_no_context_takeover = pooled || (a & 4U) != 0,
                           .client_no_context_takeover = pooled || (a & 8U) != 0,
                           .server_max_window_bits = static_cast<std::uint8_t>(9 + b % 7),
                           .client_max_window_bits = static_cast<std::uint8_t>(9 + b / 7 % 7)};
  }
  // Some times pass within the script.
  void hurry(unsigned which) {
    if (which == 1 || which == 2) options.ping_interval = 1;
    if (which == 2) options.pong_timeout = 1;
    if (which == 3) options.idle_timeout = 1;
    if (which == 4) options.open_timeout = 1;
    if (which == 5) options.send_timeout = 1;
    if (which == 6) options.close_timeout = 0;
    if (which == 7) options.close_timeout = 1;
  }
};

class Stage final : public Peer {
 public:
  explicit Stage(const Setup& setup)
      : setup_(setup),
        limits_(setup.options),
        reader_limits_{setup.options.max_text, setup.options.max_binary, setup.options.max_frame,
                       setup.text_in_parts, setup.binary_in_parts} {}

  std::unique_ptr<server::Protocol> install(server::Connection& connection) {
    auto socket = hub()
                      .on(connection.loop())
                      .open(connection, {.peer = this,
                                         .object = this,
                                         .options = &setup_.options,
                                         .limits = &limits_,
                                         .reader_limits = &reader_limits_,
                                         .group = this,
                                         .companion = new Companion(companions_),
                                         .deflate = setup_.deflate,
                                         .role = setup_.role,
                                         .takes_text = setup_.takes_text,
                                         .takes_binary = setup_.takes_binary,
                                         .takes_pong = setup_.takes_pong});
    require(socket != nullptr);
    session_ = socket->session();
    socket->start();
    return socket;
  }

  Session session() const { return session_; }
  unsigned closed_code() const { return closed_code_; }
  void calm() { calm_ = true; }  // callbacks do nothing any more

  // What an application may do. Of a callback: what it says of its message.
  Heard act(unsigned way, Opcode kind, std::string_view text) {
    switch (way) {
      case 0:
        note(hub().send(session_, kind, text), kind, text);
        break;
      case 1:
        if (const auto frozen = Frozen::make(kind, text); frozen != nullptr)
          note(hub().send(session_, *frozen), kind, text);
        break;
      case 2:
        write_stream(kind, text);
        break;
      case 3:
      case 4:
        end_stream(way == 3);
        break;
      case 5:
        say_farewell();
        break;
      case 6:
        return Heard::failed;
      case 7:
        return Heard::hold;
      case 8:
      case 9:
        hub().suspend_reading(session_);
        if (way == 9) hub().resume_reading(session_);
        break;
      case 10:
        hub().send(session_, Opcode::ping, text);
        break;
      case 11:
        for (int i = 0; i < 3; ++i)
          send_awaited(Opcode::binary, std::string(20'000 + 1000 * (text.size() % 64), 'b'));
        break;
      case 12:
        hub().set_limit(session_, Limit::max_text, text.size());
        hub().set_limit(session_, Limit::queue_bytes, 64 * text.size());
        break;
      case 13:
        send_awaited(kind, text);
        break;
      case 14:
        if (!setup_.is_strict()) send_loosely(kind, text);
        break;
      default:
        break;
    }
    return Heard::go_on;
  }
  void end_stream(bool complete) {
    if (stream_ == nullptr) return;
    const Send result = hub().finish(*std::exchange(stream_, nullptr), complete);
    sent_[streamed_].state =
        complete && result == Send::queued ? Sent::State::whole : Sent::State::given_up;
  }

  // Behind the end. `orderly`: the peer heard all that it could.
  void check(const FrameWitness& heard, bool orderly) const {
    require(companions_ == 0 && awaited_ == 0 && stream_ == nullptr);
    require(opened_count_ == 1 && closed_count_ == 1);
    require(!heard.closed || heard.close_code == closed_code_);
    if (setup_.is_strict()) {
      check_order(heard);
    } else {
      check_origin(heard);
    }
    if (!orderly) return;
    require(!heard.is_partial && heard.closed == (closed_code_ != close::abnormal));
    if (setup_.is_strict() && heard.close_reason == world().farewell) {
      std::size_t whole = 0;
      for (std::size_t i = 0; i < before_farewell_; ++i)
        whole += sent_[i].state == Sent::State::whole ? 1 : 0;
      require(heard.messages.size() == whole);
    }
  }

 private:
  struct Sent {
    enum class State { open, whole, given_up };
    bool text;
    std::string payload;
    State state = State::whole;
    bool is(const FrameWitness::Message& message) const {
      return state == State::whole && text == message.text && payload == message.payload;
    }
  };
  struct Companion final : Counted {
    explicit Companion(int& its) : alive(its) { ++alive; }
    ~Companion() override { --alive; }
    std::string_view scope() const override { return "app"; }
    int& alive;
  };
  // Callbacks never come within each other, nor outside of the socket's life.
  struct Callback {
    Callback(Stage& its, Session session, const void* object) : stage(its) {
      require(!std::exchange(stage.calling_, true));
      require(object == &stage && stage.closed_count_ == 0 && session != Session());
      require(stage.opened_count_ == 0 || session == stage.session_);
    }
    ~Callback() { stage.calling_ = false; }
    Stage& stage;
  };

  bool opened(Session session, void* object) override {
    const Callback callback(*this, session, object);
    require(++opened_count_ == 1);
    answer(Opcode::text, "hello");
    return setup_.opens;
  }
  Heard message(Session session, void* object, Opcode kind, std::string_view bytes,
                bool last) override {
    const Callback callback(*this, session, object);
    require(opened_count_ == 1);
    require(kind == Opcode::text ? setup_.takes_text
                                 : kind == Opcode::binary && setup_.takes_binary);
    require(kind != Opcode::text || is_well_formed_utf8(bytes));
    require(last || (kind == Opcode::text ? setup_.text_in_parts : setup_.binary_in_parts));
    return answer(kind, bytes);
  }
  Heard pong(Session session, void* object, std::string_view payload) override {
    const Callback callback(*this, session, object);
    require(opened_count_ == 1 && setup_.takes_pong && payload.size() <= kControlPayload);
    return answer(Opcode::binary, payload);
  }
  void drained(Session session, void* object) override {
    const Callback callback(*this, session, object);
    require(opened_count_ == 1);
    answer(Opcode::text, "drained");
  }
  bool leaving(Session session, void* object, std::uint16_t code, std::string_view) override {
    const Callback callback(*this, session, object);
    require(opened_count_ == 1 && is_close_code(code));
    return setup_.may_leave;
  }
  void failed(Session session, void* object, std::string_view what) override {
    const Callback callback(*this, session, object);
    require(opened_count_ == 1 && ++failed_count_ == 1 && !what.empty());
    answer(Opcode::text, "failed");
  }
  void closed(Session session, void* object, std::uint16_t code, std::string_view) override {
    const Callback callback(*this, session, object);
    ++closed_count_;
    closed_code_ = code;
    require(code == close::no_code || code == close::abnormal || is_close_code(code));
    require(hub().send(session_, Opcode::text, "late") == Send::gone);
  }

  static Hub& hub() { return world().hub; }
  // What depends on where reads end is no answer of a plain setup.
  Heard answer(Opcode kind, std::string_view text) {
    constexpr unsigned kPlain = 0b1010'0010'0000'1111;
    const unsigned way = setup_.ways >> (answers_++ % 4 * 4) & 15U;
    if (calm_ || (setup_.plain && (kPlain >> way & 1U) == 0)) return Heard::go_on;
    return act(way, kind, text);
  }
  void note(Send result, Opcode kind, std::string_view text) {
    require(closed_count_ == 0 || result == Send::gone);
    if (result != Send::queued) return;
    require(kind != Opcode::text || is_well_formed_utf8(text));
    sent_.push_back({kind == Opcode::text, std::string(text)});
  }
  void send_awaited(Opcode kind, std::string_view text) {
    ++awaited_;
    const Completion done{[](void* self, std::uint64_t, Outcome) {
                            require(--static_cast<Stage*>(self)->awaited_ >= 0);
                          },
                          this};
    const Send result = hub().send(session_, kind, text, {.done = done});
    if (result != Send::queued) --awaited_;
    note(result, kind, text);
  }
  void write_stream(Opcode kind, std::string_view text) {
    if (stream_ == nullptr) {
      if (hub().begin(session_, kind, stream_) != Send::queued) return;
      streamed_ = sent_.size();
      sent_.push_back({kind == Opcode::text, "", Sent::State::open});
    }
    if (hub().write(*stream_, text) == Send::queued) sent_[streamed_].payload += text;
  }
  void say_farewell() {
    if (hub().close(session_, 4321, world().farewell)) before_farewell_ = sent_.size();
  }
  // That may not come, or elsewhere in the order.
  void send_loosely(Opcode kind, std::string_view text) {
    const SendOptions options{.time_to_live = text.size() % 2 == 0 ? 1U : 0U,
                              .key = text.substr(0, text.size() % 3)};
    if (text.size() % 5 != 0) return note(hub().send(session_, kind, text, options), kind, text);
    hub().subscribe(session_, "room/*");
    const auto frozen = Frozen::make(kind, text);
    if (frozen != nullptr && hub().publish("app", "room/a", *frozen, {}) == Send::queued)
      sent_.push_back({kind == Opcode::text, std::string(text)});
  }

  void check_order(const FrameWitness& heard) const {
    std::size_t at = 0;
    for (const FrameWitness::Message& message : heard.messages) {
      while (at < sent_.size() && sent_[at].state == Sent::State::given_up) ++at;
      require(at < sent_.size() && sent_[at++].is(message));
    }
  }
  void check_origin(const FrameWitness& heard) const {
    std::vector<Sent> left = sent_;
    for (const FrameWitness::Message& message : heard.messages) {
      std::size_t at = 0;
      while (at < left.size() && !left[at].is(message)) ++at;
      require(at < left.size());
      left[at].state = Sent::State::given_up;
    }
  }

  const Setup& setup_;
  const Limits limits_;
  const ReaderLimits reader_limits_;
  Session session_;
  int companions_ = 0;  // alive
  int awaited_ = 0;     // messages of which something is to be told
  std::vector<Sent> sent_;
  Stream* stream_ = nullptr;
  std::size_t streamed_ = 0;         // its place in sent_
  std::size_t before_farewell_ = 0;  // of sent_
  bool calling_ = false, calm_ = false;
  unsigned answers_ = 0;
  int opened_count_ = 0, failed_count_ = 0, closed_count_ = 0;
  unsigned closed_code_ = 0;
};

}  // namespace tests
