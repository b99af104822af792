// A say in the handshake: a type's Configurator and interceptors.
#include <doctest/doctest.h>

#include "fake_websockets.h"

namespace {

struct Allowed {
  explicit Allowed(const margay::Config& config) : origin(config.get("origin")) {}
  std::string origin;
};

struct Hooks {
  Allowed& allowed;
  bool check_origin(margay::Request&, margay::Response& response, std::string_view origin) {
    if (origin == allowed.origin) return true;
    if (origin == "later") return static_cast<void>(kept = response.suspend()), false;
    if (origin == "throws") throw std::runtime_error("no origin");
    response.header("X-Why", "origin").send_error(404, "not for you");
    return false;
  }
  std::string_view select_subprotocol(const margay::Request&,
                                      std::span<const std::string_view> requested) {
    for (const std::string_view each : requested)
      if (each.starts_with("v")) return each;
    return requested.empty() ? "made up" : "";
  }
  bool accept_extension(const margay::Request&, std::string_view offer) const {
    if (offer == "throws") throw std::runtime_error("no extension");
    return offer.starts_with("permessage-deflate");
  }
  bool modify_handshake(margay::Request& request, margay::Response& response) {
    response.header("X-Path", request.path());
    return request.path() != "/closed";
  }
  margay::Async kept;
};

struct Configured : margay::WebSocket {
  using Shared = Allowed;
  using Configurator = Hooks;
  void message(margay::Session, std::string_view) override {}
};

// Instances that are chosen, shared, or refused.
struct Chooser;
struct Chosen : margay::WebSocket {
  using Configurator = Chooser;
  explicit Chosen(std::string text) : text_(std::move(text)) {}
  void open(margay::Session session) override { session.text(text_); }

 private:
  std::string text_;
};
struct Chooser {
  std::shared_ptr<Chosen> one = std::make_shared<Chosen>("one for all");
  std::shared_ptr<Chosen> make_instance(margay::Request& request, margay::Response& response) {
    if (request.path() == "/none") return nullptr;
    if (request.path() == "/busy") return response.send_error(503, "busy"), nullptr;
    if (request.path() == "/own") return std::make_shared<Chosen>("own");
    return one;
  }
};

struct Guard : margay::Interceptor {
  explicit Guard(const margay::Config& config) : user(config.get("user")) {}
  bool before(margay::Request& request, margay::Response& response) override {
    if (request.path() == "/throws") throw std::runtime_error("no way");
    request.attribute("user", user);
    if (request.path() != "/closed") return true;
    response.send_error(401);
    return false;
  }
  std::string user;
};
struct Watcher : margay::Interceptor {
  static constexpr auto dispatch = margay::Dispatch::worker;
  void after(const margay::Request&, std::string_view failure) override {
    heard.emplace_back(failure);
  }
  inline static std::vector<std::string> heard;
};

margay_request request_of(std::string_view path) {
  margay_request request{};
  request.size = sizeof request;
  request.path = margay::str(path);
  return request;
}

}  // namespace

TEST_CASE("a Configurator's hooks are those of the type, with its Shared") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Configured>("configured"),
                          {{"origin", "https://here"}});
  const auto& type = endpoint.type();
  const margay_request request = request_of("/x");
  const auto check = [&](const char* origin, margay_exchange& exchange) {
    return type.check_origin(endpoint.self(), &server.host(), &exchange, &request,
                             margay::str(origin));
  };
  margay_exchange exchange;
  CHECK(check("https://here", exchange) == MARGAY_OK);
  CHECK(exchange.status == 0);
  CHECK(check("https://there", exchange) == MARGAY_CLOSED);
  CHECK(exchange.status == 404);
  CHECK(exchange.error == "not for you");
  CHECK(exchange.fields["X-Why"] == "origin");
  // As a filter's `before`: the server knows by itself that there was a suspension.
  CHECK(check("later", exchange) == MARGAY_CLOSED);
  CHECK(server.suspended == 1);
  CHECK(check("throws", exchange) == MARGAY_FAILED);
  CHECK(server.log == std::vector<std::string>{"no origin"});
}

TEST_CASE("subprotocols are chosen by number, extensions as a set") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Configured>("configured"));
  const auto& type = endpoint.type();
  const margay_request request = request_of("/x");
  margay_exchange exchange;
  const auto select = [&](std::vector<margay_str> offers) {
    return type.select_subprotocol(endpoint.self(), &server.host(), &exchange, &request,
                                   offers.data(), static_cast<std::uint32_t>(offers.size()));
  };
  CHECK(select({margay::str("chat"), margay::str("v2"), margay::str("v1")}) == 1);
  CHECK(select({margay::str("chat")}) == -1);
  CHECK(server.log.empty());
  CHECK(select({}) == -1);
  CHECK(server.log.size() == 1);
  const auto accept = [&](std::vector<margay_str> offers) {
    return type.select_extensions(endpoint.self(), &server.host(), &exchange, &request,
                                  offers.data(), static_cast<std::uint32_t>(offers.size()));
  };
  CHECK(accept({margay::str("x"), margay::str("permessage-deflate; a=1"), margay::str("y"),
                margay::str("permessage-deflate")}) == 0b1010);
  CHECK(accept({margay::str("permessage-deflate"), margay::str("throws")}) == 1);
  CHECK(accept(std::vector<margay_str>(70, margay::str("permessage-deflate"))) ==
        ~std::uint64_t{0});
}

TEST_CASE("modify_handshake sets fields or refuses") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Configured>("configured"));
  margay_exchange exchange;
  const margay_request open = request_of("/open"), closed = request_of("/closed");
  CHECK(endpoint.type().modify_handshake(endpoint.self(), &server.host(), &exchange, &open) ==
        MARGAY_OK);
  CHECK(exchange.fields["X-Path"] == "/open");
  CHECK(endpoint.type().modify_handshake(endpoint.self(), &server.host(), &exchange, &closed) ==
        MARGAY_CLOSED);
}

TEST_CASE("make_instance gives the socket's object, or refuses") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Chosen>("chosen"));
  margay_exchange exchange;
  endpoint.request_ = request_of("/none");
  CHECK(endpoint.make_peer(1, exchange) == MARGAY_CLOSED);
  CHECK(exchange.status == 0);
  endpoint.request_ = request_of("/busy");
  CHECK(endpoint.make_peer(1, exchange) == MARGAY_CLOSED);
  CHECK(exchange.status == 503);
  endpoint.request_ = request_of("/own");
  CHECK(endpoint.open(1) == MARGAY_OK);
  endpoint.request_ = request_of("/");
  CHECK(endpoint.open(2) == MARGAY_OK);
  CHECK(endpoint.open(3) == MARGAY_OK);
  CHECK(server.socket(1).sent[0].bytes == "own");
  CHECK(server.socket(2).sent[0].bytes == "one for all");
  for (const margay_session id : {1, 2, 3}) endpoint.close(id, 1000);
}

TEST_CASE("interceptors pass, refuse and hear how it ended") {
  fake::Server server;
  constexpr auto guard = margay::interceptor<Guard>("guard");
  CHECK(guard.flags == MARGAY_ON_LOOP);
  CHECK((guard.after == nullptr));
  margay_field field{margay::str("user"), margay::str("ann")};
  margay_config config{};
  config.params = &field;
  config.count = 1;
  margay_failure failure{};
  void* self = guard.create(&server.host(), &config, &failure);
  REQUIRE(self != nullptr);
  margay_exchange exchange;
  const margay_request open = request_of("/"), closed = request_of("/closed"),
                       throws = request_of("/throws");
  CHECK(guard.before(self, &server.host(), &exchange, &open) == MARGAY_OK);
  CHECK(exchange.attributes["user"] == "ann");
  CHECK(guard.before(self, &server.host(), &exchange, &closed) == MARGAY_CLOSED);
  CHECK(exchange.status == 401);
  CHECK(guard.before(self, &server.host(), &exchange, &throws) == MARGAY_FAILED);
  guard.destroy(self);

  constexpr auto watcher = margay::interceptor<Watcher>("watcher");
  CHECK(watcher.flags == 0);
  CHECK((watcher.before == nullptr));
  self = watcher.create(&server.host(), &config, &failure);
  watcher.after(self, &server.host(), &exchange, &open, margay::str(""));
  watcher.after(self, &server.host(), &exchange, &open, margay::str("403"));
  CHECK(Watcher::heard == std::vector<std::string>{"", "403"});
  watcher.destroy(self);
}
