// A chat: rooms by path, everybody in a room by topic, one person by session, names by token.
#include <margay/plugin.h>
#include <margay/websocket.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "allowance.h"
#include "messages.h"
#include "rooms.h"
#include "rules.h"
#include "token.h"

namespace chat {

namespace {

using margay::Config;
using margay::Request;
using margay::Response;
using margay::Session;

void answer(Response& response, int status, const nlohmann::json& body) {
  response.status(status).type("application/json").header("Cache-Control", "no-store");
  response.write(body.dump());
}

// Gives a token to whoever asks, for any name: this stands for the login of a real application.
class Login : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;

  explicit Login(const Config& config) : tokens_(config) {}

  void service(Request& request, Response& response) override {
    if (request.method() != "GET") {
      response.header("Allow", "GET").send_error(405);
      return;
    }
    const std::string name = request.parameter("name");
    if (!is_name(name)) {
      answer(response, 400, {{"message", "A name is " + std::string(kNameRule) + "."}});
      return;
    }
    answer(response, 200, {{"token", tokens_.issue(name, Tokens::Clock::now())}});
  }

 private:
  Tokens tokens_;
};

// Lets nobody to a socket without a token; its subject becomes the property "user".
class TokenCheck : public margay::Interceptor {
 public:
  explicit TokenCheck(const Config& config) : tokens_(config) {}

  bool before(Request& request, Response& response) override {
    const Verdict verdict = tokens_.check(request.parameter("token"), Tokens::Clock::now());
    if (!verdict.user.empty()) return request.attribute("user", verdict.user);
    response.header("WWW-Authenticate", "Bearer");  // RFC 6750 section 3
    answer(response, 401,
           {{"status", 401}, {"error", "Unauthorized"}, {"message", verdict.objection}});
    return false;
  }

 private:
  Tokens tokens_;
};

}  // namespace

// What all sockets share.
struct Lobby {
  explicit Lobby(const Config& its)
      : config(its),
        rooms({.rooms = its.integer<std::size_t>("maxRooms", 1000, 1, 100'000),
               .people = its.integer<std::size_t>("maxPeople", 200, 1, 10'000),
               .history = its.integer<std::size_t>("history", 50, 1, 1000)}),
        longest_text(its.integer<std::size_t>("maxText", 1000, 1, 10'000)),
        pace({.burst = its.integer("burst", 20, 1, 1000),
              .refill = its.duration("refill", std::chrono::milliseconds(500),
                                     std::chrono::milliseconds(1))}) {}

  // To everybody in a room. With its lock held, so that all hear everything in one order; this
  // only hands over to the loops.
  void tell(std::string_view room, const std::string& message, Session except = {}) const {
    margay::publish(config, "/room/" + std::string(room), message, {.except = except});
  }

  const Config config;
  Rooms<Session> rooms;
  const std::size_t longest_text;  // characters
  const Pace pace;
};

// One socket: one person in one room.
struct Chat {
  static constexpr auto dispatch = margay::Dispatch::loop;
  static constexpr const char* subprotocols = "chat.v1";
  using Shared = Lobby;
  using Decoders = margay::Decoders<margay::Json<FromPage>>;

  struct Configurator {
    bool modify_handshake(Request& request, Response& response) {
      if (is_name(request.path_parameter("room"))) return true;
      answer(response, 404, {{"message", "A room is " + std::string(kNameRule) + "."}});
      return false;
    }
  };

  explicit Chat(Lobby& lobby) : lobby_(lobby), allowance_(lobby.pace) {}

  void on_open(Session session, margay::PathParam<"room"> room) {
    user_ = session.property("user").value_or("");
    room_ = *room;
    bool is_full = false;
    const bool is_there = lobby_.rooms.visit(room_, [&](Room<Session>& its) {
      is_full = !its.has_place_for(user_);
      if (is_full) return;
      // Whoever speaks after this needs the lock first: nothing is missed, and nothing comes
      // before the welcome but what the page knows by its number.
      session.subscribe("/room/" + room_);
      const std::optional<Session> other = its.enter(user_, session);
      session.text(ToPage::welcome(its, user_));
      if (other) {
        other->text(ToPage::replaced());
        other->close(kReplaced, "entered from somewhere else");
      } else {
        lobby_.tell(room_, ToPage::joined(user_), session);
      }
    });
    if (is_full || !is_there)
      session.close(margay::CloseReason::try_later,
                    is_full ? "this room is full" : "there are too many rooms");
  }

  std::optional<std::string> on_message(const FromPage& message, Session session) {
    if (message.type == "ping") return ToPage::pong();
    if (message.type != "say") return ToPage::refused(message.id, "not a message of chat.v1");
    return say(message, session);
  }

  void on_close(Session session) {
    lobby_.rooms.visit(room_, [&](Room<Session>& its) {
      if (its.leave(user_, session)) lobby_.tell(room_, ToPage::left(user_));
    });
  }

  // Above all messages that are not JSON; the socket stays open.
  void on_error(Session session, const std::exception&) {
    session.text(ToPage::refused("", "not a message of chat.v1"));
  }

 private:
  static constexpr std::uint16_t kReplaced = 4001;

  std::optional<std::string> say(const FromPage& message, Session session) {
    const std::string_view text = trimmed(message.text);
    if (message.id.empty() || message.id.size() > kLongestId)
      return ToPage::refused("", "a message has an id of at most 40 bytes");
    if (text.empty()) return ToPage::refused(message.id, "a message has a text");
    if (count_characters(text).value_or(0) > lobby_.longest_text)
      return ToPage::refused(message.id,
                             "longer than " + std::to_string(lobby_.longest_text) + " characters");
    if (const auto wait = allowance_.take(Allowance::Clock::now()); wait.count() > 0)
      return ToPage::refused(message.id, "too many messages", wait);
    std::optional<std::string> refusal;
    lobby_.rooms.visit(room_, [&](Room<Session>& its) {
      const Session* to = message.to.empty() ? nullptr : its.find(message.to);
      if (const Said* before = its.find_said(user_, message.id))
        session.text(ToPage::said(*before));
      else if (!message.to.empty() && to == nullptr)
        refusal = ToPage::refused(message.id, message.to + " is not here");
      else
        deliver(its.say({0, message.id, user_, message.to, std::string(text), now()}), session, to);
    });
    return refusal;
  }

  void deliver(const Said& said, Session session, const Session* to) const {
    const std::string message = ToPage::said(said);
    if (to == nullptr) {
      lobby_.tell(room_, message);
      return;
    }
    session.text(message);
    if (*to != session) to->text(message);
  }

  Lobby& lobby_;
  Allowance allowance_;
  std::string user_;
  std::string room_;
};

}  // namespace chat

MARGAY_PLUGIN("chat", "1.0", margay::endpoint<chat::Login>("token"),
              margay::interceptor<chat::TokenCheck>("token"), margay::websocket<chat::Chat>("chat"))
