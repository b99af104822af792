// A plugin whose answers say which build it is; the reload test writes the number into the file.
#include <margay/plugin.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

// Not constant and visible to other translation units, so that it is read when the code runs.
extern char build_mark[];
char build_mark[] = "build 0000";

class Number : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
#ifdef NUMBERED_BROKEN
  Number() { throw std::runtime_error(std::string(build_mark) + " gives up"); }
#endif
  void service(margay::Request&, margay::Response& response) override {
    response.type("text/plain").write(build_mark);
  }
};

// Holds its generation for a while on a worker, so that old ones outlive their replacement.
class Slow : public margay::Endpoint {
 public:
  void service(margay::Request&, margay::Response& response) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    response.type("text/plain").write(build_mark);
  }
};

MARGAY_PLUGIN("numbered", "1.0", margay::endpoint<Number>("number"), margay::endpoint<Slow>("slow"))
