// The endpoints that load and conformance tools call: each does one thing, in the cheapest way that
// the public API has.
#include <margay/plugin.h>

#include <atomic>

namespace {

void say_hello(margay::Response& response) { response.type("text/plain").write("Hello, World!"); }

}  // namespace

class Plaintext : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
  void service(margay::Request&, margay::Response& response) override { say_hello(response); }
};

class PlaintextWorker : public margay::Endpoint {
 public:
  void service(margay::Request&, margay::Response& response) override { say_hello(response); }
};

// Built anew for each request, as a real answer would be.
class Json : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
  void service(margay::Request&, margay::Response& response) override {
    std::string text;
    text.reserve(64);
    text += "{\"message\":\"";
    for (const char c : std::string_view("Hello, World!")) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    response.type("application/json").write(text += "\"}");
  }
};

// Answers any request with its own body and content type.
class Mirror : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
  void service(margay::Request& request, margay::Response& response) override {
    if (const auto type = request.header("content-type"); !type.empty()) response.type(type);
    response.write(request.body());
  }
};

// Looks for the client's session, and makes one where there is none.
class InSession : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
  void service(margay::Request& request, margay::Response& response) override {
    request.session();
    say_hello(response);
  }
};

// Adds a field to the answer: what a chain with one filter costs.
class Stamp : public margay::Filter {
 public:
  void head(const margay::Request&, margay::Head& head) override { head.set("X-Probe", "1"); }
};

// Says what it hears.
class Echo : public margay::WebSocket {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
  void message(margay::Session session, std::string_view text) override { session.text(text); }
  void binary(margay::Session session, margay::Binary bytes) override { session.binary(bytes); }
};

// Who was let in and has not subscribed yet. On workers a message may be served before the `open`
// of a socket that was there earlier, and a load client counts on every one.
class Door {
 public:
  void let_in() { entering_.fetch_add(1); }
  void has_entered() {
    if (entering_.fetch_sub(1) == 1) entering_.notify_all();
  }
  void wait_for_all() const {
    for (int entering = entering_; entering != 0; entering = entering_) entering_.wait(entering);
  }

 private:
  std::atomic<int> entering_{0};
};

// Says what it hears to all who are on the same path, the sender among them. One object for all.
class Broadcast : public margay::WebSocket {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
  static constexpr auto scope = margay::Scope::shared;
  using Shared = Door;
  struct Configurator {
    explicit Configurator(Door& its) : door(its) {}
    bool modify_handshake(margay::Request&, margay::Response&) {
      door.let_in();
      return true;
    }
    Door& door;
  };

  Broadcast(const margay::Config& config, Door& door)
      : config_(config),
        topic_(config.get("topic", "/all")),
        waits_(config.get("waits") == "true"),
        door_(door) {}

  void open(margay::Session session) override {
    session.subscribe(topic_);
    door_.has_entered();
  }
  void message(margay::Session, std::string_view text) override {
    if (waits_) door_.wait_for_all();
    margay::publish(config_, topic_, text);
  }
  void binary(margay::Session, margay::Binary bytes) override {
    if (waits_) door_.wait_for_all();
    margay::publish(config_, topic_, bytes);
  }

 private:
  const margay::Config config_;
  const std::string topic_;
  const bool waits_;  // it has a thread for that
  Door& door_;
};

MARGAY_PLUGIN("probe", "1.0", margay::endpoint<Plaintext>("plaintext"),
              margay::endpoint<PlaintextWorker>("plaintext-worker"), margay::endpoint<Json>("json"),
              margay::endpoint<Mirror>("mirror"), margay::endpoint<InSession>("in-session"),
              margay::filter<Stamp>("stamp"), margay::websocket<Echo>("echo"),
              margay::websocket<Broadcast>("broadcast"))
