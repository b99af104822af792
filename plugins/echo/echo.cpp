// Says again what it hears: as a class whose events are virtual functions, and as a plain struct
// whose messages are values of a type.
#include <margay/json.h>
#include <margay/plugin.h>
#include <margay/websocket.h>

// Text and bytes. What a client does not read in time is the configured `overflow`'s business.
class Echo : public margay::WebSocket {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;

  void message(margay::Session session, std::string_view text) override { session.text(text); }
  void binary(margay::Session session, margay::Binary bytes) override { session.binary(bytes); }
};

struct Call {
  int code = 0;
  std::string msg;
  nlohmann::json data;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Call, code, msg, data)

// Objects of code, msg and data. Anything else reaches on_error, and the socket stays open.
struct JsonEcho {
  static constexpr auto dispatch = margay::Dispatch::loop;
  using Decoders = margay::Decoders<margay::Json<Call>>;
  using Encoders = margay::Encoders<margay::Json<Call>>;

  Call on_message(Call call) { return call; }
  void on_error(const std::exception&, margay::Session session) {
    session.text(R"({"code":400,"msg":"not an object of code, msg and data","data":null})");
  }
};

MARGAY_PLUGIN("echo", "1.0", margay::websocket<Echo>("echo"), margay::websocket<JsonEcho>("json"))
