// Endpoints that block, send more than is read, and throw.
#include <margay/json.h>
#include <margay/plugin.h>
#include <margay/websocket.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using margay::CloseReason;
using margay::Config;
using margay::Dispatch;
using margay::Logger;
using margay::Send;
using margay::Session;

// --- Blocks in a callback until another socket says "go on".

struct Held {
  std::mutex mutex;  // guards what follows
  std::condition_variable change;
  Session blocked;
  bool goes_on = false;
};

struct Blocker {
  using Shared = Held;
  Held& held;
  std::uint64_t heard = 0, read = 0;
  bool in_order = true;

  // "block", "read?", "go on", "end"; else the number of the message, with more behind it.
  void on_message(std::string_view message, Session session) {
    if (message == "block") return block(session);
    if (message == "read?") {
      const std::scoped_lock lock(held.mutex);
      session.text(std::to_string(held.blocked.figures().received_messages));
    } else if (message == "go on") {
      const std::scoped_lock lock(held.mutex);
      held.goes_on = true;
      held.change.notify_all();
    } else if (message == "end") {
      session.text(std::to_string(heard) + (in_order ? " in order, " : " in disorder, ") +
                   std::to_string(read) + " read meanwhile");
    } else {
      in_order = in_order && message.starts_with(std::to_string(heard) + " ");
      ++heard;
    }
  }

 private:
  void block(Session session) {
    std::unique_lock lock(held.mutex);
    held.blocked = session;
    session.text("blocked");
    held.change.wait(lock, [&] { return held.goes_on; });
    read = session.figures().received_messages;
  }
};

// --- Sends numbered messages and waits for room, from a worker.

struct Patient {
  const Logger log;
  explicit Patient(const Config& config) : log(config.logger()) {}

  // "COUNT SIZE MILLISECONDS"
  void on_message(std::string_view message, Session session) {
    std::size_t at = 0;
    const std::string text(message);
    const int count = std::stoi(text, &at);
    std::size_t more = 0;
    const std::size_t size = std::stoul(text.substr(at), &more);
    const std::chrono::milliseconds patience(std::stol(text.substr(at + more)));
    Send result = Send::queued;
    for (int i = 0; i < count && result == Send::queued; ++i) {
      std::string one = std::to_string(i) + " ";
      one.resize(size, 'x');
      result = session.text(one);
      if (result != Send::full) continue;
      log.info("waits");
      result = session.text_wait(one, patience);
    }
    log.info(result == Send::queued ? "sent all"
             : result == Send::full ? "ends with full"
                                    : "ends with gone");
  }
};

// --- Throws where it is told to by the query: "open", "message" or "close".

template <Dispatch where>
class ThrowingClass : public margay::WebSocket {
 public:
  static constexpr auto dispatch = where;
  explicit ThrowingClass(const Config& config) : log_(config.logger()) {}

  void open(Session session) override {
    place_ = session.handshake().query();
    throw_in("open");
    session.text("open");
  }
  void message(Session, std::string_view) override { throw_in("message"); }
  void error(Session session, const std::exception& error) override {
    log_.info("class error " + std::string(error.what()));
    session.text("error " + std::string(error.what()));
  }
  void close(Session, CloseReason why) override {
    log_.info("class close " + std::to_string(why.code));
    throw_in("close");
  }
  ~ThrowingClass() override { log_.info("class is gone"); }

 private:
  void throw_in(std::string_view place) const {
    if (place_ == place) throw std::runtime_error("thrown in " + place_);
  }
  const Logger log_;
  std::string place_;
};

struct Number {
  int value = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Number, value)

template <Dispatch where>
struct ThrowingStruct {
  static constexpr auto dispatch = where;
  using Decoders = margay::Decoders<margay::Json<Number>>;
  const Logger log;
  std::string place = {};
  explicit ThrowingStruct(const Config& config) : log(config.logger()) {}
  ~ThrowingStruct() { log.info("struct is gone"); }

  void on_open(Session session) {
    place = session.handshake().query();
    throw_in("open");
    session.text("open");
  }
  std::string on_message(Number number) {
    if (number.value < 0) throw_in("message");
    return std::to_string(number.value);
  }
  void on_error(Session session, const std::exception& error) {
    log.info("struct error " + std::string(error.what()));
    session.text("error " + std::string(error.what()));
  }
  void on_close(CloseReason why) {
    log.info("struct close " + std::to_string(why.code));
    throw_in("close");
  }

 private:
  void throw_in(std::string_view where_) const {
    if (place == where_) throw std::runtime_error("thrown in " + place);
  }
};

}  // namespace

MARGAY_PLUGIN("strained", "1.0", margay::websocket<Blocker>("blocker"),
              margay::websocket<Patient>("patient"),
              margay::websocket<ThrowingClass<Dispatch::loop>>("class-loop"),
              margay::websocket<ThrowingClass<Dispatch::worker>>("class-worker"),
              margay::websocket<ThrowingStruct<Dispatch::loop>>("struct-loop"),
              margay::websocket<ThrowingStruct<Dispatch::worker>>("struct-worker"))
