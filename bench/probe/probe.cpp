// The endpoints that load and conformance tools call: each does one thing, in the cheapest way that
// the public API has.
#include <margay/plugin.h>

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

// Adds a field to the answer: what a chain with one filter costs.
class Stamp : public margay::Filter {
 public:
  void head(const margay::Request&, margay::Head& head) override { head.set("X-Probe", "1"); }
};

MARGAY_PLUGIN("probe", "1.0", margay::endpoint<Plaintext>("plaintext"),
              margay::endpoint<PlaintextWorker>("plaintext-worker"), margay::endpoint<Json>("json"),
              margay::endpoint<Mirror>("mirror"), margay::filter<Stamp>("stamp"))
