// Quotes of one symbol, or of all, for readers of any speed.
#include <margay/plugin.h>
#include <margay/websocket.h>

#include <optional>
#include <string>
#include <string_view>

#include "market.h"

namespace ticker {

struct Ticker {
  static constexpr auto dispatch = margay::Dispatch::loop;
  using Shared = Market;

  struct Configurator {
    explicit Configurator(Market& its) : market(its) {}
    bool modify_handshake(margay::Request& request, margay::Response& response) {
      const std::string_view symbol = request.path_parameter("symbol");
      if (symbol == "all" || market.knows(symbol)) return true;
      response.send_error(404, "There is no such symbol.");
      return false;
    }
    Market& market;
  };

  void on_open(margay::Session session, margay::PathParam<"symbol"> symbol, Market& market) {
    session.subscribe("/quotes/" + (*symbol == "all" ? "*" : std::string(*symbol)));
    market.enter();
  }

  // What margay.js asks when it has heard nothing for a while.
  std::optional<std::string> on_message(std::string_view text) {
    if (text != R"({"cmd":1,"msg":"ping"})") return std::nullopt;
    return R"({"cmd":1,"msg":"pong"})";
  }

  void on_close(Market& market) { market.leave(); }
};

}  // namespace ticker

MARGAY_PLUGIN("ticker", "1.0", margay::websocket<ticker::Ticker>("ticker"))
