// Endpoints that pass requests on to each other, that throw, and that tell what they see.
#include <margay/plugin.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "dispatch_kind.h"

namespace shop {

struct Broken : std::logic_error {
  using std::logic_error::logic_error;
};
struct Gone : margay::StatusError {
  using StatusError::StatusError;
};

}  // namespace shop

namespace {

using shop::Broken;
using shop::Gone;

// Says what it was asked, and what its thread is.
template <margay::Dispatch its>
struct Told : margay::Endpoint {
  static constexpr margay::Dispatch dispatch = its;
  void service(margay::Request& request, margay::Response& response) override {
    response.header("X-Told", "1").status(203);
    std::string text = "[" + kind_of(request) + " " + std::string(request.method()) + " ";
    text.append(request.servlet_path()).append("|").append(request.path_info());
    text.append("?").append(request.query()).append(" id=").append(request.path_parameter("id"));
    text.append(" a=");
    for (const std::string& value : request.parameters("a")) text += value + ";";
    text.append(" body=").append(request.body());
    for (const char* kind : {"forward", "include", "async"})
      for (const char* name : {"request_uri", "servlet_path", "path_info", "query_string"})
        if (const auto value =
                request.attribute("jakarta.servlet." + std::string(kind) + "." + name))
          text.append(" ").append(kind).append(".").append(name).append("=").append(*value);
    response.write(text + "]");
  }
};

// `to`, how (`do`), and what comes before it.
template <margay::Dispatch its>
struct Goes : margay::Endpoint {
  static constexpr margay::Dispatch dispatch = its;
  void service(margay::Request& request, margay::Response& response) override {
    const std::string how = request.parameter("do", "forward");
    const std::string to = request.parameter("to");
    response.header("X-From", "goes");
    if (request.has_parameter("write")) response.write("before ");
    if (request.has_parameter("flush")) response.flush();
    if (how == "forward") {
      response.forward(to);
      if (response.write("lost") != margay::Write::closed) std::abort();
    } else if (how == "named") {
      response.forward_named(to);
    } else if (how == "include") {
      const int status = response.include(to);
      response.write(" status=" + std::to_string(status) + " after");
    } else if (how == "include-named") {
      response.write(std::to_string(response.include_named(to)));
    } else if (how == "twice") {
      response.include(to);
      response.write(" and ");
      response.include(to);
    } else if (how == "async") {
      std::thread([async = response.suspend(), to]() mutable { async.dispatch(to); }).detach();
    } else if (how == "throw-behind") {
      response.forward(to);
      throw std::runtime_error("behind the forward");
    }
  }
};

struct Seen : margay::Filter {
  bool before(margay::Request& request, margay::Response& response) override {
    if (request.dispatcher() == MARGAY_INCLUDE)
      response.write("<");
    else
      response.add_header("X-Seen", kind_of(request));
    return true;
  }
};

// Passes on what has a parameter `filter-to`.
struct Turnout : margay::Filter {
  bool before(margay::Request& request, margay::Response& response) override {
    if (!request.has_parameter("filter-to")) return true;
    response.forward(request.parameter("filter-to"));
    return false;
  }
};

// Throws once its client has gone.
template <margay::Dispatch its>
struct Abandoned : margay::Endpoint {
  static constexpr margay::Dispatch dispatch = its;
  explicit Abandoned(const margay::Config& config) : log(config.logger()) {}
  void service(margay::Request&, margay::Response& response) override {
    auto waits = std::make_shared<margay::Async>(response.suspend());
    response.on_abort([waits, this](margay::Response&) {
      log.info("abandoned");
      throw Broken("nobody hears it");
    });
    log.info("waits");
  }
  margay::Logger log;
};

template <margay::Dispatch its>
struct Throws : margay::Endpoint {
  static constexpr margay::Dispatch dispatch = its;
  void service(margay::Request& request, margay::Response& response) override {
    const std::string what = request.parameter("what");
    if (request.has_parameter("late")) response.write(std::string(20'000, 'x'));
    if (request.has_parameter("errors"))
      request.attribute("margay.errors", R"([{"field":"name","message":"is <missing>"}])");
    if (what == "broken") throw Broken("secret inside");
    if (what == "runtime") throw std::runtime_error("secret inside");
    if (what == "int") throw 7;
    if (what == "status") throw margay::StatusError(409, "It is <taken>.");
    if (what == "gone") throw Gone(410, "It has gone.");
    if (what == "nested") {
      try {
        throw Broken("the cause");
      } catch (...) {
        std::throw_with_nested(std::runtime_error("the effect"));
      }
    }
    if (what == "set") {
      response.status(404).write("its own words");
      return;
    }
    if (what == "set-only") {
      response.status(404);
      return;
    }
    if (what == "later") {
      response.suspend().run([](margay::Response&) { throw Broken("later"); });
      return;
    }
    response.send_error(std::stoi(what), "You did <it>.");
  }
};

struct ThrowingFilter : margay::Filter {
  bool before(margay::Request& request, margay::Response&) override {
    if (request.has_parameter("filter")) throw margay::StatusError(402, "Pay first.");
    return true;
  }
};

template <margay::Dispatch its>
struct Reports : margay::Endpoint {
  static constexpr margay::Dispatch dispatch = its;
  explicit Reports(const margay::Config& config) : log(config.logger()) {}
  void service(margay::Request& request, margay::Response& response) override {
    log.info("reports " + std::string(request.error_path()));
    std::string text =
        kind_of(request) + " " + std::string(request.method()) + " " +
        std::to_string(request.error_status()) + " '" + std::string(request.error_message()) +
        "' " + std::string(request.error_path()) + " " + std::string(request.error_method()) +
        " by " + std::string(request.error_endpoint()) + " " +
        std::string(request.error_exception()) + "\n" + std::string(request.error_trace()) + "\n";
    for (const char* name : {"status_code", "exception_type", "message", "request_uri",
                             "servlet_name", "method", "query_string"})
      text.append(name)
          .append("=")
          .append(request.attribute("jakarta.servlet.error." + std::string(name)).value_or("-"))
          .append("\n");
    response.write(text + "page=" + request.parameter("page", "-") + "\n");
    if (request.has_parameter("fail")) throw std::runtime_error("the page is broken, too");
  }
  margay::Logger log;
};

using margay::Dispatch;

}  // namespace

MARGAY_PLUGIN("dispatches", "1", margay::endpoint<Told<Dispatch::loop>>("told"),
              margay::endpoint<Told<Dispatch::worker>>("told-worker"),
              margay::endpoint<Goes<Dispatch::loop>>("goes"),
              margay::endpoint<Goes<Dispatch::worker>>("goes-worker"),
              margay::endpoint<Throws<Dispatch::loop>>("throws"),
              margay::endpoint<Throws<Dispatch::worker>>("throws-worker"),
              margay::endpoint<Abandoned<Dispatch::loop>>("abandoned"),
              margay::endpoint<Abandoned<Dispatch::worker>>("abandoned-worker"),
              margay::endpoint<Reports<Dispatch::loop>>("reports"),
              margay::endpoint<Reports<Dispatch::worker>>("reports-worker"),
              margay::filter<Seen>("seen"), margay::filter<Turnout>("turnout"),
              margay::filter<ThrowingFilter>("throwing"))
