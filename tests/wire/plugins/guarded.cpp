// What an endpoint knows of its user, and a realm of a library.
#include <atomic>
#include <chrono>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <string>

#include <margay/plugin.h>

namespace {

class Me : public margay::Endpoint {
 public:
  void service(margay::Request& request, margay::Response& response) override {
    std::string text = "user=" + std::string(request.principal());
    text += " type=" + std::string(request.auth_type());
    for (const char* role : {"admin", "staff", "**"})
      if (request.is_user_in_role(role)) text += std::string(" role=") + role;
    if (!request.claims().empty()) text += " claims=" + std::string(request.claims());
    text += " body=" + std::string(request.body());
    if (request.has_parameter("echo"))
      text += " method=" + std::string(request.method()) +
              " content-type=" + std::string(request.header("content-type")) +
              " content-length=" + std::string(request.header("content-length")) +
              " origin=" + std::string(request.header("origin")) +
              " agent=" + std::string(request.header("user-agent"));
    response.write(text);
  }
};

class MeOnLoop : public Me {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
};

// Tells the length of a body that it reads piece by piece.
class Reader : public margay::Endpoint {
 public:
  static constexpr auto body = margay::Body::streamed;

  void service(margay::Request& request, margay::Response& response) override {
    std::string piece(1000, ' ');
    std::size_t length = 0;
    for (std::ptrdiff_t got; (got = request.read(piece)) > 0;)
      length += static_cast<std::size_t>(got);
    response.write(std::string(request.method()) + " by " + std::string(request.principal()) +
                   " of " + std::to_string(length));
  }
};

// Handshakes that wait for the other half of a test.
std::counting_semaphore<> released(0);
std::atomic<int> held{0};

class Held : public margay::Interceptor {
 public:
  bool before(margay::Request&, margay::Response&) override {
    ++held;
    return released.try_acquire_for(std::chrono::seconds(20));
  }
};

// ?login=user:password, ?logout, ?ask, ?set=name, ?get=name, ?end, ?held, ?release; then who it is.
class Door : public margay::Endpoint {
 public:
  void service(margay::Request& request, margay::Response& response) override {
    std::string text;
    if (request.has_parameter("set"))
      request.session().set("a", std::string_view(request.parameter("set")));
    if (request.has_parameter("ask") && !request.authenticate()) return;
    if (const std::string both = request.parameter("login"); !both.empty()) {
      const auto colon = both.find(':');
      text += request.login(both.substr(0, colon), both.substr(colon + 1)) ? "in " : "refused ";
    }
    if (request.has_parameter("logout")) request.logout();
    if (request.has_parameter("end")) request.session().invalidate();
    if (request.has_parameter("get")) {
      const auto session = request.session_if_any();
      text += "a=" + (session ? session->get("a").value_or("none") : "nothing") + " ";
    }
    if (request.has_parameter("held")) text += "held=" + std::to_string(held) + " ";
    if (request.has_parameter("release")) released.release();
    text += "user=" + std::string(request.principal());
    text += " type=" + std::string(request.auth_type());
    text += request.is_user_in_role("admin") ? " admin" : "";
    response.write(text);
  }
};

class DoorOnLoop : public Door {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
};

class Quiet : public margay::WebSocket {
 public:
  void message(margay::Session session, std::string_view text) override { session.text(text); }
};

// A text is a newer token; the answer is when it ends.
class Renewed : public margay::WebSocket {
 public:
  void message(margay::Session session, std::string_view token) override {
    session.text(session.authenticate(token)
                     ? std::to_string(session.limit(MARGAY_EXPIRES).value_or(-1))
                     : "refused");
  }
};

class Fixed final : public margay::Realm {
 public:
  std::optional<margay::Identity> authenticate(std::string_view user, std::string_view password,
                                               std::string_view) override {
    if (user == "broken") throw std::runtime_error("the users are out of reach");
    if (user != "lib" || password != "rary") return std::nullopt;
    return margay::Identity{"", {"staff"}};
  }
};

}  // namespace

MARGAY_PLUGIN("guarded", "1.0", margay::endpoint<Me>("me"),
              margay::endpoint<MeOnLoop>("me_on_loop"), margay::endpoint<Reader>("reader"),
              margay::endpoint<Door>("door"), margay::endpoint<DoorOnLoop>("door_on_loop"),
              margay::websocket<Quiet>("quiet"), margay::websocket<Renewed>("renewed"),
              margay::interceptor<Held>("held"), margay::realm<Fixed>("fixed"))
