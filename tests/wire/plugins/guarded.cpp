// What an endpoint knows of its user, and a realm of a library.
#include <optional>
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
    response.write(text);
  }
};

class MeOnLoop : public Me {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
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
              margay::endpoint<MeOnLoop>("me_on_loop"), margay::websocket<Renewed>("renewed"),
              margay::realm<Fixed>("fixed"))
