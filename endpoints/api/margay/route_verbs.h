// Handlers by pattern and method: what Dispatcher and RouteGroup have in common to map them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <margay/handler_binding.h>
#include <margay/media_type.h>

namespace margay {

namespace detail {

struct Route {
  std::string pattern;
  std::vector<std::string> names{};    // of the pattern's variables
  std::vector<std::string> methods{};  // none: all
  std::vector<std::string> consumes{}, produces{};
  std::string cache_control{};
  std::uint32_t scope = 0;
  std::unique_ptr<RequestHandler> handler{};

  bool has(std::string_view method) const {
    for (const std::string& one : methods)
      if (one == method) return true;
    return methods.empty();
  }
};

inline void add_types(std::vector<std::string>& to, std::string_view type, bool wild) {
  const auto range = media_range(type);
  if (!range || (!wild && is_wild(*range)))
    throw std::invalid_argument("'" + std::string(type) + "' is no media type such as text/html");
  std::string& added = to.emplace_back(type);
  // Texts are UTF-8 where nothing else is said.
  if (!wild && added.starts_with("text/") && added.find(';') == added.npos)
    added += ";charset=utf-8";
}

// Handlers by name, as Spring's MultiActionController has them.
class Actions final : public RequestHandler {
 public:
  void add(std::string name, std::unique_ptr<RequestHandler> handler) {
    if (find(name) != nullptr) throw std::logic_error("the action '" + name + "' is there twice");
    each_.emplace_back(std::move(name), std::move(handler));
  }
  // The name is the path's last segment without its extension.
  void run(HandlerCall& call) const override {
    std::string_view name = call.request.path();
    name.remove_prefix(name.rfind('/') + 1);
    const RequestHandler* const handler = find(name.substr(0, name.rfind('.')));
    if (handler == nullptr) throw StatusError(404);
    handler->run(call);
  }
  bool takes_json() const override { return false; }
  std::string_view missing(std::span<const std::string> names) const override {
    for (const auto& each : each_)
      if (const auto name = each.second->missing(names); !name.empty()) return name;
    return {};
  }

 private:
  const RequestHandler* find(std::string_view name) const {
    for (const auto& each : each_)
      if (each.first == name) return each.second.get();
    return nullptr;
  }

  std::vector<std::pair<std::string, std::unique_ptr<RequestHandler>>> each_;
};

}  // namespace detail

// What else is said of a route. All throw std::invalid_argument for what is no media type.
class RouteOptions {
 public:
  explicit RouteOptions(detail::Route& route) : route_(route) {}
  // Only requests with a body of one of these types or ranges ("text/*"); else 415.
  template <class... Types>
  RouteOptions& consumes(const Types&... types) {
    (detail::add_types(route_.consumes, types, true), ...);
    return *this;
  }
  // Only clients that take one of these types; else 406. The best for the client is the answer's.
  template <class... Types>
  RouteOptions& produces(const Types&... types) {
    (detail::add_types(route_.produces, types, false), ...);
    return *this;
  }
  // Cache-Control of what answers GET and HEAD well: 0 is no-store.
  RouteOptions& cache_seconds(unsigned seconds) {
    route_.cache_control = seconds == 0 ? "no-store" : "max-age=" + std::to_string(seconds);
    return *this;
  }

 protected:
  detail::Route& route_;
};

// The actions of a pattern; GET, HEAD and POST unless `methods` says more or less.
template <class Owner>
class ActionOptions : public RouteOptions {
 public:
  ActionOptions(detail::Route& route, detail::Actions& actions, Owner& owner)
      : RouteOptions(route), actions_(actions), owner_(owner) {}
  // "" is the action of a path that ends in '/'.
  template <class F>
  ActionOptions& action(std::string name, F handler) {
    actions_.add(std::move(name), owner_.template bind<void>(std::move(handler)));
    return *this;
  }
  ActionOptions& methods(std::initializer_list<std::string_view> methods) {
    route_.methods.assign(methods.begin(), methods.end());
    return *this;
  }

 private:
  detail::Actions& actions_;
  Owner& owner_;
};

// Its: what has map(methods, pattern, handler) and bind. All of it in the constructor of the
// Dispatcher, where what is thrown for a bad pattern fails the start.
template <class Its>
class RouteVerbs {
 public:
  template <class F>
  RouteOptions get(std::string_view pattern, F handler) {
    return route({"GET"}, pattern, std::move(handler));
  }
  template <class F>
  RouteOptions post(std::string_view pattern, F handler) {
    return route({"POST"}, pattern, std::move(handler));
  }
  template <class F>
  RouteOptions put(std::string_view pattern, F handler) {
    return route({"PUT"}, pattern, std::move(handler));
  }
  template <class F>
  RouteOptions patch(std::string_view pattern, F handler) {
    return route({"PATCH"}, pattern, std::move(handler));
  }
  template <class F>
  RouteOptions del(std::string_view pattern, F handler) {
    return route({"DELETE"}, pattern, std::move(handler));
  }
  // Any method. HEAD is answered by GET's handler, OPTIONS by itself, where no route names them.
  template <class F>
  RouteOptions any(std::string_view pattern, F handler) {
    return route({}, pattern, std::move(handler));
  }
  template <class F>
  RouteOptions route(std::initializer_list<std::string_view> methods, std::string_view pattern,
                     F handler) {
    return RouteOptions(its().map(methods, pattern, its().template bind<void>(std::move(handler))));
  }
  // Named handlers below a pattern such as /admin/*, chosen by the last segment of the path.
  ActionOptions<Its> actions(std::string_view pattern) {
    auto handler = std::make_unique<detail::Actions>();
    detail::Actions& actions = *handler;
    return {its().map({"GET", "HEAD", "POST"}, pattern, std::move(handler)), actions, its()};
  }
  // Answers what handlers and interceptors throw: `handler` takes const E& and what handlers take.
  // The most derived type goes first, the handlers of an inner group before those around it; one
  // that rethrows passes on to the next. What was written before stays written.
  template <class E, class F>
  Its& on_error(F handler) {
    its().add_error(
        std::make_unique<detail::TypedErrorHandler<E>>(its().template bind<E>(std::move(handler))));
    return its();
  }

 private:
  Its& its() { return static_cast<Its&>(*this); }
};

}  // namespace margay
