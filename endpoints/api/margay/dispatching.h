// The way of a request through a Dispatcher. Included by dispatcher.h.
#pragma once

#include <margay/dispatcher.h>

namespace margay {

inline detail::Route& Dispatcher::add_route(std::initializer_list<std::string_view> methods,
                                            std::string pattern,
                                            std::unique_ptr<detail::RequestHandler> handler,
                                            std::uint32_t scope) {
  if (sealed_) throw std::logic_error("handlers are mapped in the constructor");
  detail::Route& route = routes_.emplace_back();
  route.names = table_.add(pattern, static_cast<std::uint32_t>(routes_.size() - 1));
  route.pattern = std::move(pattern);
  route.methods.assign(methods.begin(), methods.end());
  route.scope = scope;
  route.handler = std::move(handler);
  return route;
}

inline void Dispatcher::seal() {
  for (detail::Route& route : routes_) {
    if (route.consumes.empty() && route.handler->takes_json())
      route.consumes = {"application/json", "application/*+json"};
    const std::string_view missing = route.handler->missing(route.names);
    if (!missing.empty())
      throw std::logic_error("a handler of '" + route.pattern + "' takes the path parameter '" +
                             std::string(missing) + "', which the pattern does not have");
  }
  sealed_ = true;
  table_.each_place([this](std::span<const std::uint32_t> numbers) { refuse_twins(numbers); });
}

inline void Dispatcher::refuse_twins(std::span<const std::uint32_t> numbers) const {
  for (std::size_t i = 0; i < numbers.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const detail::Route& one = routes_[numbers[j]];
      const detail::Route& other = routes_[numbers[i]];
      if (one.consumes != other.consumes || one.produces != other.produces) continue;
      for (const std::string& method : other.methods)
        if (!one.methods.empty() && one.has(method))
          throw std::logic_error("two handlers for " + method + " '" + other.pattern + "'");
      if (one.methods.empty() && other.methods.empty())
        throw std::logic_error("two handlers for any method of '" + other.pattern + "'");
    }
}

// Ranks a route of the right path: named method, then negotiated type, then the client's wish, then
// how closely it names the body's type.
inline void Dispatcher::consider(const detail::Route& route, const Request& request,
                                 Choice& choice) {
  choice.path = true;
  const bool named = !route.methods.empty() && route.has(request.method());
  const bool by_get = request.method() == "HEAD" && route.has("GET");
  if (!named && !by_get && !route.methods.empty()) return;
  choice.method = true;
  int close = route.consumes.empty() ? 1 : 0;
  if (!route.consumes.empty())
    if (const auto body = detail::media_range(request.header("content-type")))
      for (const std::string& one : route.consumes)
        close = std::max(close, detail::closeness(*detail::media_range(one), *body) * 2);
  if (close == 0) return;
  choice.body = true;
  int wish = route.produces.empty() ? 1 : 0;
  std::string_view type;
  for (const std::string& one : route.produces) {
    choice.varies = true;
    const int its = detail::accepted(request, *detail::media_range(one)) * 2;
    if (its <= wish) continue;
    wish = its;
    type = one;
  }
  if (wish == 0) return;
  const int method = named ? 2 : by_get && !route.methods.empty() ? 1 : 0;
  const int rank = (method * 4096 + wish) * 16 + close;
  if (rank <= choice.rank) return;
  choice.rank = rank;
  choice.route = &route;
  choice.type = type;
}

// A place where no route takes the request is passed over: a better method behind it still counts.
inline Dispatcher::Choice Dispatcher::choose(const Request& request, std::string_view path) const {
  Choice choice;
  table_.match(path, [&](std::span<const std::uint32_t> numbers, const detail::PathValues& values) {
    for (const std::uint32_t number : numbers) consider(routes_[number], request, choice);
    if (choice.route != nullptr) choice.values = values;
    return choice.route != nullptr;
  });
  return choice;
}

inline std::string Dispatcher::allowed(std::string_view path) const {
  std::vector<std::string_view> methods;
  const auto add = [&](std::string_view method) {
    if (std::find(methods.begin(), methods.end(), method) == methods.end())
      methods.push_back(method);
  };
  table_.match(path, [&](std::span<const std::uint32_t> numbers, const detail::PathValues&) {
    for (const std::uint32_t number : numbers)
      for (const std::string& method : routes_[number].methods) {
        add(method);
        if (method == "GET") add("HEAD");
      }
    return false;
  });
  add("OPTIONS");
  std::string list;
  for (const std::string_view method : methods)
    list.append(list.empty() ? "" : ", ").append(method);
  return list;
}

inline void Dispatcher::answer_without_route(Request& request, Response& response,
                                             std::string_view path, const Choice& choice) const {
  if (request.is_error_dispatch()) {
    // The page of an error that is not there does not change the error.
    response.send_error(request.error_status(), request.error_message());
  } else if (!choice.path) {
    response.send_error(404);
  } else if (!choice.method) {
    response.header("Allow", allowed(path));
    if (request.method() != "OPTIONS") response.send_error(405);
  } else if (!choice.body) {
    std::string wanted;
    table_.match(path, [&](std::span<const std::uint32_t> numbers, const detail::PathValues&) {
      for (const std::uint32_t number : numbers)
        if (routes_[number].has(request.method()))
          for (const std::string& type : routes_[number].consumes)
            wanted.append(wanted.empty() ? "" : ", ").append(type);
      return false;
    });
    response.header("Accept", wanted).send_error(415);
  } else {
    response.send_error(406);
  }
}

inline std::string_view Dispatcher::view_name_of(std::string_view path) {
  const auto dot = path.rfind('.');
  if (dot != path.npos && dot > path.rfind('/')) path = path.substr(0, dot);
  path.remove_prefix(1);
  return path.empty() ? "index" : path;
}

inline void Dispatcher::service(Request& request, Response& response) {
  std::string_view path = request.path();
  path.remove_prefix(std::min(request.context_path().size(), path.size()));
  if (path.empty()) path = "/";
  const Choice choice = choose(request, path);
  if (choice.varies && response.header("Vary") != "Accept") response.add_header("Vary", "Accept");
  if (choice.route == nullptr) return answer_without_route(request, response, path, choice);
  HandlerCall call(request, response, interceptors_, views_.get(), multipart_config_);
  call.type = choice.type;
  call.path_variables(choice.route->names, choice.values);
  call.view_name = view_name_of(path);
  run(*choice.route, call, path);
}

inline void Dispatcher::run(const detail::Route& route, HandlerCall& call,
                            std::string_view path) const {
  const std::string_view method = call.request.method();
  const bool caches = !route.cache_control.empty() && (method == "GET" || method == "HEAD");
  std::exception_ptr thrown;
  try {
    if (caches) call.response.header("Cache-Control", route.cache_control);
    if (call.before_handler(path)) route.handler->run(call);
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) {
    thrown = resolved(std::move(thrown), route, call);
    call.is_suspended = false;
  }
  complete(call, thrown);
  if (thrown) std::rethrow_exception(thrown);
}

// Nothing when an error handler or a status has answered; else what is left of it.
inline std::exception_ptr Dispatcher::resolved(std::exception_ptr thrown,
                                               const detail::Route& route,
                                               HandlerCall& call) const {
  try {
    if (!route.cache_control.empty()) call.response.remove_header("Cache-Control");
    for (std::uint32_t scope = route.scope;; scope = scopes_[scope].parent) {
      if (scopes_[scope].errors.handle(thrown, call)) {
        if (call.is_suspended) call.response.finish();
        return nullptr;
      }
      if (scope == 0) break;
    }
  } catch (...) {  // of the error handler itself, or too late for any
    thrown = std::current_exception();
  }
  try {
    std::rethrow_exception(thrown);
  } catch (const StatusError&) {
    if (detail::answer_thrown(call.response.host(), call.response.exchange(), log_) == MARGAY_OK)
      return nullptr;
  } catch (...) {
  }
  return thrown;
}

inline void Dispatcher::complete(HandlerCall& call, const std::exception_ptr& thrown) const {
  if (call.is_suspended) return;
  const auto tell = [&](const std::exception* error) {
    call.in_reverse([&](HandlerInterceptor& each) {
      try {
        each.after_completion(call.request, call.response, error);
      } catch (const std::exception& trouble) {
        log_.error(std::string("after_completion: ") + trouble.what());
      } catch (...) {
        log_.error("after_completion: an exception that is no std::exception");
      }
    });
  };
  if (!thrown) return tell(nullptr);
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    tell(&error);
  } catch (...) {
    const std::runtime_error unknown("an exception that is no std::exception");
    tell(&unknown);
  }
}

}  // namespace margay
