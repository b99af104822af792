// Says who the client is by its certificate, and what its connection is encrypted with.
#include <margay/plugin.h>

#include <string>

namespace {

class WhoAmI : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;

  void service(margay::Request& request, margay::Response& response) override {
    response.type("text/plain; charset=utf-8");
    const auto tls = request.tls();
    if (!tls) {
      response.write("You are anybody: this connection is not encrypted.\n");
      return;
    }
    const margay::Certificate* const you = tls->peer();
    if (you == nullptr)
      response.write("You have shown no certificate.\n");
    else if (tls->is_trusted())
      response.write("You are " + std::string(you->subject()) + ", says " +
                     std::string(you->issuer()) + ".\n");
    else
      response.write("You say that you are " + std::string(you->subject()) +
                     ", but: " + std::string(tls->distrust()) + ".\n");
    response.write(std::string(tls->protocol()) + ", " + std::string(tls->cipher_suite()) + "\n");
  }
};

}  // namespace

MARGAY_PLUGIN("whoami", "1.0", margay::endpoint<WhoAmI>("whoami"))
