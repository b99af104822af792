// A front controller: many handlers behind one endpoint, as Spring's DispatcherServlet. Not part of
// plugin.h, as it needs nlohmann-json.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <margay/conditional.h>
#include <margay/endpoint.h>
#include <margay/route_verbs.h>

namespace margay {

class Dispatcher;

// Routes under a common prefix, with error handlers of their own. A value; use it in the
// constructor of the Dispatcher that gave it.
class RouteGroup : public RouteVerbs<RouteGroup> {
 public:
  RouteGroup(Dispatcher& dispatcher, std::string prefix, std::uint32_t scope)
      : dispatcher_(&dispatcher), prefix_(std::move(prefix)), scope_(scope) {}
  RouteGroup group(std::string_view prefix);

  // For RouteVerbs.
  detail::Route& map(std::initializer_list<std::string_view> methods, std::string_view pattern,
                     std::unique_ptr<detail::RequestHandler> handler);
  template <class E, class F>
  std::unique_ptr<detail::RequestHandler> bind(F function);
  void add_error(std::unique_ptr<detail::ErrorHandler> handler);

 private:
  Dispatcher* dispatcher_;
  std::string prefix_;
  std::uint32_t scope_;
};

// Which paths an interceptor is for; all when nothing is said.
class InterceptorOptions {
 public:
  InterceptorOptions(std::vector<detail::InterceptorUse>& all, std::size_t index)
      : all_(all), index_(index) {}
  InterceptorOptions& on(std::string_view pattern) {
    all_[index_].paths.add(pattern, 0);
    all_[index_].everywhere = false;
    return *this;
  }
  InterceptorOptions& except(std::string_view pattern) {
    all_[index_].excepted.add(pattern, 0);
    return *this;
  }

 private:
  std::vector<detail::InterceptorUse>& all_;
  std::size_t index_;
};

// Derive from it and map handlers in the constructor; MARGAY_PLUGIN has it as margay::endpoint<T>.
// Patterns are within the application, whatever path the endpoint itself is mapped to. After the
// constructor nothing changes any more, so threads share it without a lock. docs/plugins.md says
// what handlers take and give.
//
// What no handler takes is a 404, 405 with Allow, 415 or 406; a StatusError that no error handler
// takes is its status, a ParameterError 400, everything else the container's 500.
class Dispatcher : public Endpoint, public RouteVerbs<Dispatcher> {
 public:
  explicit Dispatcher(const Config& config) : config_(config), log_(config.logger()) {}
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  RouteGroup group(std::string_view prefix) { return open_group(std::string(prefix), 0); }
  // Makes the object whose member functions are handlers: one of each class. Without it, one is
  // made from const Config& or nothing when a handler needs it.
  template <class C, class... A>
  C& make(A&&... arguments) {
    if (find_object(key<C>()) != nullptr)
      throw std::logic_error("there is an object of this class already");
    auto object = std::make_shared<C>(std::forward<A>(arguments)...);
    objects_.emplace_back(key<C>(), object);
    return *object;
  }
  // At most 64, in this order.
  template <class I, class... A>
  InterceptorOptions intercept(A&&... arguments) {
    static_assert(std::is_base_of_v<HandlerInterceptor, I>,
                  "an interceptor derives from margay::HandlerInterceptor");
    if (interceptors_.size() == 64) throw std::logic_error("there are 64 interceptors already");
    interceptors_.push_back({std::make_shared<I>(std::forward<A>(arguments)...), {}, {}});
    return {interceptors_, interceptors_.size() - 1};
  }
  // What renders the views, such as margay::Templates.
  template <class V, class... A>
  V& views(A&&... arguments) {
    auto views = std::make_unique<V>(std::forward<A>(arguments)...);
    V& its = *views;
    views_ = std::move(views);
    return its;
  }

  // Limits of the bodies that handlers take as margay::Multipart, FormFile and Form.
  void multipart(MultipartConfig limits) { multipart_config_ = std::move(limits); }

  void service(Request& request, Response& response) final;

  // For RouteVerbs.
  detail::Route& map(std::initializer_list<std::string_view> methods, std::string_view pattern,
                     std::unique_ptr<detail::RequestHandler> handler) {
    return add_route(methods, std::string(pattern), std::move(handler), 0);
  }
  template <class E, class F>
  std::unique_ptr<detail::RequestHandler> bind(F function) {
    if constexpr (std::is_member_function_pointer_v<F>)
      return detail::bind_member<E>(function, object<typename detail::ClassOf<F>::Type>());
    else
      return detail::bind_function<E>(std::move(function));
  }
  void add_error(std::unique_ptr<detail::ErrorHandler> handler) {
    scopes_[0].errors.add(std::move(handler));
  }

 protected:
  // Of the derived class, after its constructor: compiles what it has mapped. Throws
  // std::logic_error for routes that fight for the same requests, and for a path parameter that its
  // pattern does not have.
  void seal();

 private:
  friend class RouteGroup;

  struct Scope {
    std::uint32_t parent = 0;
    detail::ErrorHandlers errors{};
  };
  // What was found for one request, or how far it came.
  struct Choice {
    const detail::Route* route = nullptr;
    int rank = 0;
    std::string_view type{};
    detail::PathValues values{};
    bool path = false, method = false, body = false, varies = false;
  };

  template <class C>
  static const void* key() {
    static constexpr char own = 0;
    return &own;
  }
  void* find_object(const void* its_key) const {
    for (const auto& one : objects_)
      if (one.first == its_key) return one.second.get();
    return nullptr;
  }
  template <class C>
  C& object() {
    if constexpr (std::is_base_of_v<Dispatcher, C>) {
      return static_cast<C&>(*this);
    } else {
      if (void* const known = find_object(key<C>())) return *static_cast<C*>(known);
      if constexpr (std::is_constructible_v<C, const Config&>)
        return make<C>(config_);
      else if constexpr (std::is_default_constructible_v<C>)
        return make<C>();
      else
        throw std::logic_error("call make<C>(...) before the handlers of a class that is made so");
    }
  }

  RouteGroup open_group(std::string prefix, std::uint32_t parent) {
    scopes_.push_back({parent, {}});
    return {*this, std::move(prefix), static_cast<std::uint32_t>(scopes_.size() - 1)};
  }
  detail::Route& add_route(std::initializer_list<std::string_view> methods, std::string pattern,
                           std::unique_ptr<detail::RequestHandler> handler, std::uint32_t scope);
  void refuse_twins(std::span<const std::uint32_t> numbers) const;

  Choice choose(const Request& request, std::string_view path) const;
  static void consider(const detail::Route& route, const Request& request, Choice& choice);
  std::string allowed(std::string_view path) const;
  static std::string_view view_name_of(std::string_view path);
  void answer_without_route(Request& request, Response& response, std::string_view path,
                            const Choice& choice) const;
  void run(const detail::Route& route, HandlerCall& call, std::string_view path) const;
  std::exception_ptr resolved(std::exception_ptr thrown, const detail::Route& route,
                              HandlerCall& call) const;
  void complete(HandlerCall& call, const std::exception_ptr& thrown) const;

  Config config_;
  Logger log_;
  detail::PathTable table_;
  std::deque<detail::Route> routes_;
  std::vector<Scope> scopes_{1};
  std::vector<detail::InterceptorUse> interceptors_;
  std::vector<std::pair<const void*, std::shared_ptr<void>>> objects_;
  std::unique_ptr<const Views> views_;
  MultipartConfig multipart_config_;
  bool sealed_ = false;
};

template <class E, class F>
std::unique_ptr<detail::RequestHandler> RouteGroup::bind(F function) {
  return dispatcher_->bind<E>(std::move(function));
}
inline RouteGroup RouteGroup::group(std::string_view prefix) {
  return dispatcher_->open_group(prefix_ + std::string(prefix), scope_);
}
inline detail::Route& RouteGroup::map(std::initializer_list<std::string_view> methods,
                                      std::string_view pattern,
                                      std::unique_ptr<detail::RequestHandler> handler) {
  return dispatcher_->add_route(methods, prefix_ + std::string(pattern), std::move(handler),
                                scope_);
}
inline void RouteGroup::add_error(std::unique_ptr<detail::ErrorHandler> handler) {
  dispatcher_->scopes_[scope_].errors.add(std::move(handler));
}

namespace detail {

// A dispatcher whose constructor is through.
template <class T>
class Sealed final : public T {
 public:
  explicit Sealed(const Config& config) requires std::is_constructible_v<T, const Config&>
      : T(config) {
    this->seal();
  }
};

}  // namespace detail

// As for other endpoints.
template <class T>
requires std::is_base_of_v<Dispatcher, T>
constexpr margay_endpoint_type endpoint(const char* name) {
  static_assert(std::is_constructible_v<T, const Config&>,
                "a dispatcher is made from const margay::Config&");
  static_assert(!std::is_final_v<T>, "a dispatcher cannot be final");
  using Its = detail::Sealed<T>;
  return {sizeof(margay_endpoint_type),
          static_cast<std::uint32_t>(T::dispatch) | static_cast<std::uint32_t>(T::body),
          name,
          detail::create<Its>,
          detail::service<Its>,
          detail::destroy<Its>};
}

}  // namespace margay

#include <margay/dispatching.h>  // the bodies of its functions
