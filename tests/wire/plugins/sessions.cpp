// A plugin that does with sessions what the query says, and tells what listeners heard.
#include <margay/json.h>
#include <margay/plugin.h>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace {

using Numbers = std::map<std::string, int>;

std::mutex heard_mutex;
std::string heard;  // what listeners were told, guarded by heard_mutex

void note(const margay::SessionChange& change) {
  static constexpr const char* kNames[] = {"",      "created",  "destroyed", "id",
                                           "added", "replaced", "removed"};
  const std::scoped_lock lock(heard_mutex);
  heard += kNames[change.event];
  if (change.event == MARGAY_SESSION_ID_CHANGED && change.old_id != change.session.id())
    heard += "-changed";
  if (change.event == MARGAY_SESSION_DESTROYED)
    heard += " with " + change.session.get("a").value_or("nothing");
  if (!change.name.empty())
    heard += " " + std::string(change.name) + "=" + std::string(change.value);
  if (!change.old_value.empty()) heard += " was " + std::string(change.old_value);
  heard += "\n";
}

// ?make, ?peek, ?set=name:value, ?get=name, ?remove=name, ?end, ?change, ?age=seconds, ?late.
template <margay::Dispatch Where>
class Sessions : public margay::Endpoint {
 public:
  static constexpr auto dispatch = Where;

  explicit Sessions(const margay::Config& config) {
    if (config.has("listens")) margay::on_session_change(config, note);
  }

  void service(margay::Request& request, margay::Response& response) override {
    response.type("text/plain");
    if (request.has_parameter("heard")) {
      const std::scoped_lock lock(heard_mutex);
      response.write(heard);
      heard.clear();
      return;
    }
    if (request.has_parameter("peek")) {
      const auto session = request.session_if_any();
      response.write(session ? "there " + session->get("a").value_or("") : "none");
      return;
    }
    if (request.has_parameter("late")) {
      response.flush();
      try {
        request.session();
        response.write("made");
      } catch (const margay::SessionError& error) {
        response.write(error.what());
      }
      return;
    }
    margay::HttpSession session = request.session();
    if (request.has_parameter("set")) {
      const std::string what = request.parameter("set");
      const auto colon = what.find(':');
      response.write(session.set(what.substr(0, colon), std::string_view(what).substr(colon + 1))
                         ? "set "
                         : "full ");
    }
    if (request.has_parameter("big"))
      response.write(
          session.set(
              "big",
              std::string(static_cast<std::size_t>(std::stoi(request.parameter("big"))), 'x'))
              ? "set "
              : "full ");
    if (request.has_parameter("get"))
      response.write(session.get(request.parameter("get")).value_or("none") + " ");
    if (request.has_parameter("remove")) session.remove(request.parameter("remove"));
    if (request.has_parameter("age"))
      session.max_inactive(std::chrono::seconds(std::stoi(request.parameter("age"))));
    if (request.has_parameter("change")) response.write(session.change_id() ? "changed " : "not ");
    if (request.has_parameter("count"))
      session.set("count", session.get<int>("count").value_or(0) + 1);
    if (request.has_parameter("json")) {
      session.set<margay::Json>("json", Numbers{{"one", 1}});
      const auto back = session.get<margay::Json, Numbers>("json");
      response.write(back && back->at("one") == 1 && !session.get<int>("json") ? "typed " : "bad ");
    }
    if (request.has_parameter("end")) session.invalidate();
    response.write((session.is_new() ? "new " : "old ") + session.id() +
                   (session.is_valid() ? "" : " ended"));
  }
};

using OnLoop = Sessions<margay::Dispatch::loop>;
using OnWorker = Sessions<margay::Dispatch::worker>;

// ?go lets whoever waits go on; others wait for it, without a thread.
class Slow : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;

  void service(margay::Request& request, margay::Response& response) override {
    const std::scoped_lock lock(mutex_);
    if (request.has_parameter("go")) {
      response.write(std::to_string(held_.size()));
      for (auto& one : held_) {
        one.run([](margay::Response& its) { its.write("done"); });
        one.finish();
      }
      held_.clear();
      return;
    }
    if (request.has_parameter("held"))
      response.write(std::to_string(held_.size()));
    else
      held_.push_back(response.suspend());
  }

 private:
  std::mutex mutex_;
  std::vector<margay::Async> held_;
};

// Makes a session for whoever asks.
class Maker : public margay::Filter {
 public:
  bool before(margay::Request& request, margay::Response&) override {
    request.session();
    return true;
  }
};
class MakerAtHandshake : public margay::Interceptor {
 public:
  bool before(margay::Request& request, margay::Response&) override {
    request.session();
    return true;
  }
};

// Ends the session of a handshake when its 101 is on its way. For one client.
class Traitor : public margay::Interceptor {
 public:
  bool before(margay::Request& request, margay::Response&) override {
    session_ = request.session_if_any();
    return true;
  }
  void after(const margay::Request&, std::string_view failure) override {
    if (failure.empty() && session_) session_->invalidate();
    session_.reset();
  }

 private:
  std::optional<margay::HttpSession> session_;
};

// A WebSocket that says nothing of its own.
class Quiet : public margay::WebSocket {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
  void message(margay::Session session, std::string_view text) override { session.text(text); }
};

}  // namespace

MARGAY_PLUGIN("sessions", "1.0", margay::endpoint<OnLoop>("on-loop"),
              margay::endpoint<OnWorker>("on-worker"), margay::endpoint<Slow>("slow"),
              margay::filter<Maker>("maker"), margay::interceptor<MakerAtHandshake>("maker"),
              margay::interceptor<Traitor>("traitor"), margay::websocket<Quiet>("quiet"))
