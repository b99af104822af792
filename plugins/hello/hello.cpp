#include <margay/plugin.h>

class Hello : public margay::Endpoint {
 public:
  explicit Hello(const margay::Config& config) : greeting_(config.get("greeting", "hello")) {}

  void service(margay::Request& request, margay::Response& response) override {
    response.type("text/plain").write(greeting_ + ", " + request.parameter("name", "world") + "\n");
  }

 private:
  std::string greeting_;
};

MARGAY_PLUGIN("hello", "1.0", margay::endpoint<Hello>("hello"))
