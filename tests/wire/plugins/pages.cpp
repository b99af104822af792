// Endpoints and filters for the tests of what happens to bodies on their way.
#include <margay/plugin.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

namespace {

// Text that gets smaller, different everywhere.
std::string text_of(std::size_t size) {
  std::string text;
  for (unsigned i = 0; text.size() < size; ++i) text += "line " + std::to_string(i * i) + "\n";
  text.resize(size);
  return text;
}

// `size` bytes of text/plain in pieces of `step`; each `field` is one of the answer, `name:value`.
class Page : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
  void service(margay::Request& request, margay::Response& response) override {
    const std::string text = text_of(std::stoul(request.parameter("size", "4000")));
    response.status(std::stoi(request.parameter("status", "200")));
    response.type(request.parameter("type", "text/plain"));
    for (const std::string& field : request.parameters("field")) {
      const auto colon = field.find(':');
      response.add_header(field.substr(0, colon), field.substr(colon + 1));
    }
    if (request.has_parameter("length"))
      response.header("Content-Length", std::to_string(text.size()));
    if (request.method() == "HEAD") return;
    const std::size_t step = std::stoul(request.parameter("step", "1000000"));
    for (std::size_t at = 0; at < text.size(); at += step)
      response.write(std::string_view(text).substr(at, step));
  }
};

class WorkerPage : public Page {
 public:
  static constexpr auto dispatch = margay::Dispatch::worker;
};

// What the request has come as.
class Told : public margay::Endpoint {
 public:
  void service(margay::Request& request, margay::Response& response) override {
    response.write("path=" + std::string(request.path()) +
                   "\nquery=" + std::string(request.query()) + "\n");
  }
};

// Says one event, and another one when somebody has asked for `/go`.
std::mutex mutex;
std::condition_variable gone_on;
bool may_go_on = false;
std::optional<margay::Async> waiting;

class WorkerEvents : public margay::Endpoint {
 public:
  void service(margay::Request&, margay::Response& response) override {
    response.type("text/event-stream").write("data: one\n\n");
    response.flush();
    std::unique_lock lock(mutex);
    gone_on.wait(lock, [] { return std::exchange(may_go_on, false); });
    response.write("data: two\n\n");
  }
};

class LoopEvents : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
  void service(margay::Request&, margay::Response& response) override {
    response.type("text/event-stream").write("data: one\n\n");
    const std::scoped_lock lock(mutex);
    waiting = response.suspend();
  }
};

class Go : public margay::Endpoint {
 public:
  void service(margay::Request&, margay::Response&) override {
    const std::scoped_lock lock(mutex);
    may_go_on = true;
    gone_on.notify_all();
    if (!waiting) return;
    waiting->run([](margay::Response& its) {
      its.write("data: two\n\n");
      its.finish();
    });
    waiting.reset();
  }
};

// Knows nothing of flushes: what it gets it passes on, in brackets.
class Bracket : public margay::Filter {
 public:
  void body(std::string_view bytes, bool last, margay::Emit& emit) override {
    if (!bytes.empty()) emit("<" + std::string(bytes) + ">");
    if (last) emit("!");
  }
};

// Keeps all back until it hears of a flush or the end.
class Hoard : public margay::StatefulFilter<std::string> {
 public:
  void body(std::string_view bytes, bool last, margay::Emit& emit, std::string& kept) override {
    kept += bytes;
    if (last) flush(emit, kept);
  }
  void flush(margay::Emit& emit, std::string& kept) override {
    emit(kept);
    kept.clear();
  }
};

// Tells in `head` what it knows of the body; with `?pass` it leaves that alone.
class Knowing : public margay::Filter {
 public:
  void head(const margay::Request& request, margay::Head& head) override {
    const auto size = head.body_size();
    head.set("X-Size", size ? std::to_string(*size) : "unknown");
    if (request.has_parameter("pass")) head.pass_body();
  }
  void body(std::string_view bytes, bool, margay::Emit& emit) override { emit(bytes); }
};

class Breaking : public margay::Filter {
 public:
  void body(std::string_view, bool, margay::Emit&) override { throw std::runtime_error("broken"); }
};

}  // namespace

MARGAY_PLUGIN("pages", "1.0", margay::endpoint<Page>("page"),
              margay::endpoint<WorkerPage>("worker-page"),
              margay::endpoint<WorkerEvents>("worker-events"),
              margay::endpoint<LoopEvents>("loop-events"), margay::endpoint<Go>("go"),
              margay::endpoint<Told>("told"), margay::filter<Bracket>("bracket"),
              margay::filter<Hoard>("hoard"), margay::filter<Knowing>("knowing"),
              margay::filter<Breaking>("breaking"))
