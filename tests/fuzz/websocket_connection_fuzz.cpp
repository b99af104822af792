// Plays a script at one WebSocket, from its handshake to its end: what the peer says, in pieces or
// not, what is sent by callbacks and by others, readers that are slow, goodbyes. The first five
// bytes say what is configured (see Setup), the others are the script.
#include <uv.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "server/websocket/deflate.h"
#include "tests/fuzz/websocket_stage.h"
#include "tests/support/conversation.h"
#include "tests/support/frame_client.h"
#include "tests/support/frames.h"
#include "tests/support/small_server.h"

using tests::Conversation;
using tests::Frame;
using tests::FrameWitness;
using tests::Input;
using tests::require;
using tests::Setup;
using tests::Stage;
using tests::world;
using namespace server::websocket;

namespace {

constexpr std::size_t kLongest = 2048;    // bytes of a script
constexpr std::size_t kByteByByte = 400;  // more comes in larger pieces: it would take too long
constexpr int kMoments = 2;               // that a script lets pass: each costs a millisecond

class Token final : public server::UpgradeToken {
 public:
  explicit Token(Stage& stage) : stage_(stage) {}
  std::unique_ptr<server::Protocol> install(server::Connection& connection) override {
    return stage_.install(connection);
  }
  const char* protocol_name() const override { return "websocket"; }

 private:
  Stage& stage_;
};

// The peer. A server is asked for the WebSocket by HTTP/1; a client has it already.
class Play {
 public:
  Play(const Setup& setup, Input script, bool in_pieces)
      : setup_(setup), stage_(setup), script_(script), in_pieces_(in_pieces) {
    if (setup.deflate) {
      const bool server = setup.role == Role::server;
      deflater_ = std::make_unique<Deflater>(
          server ? setup.deflate->client_max_window_bits : setup.deflate->server_max_window_bits, 6,
          1);
      stands_alone_ = server ? setup.deflate->client_no_context_takeover
                             : setup.deflate->server_no_context_takeover;
    }
    service_.answer = [this](server::Exchange& exchange) {
      exchange.response().status = 101;
      exchange.upgrade(std::make_unique<Token>(stage_));
    };
    if (setup.role == Role::server) {
      client_ = std::make_unique<Conversation>(service_, server::http1::Options{}, world().loop);
      unsaid_ = tests::opening();
    } else {
      client_ = std::make_unique<Conversation>(
          [this](server::Connection& connection) { return stage_.install(connection); },
          &world().loop);
    }
  }

  struct Heard {
    std::vector<FrameWitness::Message> messages;
    unsigned code;
    bool arrived;  // all that the peer said
  };
  Heard perform() {
    while (!script_.empty()) step();
    say();
    stage_.calm();
    stage_.end_stream(true);
    client_->listen(true);
    client_->settle();
    go_on();
    client_->finish();
    require(client_->ended() || hung_up_ || client_->gone());
    std::string heard = client_->take();
    client_->hang_up();
    require(client_->gone());
    require(world().hub.open_sockets() == 0);
    if (setup_.role == Role::server) heard.erase(0, heard.find("\r\n\r\n") + 4);
    const FrameWitness witness(setup_.written(), heard);
    stage_.check(witness, orderly_);
    return {witness.messages, stage_.closed_code(), arrives_};
  }

 private:
  void step() {
    const unsigned op = script_.byte();
    switch (op & 15U) {
      case 0:
        unsaid_ += script_.bytes(script_.byte());
        break;
      case 1:
      case 2:
      case 3:
        add_frame();
        break;
      case 4:
      case 5:
        add_control(op);
        break;
      case 6:
        add_compressed((op & 16U) != 0);
        break;
      case 7:
        unsaid_ += frame((op & 16U) != 0 ? 1 : 2, std::string(300 * script_.byte(), 'm'));
        break;
      case 8:
        say();
        go_on();
        break;
      default:
        if (setup_.plain) break;
        say();
        disturb(op);
        if ((op & 64U) == 0) client_->settle();  // else what follows happens in the same turn
    }
    if ((op & 128U) != 0) say();
  }

  // What the peer does beside speaking, and what others do.
  void disturb(unsigned op) {
    switch (op & 15U) {
      case 9:
        listening_ = !listening_;
        client_->listen(listening_);
        break;
      case 10:
        client_->finish();
        break;
      case 11:
        hung_up_ = true;
        (op & 16U) != 0 ? client_->hang_up() : client_->lose();
        break;
      case 12:
        if (client_->protocol() != nullptr) client_->drain();
        return;
      case 13:
        world().hub.with(stage_.session(), [&](WebSocket& socket) {
          (op & 16U) != 0 ? socket.leave_now(1012, "again") : socket.leave_within(1012, "again", 0);
        });
        return;
      case 14:
        let_time_pass();
        break;
      default: {
        const unsigned way = script_.byte();
        stage_.act(way & 15U, (way & 16U) != 0 ? Opcode::text : Opcode::binary,
                   script_.bytes(script_.byte()));
        return;
      }
    }
    orderly_ = false;
  }

  void let_time_pass() {
    if (moments_++ == kMoments) return;
    std::this_thread::sleep_for(std::chrono::microseconds(1'100));
    uv_update_time(world().loop.uv());
    if (server::Protocol* const protocol = client_->protocol()) protocol->timeout();
  }

  void go_on() {
    world().hub.with(stage_.session(), [](WebSocket& socket) { socket.go_on(); });
    world().hub.resume_reading(stage_.session());
    client_->settle();
  }

  std::string frame(unsigned opcode, std::string payload, unsigned rsv = 0) const {
    return Frame{.opcode = opcode,
                 .payload = std::move(payload),
                 .rsv = rsv,
                 .masked = setup_.role == Role::server}
        .bytes();
  }
  // Right but for what its flags say.
  void add_frame() {
    const unsigned flags = script_.byte();
    const unsigned wrong = script_.byte();
    Frame its{.opcode = flags & 15U,
              .payload = std::string(script_.bytes(script_.byte())),
              .fin = (flags & 16U) == 0,
              .masked = setup_.role == Role::server};
    if ((flags & 32U) != 0) its.rsv = wrong & 7U;
    if ((flags & 64U) != 0) its.length_bytes = (wrong & 8U) != 0 ? 8 : 2;
    if ((flags & 128U) != 0) its.masked = (wrong & 16U) != 0;
    unsaid_ += its.bytes();
  }
  void add_control(unsigned op) {
    const std::string payload(script_.bytes(script_.byte() % 126));
    if ((op & 32U) != 0) {
      unsaid_ += frame((op & 16U) != 0 ? 9 : 10, payload);
    } else {
      unsaid_ += frame(8, (op & 16U) != 0 ? tests::close_payload(1000, "fine") : payload);
    }
  }
  void add_compressed(bool text) {
    const std::string_view message = script_.bytes(script_.byte());
    if (deflater_ == nullptr) return;
    std::string payload;
    deflater_->compress(message, payload, stands_alone_);
    unsaid_ += frame(text ? 1 : 2, std::move(payload), 4);
  }

  void say() {
    const std::string bytes = std::exchange(unsaid_, {});
    if (bytes.empty()) return;
    for (std::string_view rest = bytes; !rest.empty() && arrives_;) {
      const std::string_view piece = rest.substr(0, piece_size(bytes.size()));
      rest.remove_prefix(piece.size());
      // Else it does not read, and so much has been said that nothing can be said any more.
      arrives_ = client_->say(piece) || client_->ended();
    }
  }
  std::size_t piece_size(std::size_t size) {
    if (!in_pieces_) return size;
    if (size <= kByteByByte) return 1;
    seed_ = seed_ * 1664525U + 1013904223U;
    return 1 + (seed_ >> 20U) % 997U;
  }

  const Setup& setup_;
  Stage stage_;
  tests::SmallService service_;
  std::unique_ptr<Conversation> client_;
  Input script_;
  const bool in_pieces_;
  std::unique_ptr<Deflater> deflater_;
  bool stands_alone_ = false;
  std::string unsaid_;
  std::uint32_t seed_ = 1;
  bool arrives_ = true;
  bool listening_ = true, hung_up_ = false, orderly_ = true;
  int moments_ = 0;
};

// What came before a fault may have left or not, by where reads end.
bool begins_with(const std::vector<FrameWitness::Message>& whole,
                 const std::vector<FrameWitness::Message>& begin) {
  return begin.size() <= whole.size() && std::equal(begin.begin(), begin.end(), whole.begin());
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  std::signal(SIGPIPE, SIG_IGN);  // as the server does
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 6 || size > kLongest) return 0;
  Input input({reinterpret_cast<const char*>(bytes), size});
  const Setup setup(input);
  const Play::Heard whole = Play(setup, input, false).perform();
  if (!setup.plain) return 0;
  const Play::Heard pieces = Play(setup, input, true).perform();
  if (!whole.arrived || !pieces.arrived) return 0;
  require(whole.code == pieces.code);
  require(begins_with(pieces.messages, whole.messages));
  return 0;
}
