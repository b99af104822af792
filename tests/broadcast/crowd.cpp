// A plugin for the broadcast test: sockets that listen to topics, an endpoint that publishes to
// them from several threads at once, and one that says how all are.
#include <margay/plugin.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

// What the types of this plugin share.
struct Crowd {
  std::mutex mutex;  // guards the sets
  std::set<margay::Session> sessions;
  std::map<std::uint16_t, int> closed;  // how many with which code
  std::atomic<int> errors{0};
} crowd;

std::size_t number(const margay::Request& request, std::string_view parameter) {
  return std::stoul(request.parameter(parameter));
}

}  // namespace

// Listens to "/news", and to what it names.
class Listener : public margay::WebSocket {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
  static constexpr auto scope = margay::Scope::shared;
  void open(margay::Session session) override {
    const std::scoped_lock lock(crowd.mutex);
    crowd.sessions.insert(session);
    session.subscribe("/news");
  }
  void message(margay::Session session, std::string_view topic) override {
    session.text(session.subscribe(topic) ? "subscribed" : "refused");
  }
  void error(margay::Session, const std::exception&) override { ++crowd.errors; }
  void close(margay::Session session, margay::CloseReason why) override {
    const std::scoped_lock lock(crowd.mutex);
    crowd.sessions.erase(session);
    ++crowd.closed[why.code];
  }
};

// /publish?topic=/news&threads=3&messages=10&size=1024: texts "THREAD SEQUENCE xxx…", and answers
// when every loop has delivered them.
class Publisher : public margay::Endpoint {
 public:
  explicit Publisher(const margay::Config& config) : config_(config) {}

  void service(margay::Request& request, margay::Response& response) override {
    const std::string topic = request.parameter("topic");
    const std::size_t messages = number(request, "messages"), size = number(request, "size");
    const std::size_t first = number(request, "first");
    std::vector<std::size_t>& next = next_[topic];
    next.resize(std::max(next.size(), number(request, "threads")));
    const auto tally = std::make_shared<Tally>();
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < number(request, "threads"); ++i)
      threads.emplace_back([&, i] {
        for (std::size_t one = 0; one < messages; ++one) {
          std::string text = std::to_string(first + i) + " " + std::to_string(next[i]++) + " ";
          text.resize(std::max(size, text.size()), 'x');
          publish(topic, text, tally);
        }
      });
    for (std::thread& thread : threads) thread.join();
    for (std::size_t left; (left = tally->pending.load()) > 0;) tally->pending.wait(left);
    response.type("application/json")
        .write("{\"queued\":" + std::to_string(tally->queued) +
               ",\"refused\":" + std::to_string(tally->refused) +
               ",\"failed\":" + std::to_string(tally->failed) + "}");
  }

 private:
  // Of one request, until the last delivery is known.
  struct Tally {
    std::atomic<std::size_t> pending{0};
    std::atomic<std::uint64_t> queued{0}, refused{0}, failed{0};
  };

  void publish(const std::string& topic, const std::string& text,
               const std::shared_ptr<Tally>& tally) {
    const auto done = [tally](margay::Delivery delivery) {
      tally->queued += delivery.queued;
      tally->refused += delivery.refused;
      --tally->pending;
      tally->pending.notify_all();
    };
    for (;;) {
      const std::size_t waiting = ++tally->pending;
      const margay::Send result = margay::publish(config_, topic, text, {}, done);
      if (result == margay::Send::queued) return;
      --tally->pending;
      tally->pending.notify_all();
      if (result != margay::Send::full) {
        ++tally->failed;
        return;
      }
      if (waiting > 1) tally->pending.wait(waiting - 1);  // one of the others will be delivered
    }
  }

  const margay::Config config_;
  std::map<std::string, std::vector<std::size_t>> next_;  // one request at a time
};

// /figures: sums and largest of all open sessions.
class Figures : public margay::Endpoint {
 public:
  void service(margay::Request&, margay::Response& response) override {
    const std::scoped_lock lock(crowd.mutex);
    std::uint64_t queued_bytes = 0, queued_messages = 0, dropped = 0;
    for (const margay::Session session : crowd.sessions) {
      const margay_session_figures figures = session.figures();
      queued_bytes = std::max(queued_bytes, figures.queued_bytes);
      queued_messages = std::max<std::uint64_t>(queued_messages, figures.queued_messages);
      dropped += figures.dropped_messages;
    }
    std::string closed;
    for (const auto& [code, count] : crowd.closed)
      closed +=
          (closed.empty() ? "\"" : ",\"") + std::to_string(code) + "\":" + std::to_string(count);
    response.type("application/json")
        .write("{\"open\":" + std::to_string(crowd.sessions.size()) +
               ",\"most_bytes\":" + std::to_string(queued_bytes) + ",\"most_messages\":" +
               std::to_string(queued_messages) + ",\"dropped\":" + std::to_string(dropped) +
               ",\"errors\":" + std::to_string(crowd.errors) + ",\"closed\":{" + closed + "}}");
  }
};

MARGAY_PLUGIN("crowd", "1.0", margay::websocket<Listener>("listener"),
              margay::endpoint<Publisher>("publisher"), margay::endpoint<Figures>("figures"))
