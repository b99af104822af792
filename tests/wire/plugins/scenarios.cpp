// The endpoints of the scenario tests: small applications as users would write them.
#include <margay/json.h>
#include <margay/plugin.h>
#include <margay/websocket.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace {

using margay::CloseReason;
using margay::Config;
using margay::Dispatch;
using margay::Logger;
using margay::Request;
using margay::Response;
using margay::Send;
using margay::Sent;
using margay::Session;

// --- A token in the query says who it is.

class QueryToken : public margay::Interceptor {
 public:
  bool before(Request& request, Response& response) override {
    const std::string token = request.parameter("token");
    if (!token.empty()) return request.attribute("user", token);
    response.status(401).type("text/plain");
    response.write("add a token to the query");
    return false;
  }
};

struct Named {
  static constexpr auto dispatch = Dispatch::loop;
  const Logger log;
  explicit Named(const Config& config) : log(config.logger()) {}
  void on_open(Session session) {
    log.info("named is open");
    session.text("you are " + session.property("user").value_or("nobody"));
  }
};

// --- Objects instead of text.

struct Call {
  int code = 0;
  std::string msg;
  nlohmann::json data;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Call, code, msg, data)

struct CallEcho {
  using Decoders = margay::Decoders<margay::Json<Call>>;
  using Encoders = margay::Encoders<margay::Json<Call>>;
  Call on_message(Call call) {
    call.code += 1;
    return call;
  }
  void on_error(Session session, const std::exception& error) {
    session.text("on_error: " + std::string(error.what()));
  }
};

// --- Users that log in by a token in the path; each is there once.

struct Users {
  explicit Users(const Config& its) : config(its) {}

  // With the lock held, so that everybody hears the lists in one order.
  void tell(Session except = {}) const {
    margay::publish(config, "/users", "users" + list(), {.except = except});
  }
  std::string list() const {
    std::string names;
    for (const auto& [name, session] : online) names += " " + name;
    return names;
  }

  const Config config;
  std::mutex mutex;  // guards online
  std::map<std::string, Session> online;
};

struct GlobalWs {
  using Shared = Users;
  Users& users;
  std::string name = {};

  void on_open(Session session, margay::PathParam<"token"> token) {
    constexpr std::string_view kValid = "token-of-";
    if (!token->starts_with(kValid)) {
      session.text("bad token");
      session.close(4003, "bad token");
      return;
    }
    name = std::string(token->substr(kValid.size()));
    const std::scoped_lock lock(users.mutex);
    session.subscribe("/users");
    const Session old = std::exchange(users.online[name], session);
    session.text("hello " + name + ", here are" + users.list());
    if (old) {
      old.unsubscribe("/users");
      old.text("replaced");
      old.close(4001, "logged in elsewhere");
    } else {
      users.tell(session);
    }
  }
  void on_message(std::string_view) {}
  void on_close(Session session) {
    if (name.empty()) return;
    {
      const std::scoped_lock lock(users.mutex);
      if (const auto at = users.online.find(name); at->second == session) {
        users.online.erase(at);
        users.tell();
      }
    }
    users.config.logger().info("a socket of " + name + " has gone");
  }
};

// --- Sends without a look at the reader, from a worker.

struct Flood {
  const Logger log;
  explicit Flood(const Config& config) : log(config.logger()) {}
  std::shared_ptr<std::atomic<int>> dropped = std::make_shared<std::atomic<int>>(0);

  void on_open(Session session) {
    session.text(std::to_string(session.limit(MARGAY_SEND_TIMEOUT).value_or(0)) + " ms, " +
                 std::to_string(session.limit(MARGAY_QUEUE_BYTES).value_or(0)) + " bytes");
  }
  // `message`: how many.
  void on_message(std::string_view message, Session session) {
    const int count = std::stoi(std::string(message));
    int sent = 0;
    for (Send result = Send::queued; sent < count && result == Send::queued; ++sent) {
      std::string text = std::to_string(sent) + " ";
      text.resize(1000, 'x');
      result = session.text(text, {}, [dropped = dropped](Sent what) {
        if (what == Sent::dropped) dropped->fetch_add(1);
      });
    }
    log.info(sent < count ? "flooded until it was gone" : "flooded");
  }
  void on_close(CloseReason why) {
    log.info("flood ends with " + std::to_string(why.code) + ", dropped " +
             std::to_string(dropped->load()));
  }
};

// --- One topic, and three threads that publish as fast as they can.

struct Crowd {
  const Config config;
  explicit Crowd(const Config& its) : config(its) {}

  struct Result {
    Logger log;
    std::atomic<unsigned> open, queued{0}, refused{0};
  };

  void on_open(Session session) {
    session.subscribe("/crowd");
    session.text("here");
  }
  // `message`: how many of each thread.
  void on_message(std::string_view message) {
    const unsigned count = static_cast<unsigned>(std::stoul(std::string(message)));
    const auto result = std::shared_ptr<Result>(new Result{config.logger(), 3 * count});
    std::array<std::thread, 3> threads;
    for (std::size_t who = 0; who < threads.size(); ++who)
      threads[who] = std::thread([=, this] {
        for (unsigned i = 0; i < count; ++i) publish(who, i, result);
      });
    for (std::thread& one : threads) one.join();
  }
  void on_error(const std::exception& error) {
    config.logger().error(std::string("crowd: ") + error.what());
  }

 private:
  void publish(std::size_t who, unsigned number, const std::shared_ptr<Result>& result) const {
    const auto delivered = [result](margay::Delivery delivery) {
      result->queued += delivery.queued;
      result->refused += delivery.refused;
      if (--result->open == 0)
        result->log.info("delivered " + std::to_string(result->queued) + ", refused " +
                         std::to_string(result->refused));
    };
    const std::string text = std::to_string(who) + ":" + std::to_string(number);
    if (margay::publish(config, "/crowd", text, {}, delivered) != Send::queued)
      config.logger().error("not published: " + text);
  }
};

// --- The way of a handshake.

class Witness : public margay::Filter {
 public:
  explicit Witness(const Config& config) : log_(config.logger()) {}
  bool before(Request& request, Response&) override {
    log_.debug("filter passes " + std::string(request.path()));
    return true;
  }

 private:
  const Logger log_;
};

struct Traced {
  static constexpr auto dispatch = Dispatch::loop;
  const Logger log;
  explicit Traced(const Config& config) : log(config.logger()) { log.debug("traced is made"); }
  void on_open() { log.debug("traced is open"); }
  std::string on_message(std::string_view text) {
    log.debug("traced heard " + std::string(text));
    return "heard " + std::string(text);
  }
};

// --- The heartbeat of a page.

struct Beat {
  int cmd = 0;
  std::string msg;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Beat, cmd, msg)

struct Heartbeat {
  static constexpr auto dispatch = Dispatch::loop;
  using Decoders = margay::Decoders<margay::Json<Beat>>;
  using Encoders = margay::Encoders<margay::Json<Beat>>;
  const Logger log;
  explicit Heartbeat(const Config& config) : log(config.logger()) {}
  std::optional<Beat> on_message(const Beat& beat) {
    if (beat.cmd != 1 || beat.msg != "ping") return {};
    return Beat{1, "pong"};
  }
  void on_close(CloseReason why) { log.info("heartbeat ends with " + std::to_string(why.code)); }
};

}  // namespace

MARGAY_PLUGIN("scenarios", "1.0", margay::interceptor<QueryToken>("query-token"),
              margay::filter<Witness>("witness"), margay::websocket<Named>("named"),
              margay::websocket<CallEcho>("call"), margay::websocket<GlobalWs>("global"),
              margay::websocket<Flood>("flood"), margay::websocket<Crowd>("crowd"),
              margay::websocket<Traced>("traced"), margay::websocket<Heartbeat>("heartbeat"))
