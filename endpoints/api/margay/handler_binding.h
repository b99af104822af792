// Functions of any parameters as handlers of one form, checked when they are compiled.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <margay/handler_parameters.h>
#include <margay/handler_results.h>
#include <margay/signature.h>

namespace margay::detail {

class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  virtual void run(HandlerCall& call) const = 0;
  virtual bool takes_json() const = 0;
  // The first path parameter that is none of `names`; empty: all are there.
  virtual std::string_view missing(std::span<const std::string> names) const = 0;
};

template <class V>
concept IsArgument = requires(HandlerCall& call) {
  Argument<V>::of(call);
};

template <class V>
inline constexpr bool is_json_body = false;
template <class T>
inline constexpr bool is_json_body<JsonBody<T>> = true;

template <class V>
struct VariableOf {
  static constexpr std::string_view name{};
};
template <Literal its, class T>
struct VariableOf<PathParam<its, T>> {
  static constexpr std::string_view name = its.view();
};

// Parameter P of a handler; E is the exception it is for, or void.
template <class E, class P>
struct Parameter {
  using V = std::remove_cvref_t<P>;
  static constexpr bool is_error = std::is_same_v<E, V>;

  static constexpr bool check() {
    static_assert(
        is_error || IsArgument<V>,
        "a handler cannot take a parameter of this type; it takes margay::Request&, "
        "margay::Response&, margay::Model&, margay::PathParam<\"name\">, "
        "margay::QueryParam<\"name\">, margay::Form<\"name\">, margay::FormFile<\"name\">, "
        "margay::Multipart&, margay::Header<\"name\">, margay::CookieValue<\"name\">, "
        "margay::JsonBody<T>, margay::HttpSession, margay::Async, or a type with "
        "a margay::Argument; an error handler its exception, too");
    if constexpr (is_error) {
      static_assert(std::is_lvalue_reference_v<P> && std::is_const_v<std::remove_reference_t<P>>,
                    "the exception is taken by const reference");
    } else if constexpr (IsArgument<V>) {
      if constexpr (std::is_lvalue_reference_v<decltype(of(std::declval<HandlerCall&>()))>)
        static_assert(std::is_lvalue_reference_v<P>,
                      "margay::Request, Response, Model and Multipart are taken by reference");
      else
        static_assert(!std::is_lvalue_reference_v<P> || std::is_const_v<std::remove_reference_t<P>>,
                      "a handler takes values by value or by const reference");
    }
    return true;
  }

  static decltype(auto) of(HandlerCall& call) {
    if constexpr (is_error)
      return *static_cast<const E*>(call.error);
    else
      return Argument<V>::of(call);
  }
};

// `Work` is called as it is: with the object of a member function bound already.
template <class E, class Work, class R, class... P>
class TypedHandler final : public RequestHandler {
  static constexpr bool takes_async = (std::is_same_v<std::remove_cvref_t<P>, Async> || ...);
  static constexpr bool takes_model = (std::is_same_v<std::remove_cvref_t<P>, Model> || ...);
  static_assert((Parameter<E, P>::check() && ...));
  static_assert(!takes_async || std::is_void_v<R>,
                "a handler that takes margay::Async gives void: it answers later");
  static_assert(!takes_async || std::is_void_v<E>,
                "an error handler answers at once: it cannot take margay::Async");
  static_assert(!std::is_reference_v<R>, "a handler gives values");
  static_assert(std::is_invocable_v<const Work&, P...>,
                "a handler is called by many threads at once: it cannot be a mutable lambda");

 public:
  explicit TypedHandler(Work work) : work_(std::move(work)) {
    if constexpr (!std::is_void_v<R>) check_result<std::remove_cv_t<R>>();
  }

  // Parameters first, from the left; then the work, the interceptors, the result.
  void run(HandlerCall& call) const override {
    std::tuple<decltype(Parameter<E, P>::of(call))...> arguments{Parameter<E, P>::of(call)...};
    if constexpr (takes_async)
      std::apply([&](auto&... each) { (settle(each, call), ...); }, arguments);
    const auto invoke = [&]() -> R {
      return std::apply(
          [&](auto&&... each) -> R {
            return std::invoke(work_, std::forward<decltype(each)>(each)...);
          },
          std::move(arguments));
    };
    if constexpr (!std::is_void_v<R>) {
      auto result = invoke();
      View* const view = view_of(result);
      if (takes_model && view != nullptr) add_model(*view, call);
      finish(call, view);
      answer(std::move(result), call);
    } else if constexpr (takes_model) {
      invoke();
      View view{std::string(call.view_name), std::move(call.model)};
      finish(call, &view);
      answer(std::move(view), call);
    } else {
      invoke();
      finish(call, nullptr);
    }
  }
  bool takes_json() const override {
    return (is_json_body<std::remove_cvref_t<P>> || ... || false);
  }
  std::string_view missing([[maybe_unused]] std::span<const std::string> names) const override {
    std::string_view found;
    (look_for(VariableOf<std::remove_cvref_t<P>>::name, names, found), ...);
    return found;
  }

 private:
  template <class V>
  static void settle(V& argument, HandlerCall& call) {
    if constexpr (std::is_same_v<V, Async>) {
      argument = call.response.suspend();
      call.is_suspended = true;
    }
  }
  // What the view itself says goes before what the handler has put into its Model&.
  static void add_model(View& view, HandlerCall& call) {
    if (view.model.is_object()) call.model.update(view.model);
    view.model = std::move(call.model);
  }
  // An error handler stands outside of the interceptors.
  static void finish(HandlerCall& call, View* view) {
    if constexpr (std::is_void_v<E>) call.after_handler(view);
  }
  static void look_for(std::string_view name, std::span<const std::string> names,
                       std::string_view& found) {
    if (name.empty() || !found.empty()) return;
    for (const std::string& one : names)
      if (one == name) return;
    found = name;
  }

  Work work_;
};

template <class E, class Work, class R, class... P>
std::unique_ptr<RequestHandler> typed_handler(Work work, R (*)(P...)) {
  return std::make_unique<TypedHandler<E, Work, R, P...>>(std::move(work));
}

template <class E, class R, class... P>
std::unique_ptr<RequestHandler> signed_handler(auto work, Types<P...>) {
  return typed_handler<E>(std::move(work), static_cast<R (*)(P...)>(nullptr));
}

template <class F>
struct ClassOf;
template <class M, class C>
struct ClassOf<M C::*> {
  using Type = C;
};

// A member function with its object.
template <class E, class F, class C>
std::unique_ptr<RequestHandler> bind_member(F function, C& object) {
  using Its = Signature<F>;
  const auto work = [&object, function ]<class... A>(A && ... arguments) ->
      typename Its::Result requires std::is_invocable_v<F, C&, A...> {
    return (object.*function)(std::forward<A>(arguments)...);
  };
  return signed_handler<E, typename Its::Result>(work, typename Its::Parameters{});
}

// A function or a lambda.
template <class E, class F>
std::unique_ptr<RequestHandler> bind_function(F function) {
  if constexpr (std::is_pointer_v<F>) {
    using Its = Signature<F>;
    return signed_handler<E, typename Its::Result>(function, typename Its::Parameters{});
  } else {
    static_assert(
        requires { &F::operator(); },
        "a handler is a function, a member function or a lambda whose parameters have their types");
    using Its = Signature<decltype(&F::operator())>;
    return signed_handler<E, typename Its::Result>(std::move(function), typename Its::Parameters{});
  }
}

// A handler for exceptions of one type and what derives from it.
class ErrorHandler {
 public:
  virtual ~ErrorHandler() = default;
  // False: the exception is none of its own.
  virtual bool handle(const std::exception_ptr& thrown, HandlerCall& call) const = 0;
  // A pointer to its type is caught where the type is, so derivation can be asked without objects.
  virtual void throw_pointer() const = 0;
  virtual bool is_for_base_of(const ErrorHandler& other) const = 0;
};

template <class E>
class TypedErrorHandler final : public ErrorHandler {
 public:
  explicit TypedErrorHandler(std::unique_ptr<RequestHandler> handler)
      : handler_(std::move(handler)) {}
  bool handle(const std::exception_ptr& thrown, HandlerCall& call) const override {
    try {
      std::rethrow_exception(thrown);
    } catch (const E& error) {
      call.error = &error;
      handler_->run(call);
      return true;
    } catch (...) {
      return false;
    }
  }
  void throw_pointer() const override { throw static_cast<const E*>(nullptr); }
  bool is_for_base_of(const ErrorHandler& other) const override {
    try {
      other.throw_pointer();
    } catch (const E*) {
      return true;
    } catch (...) {
    }
    return false;
  }

 private:
  std::unique_ptr<RequestHandler> handler_;
};

// The most derived type first. One that rethrows passes on to the next.
class ErrorHandlers {
 public:
  // Throws std::logic_error for a second one of the same type.
  void add(std::unique_ptr<ErrorHandler> handler) {
    auto at = each_.begin();
    while (at != each_.end() && !(*at)->is_for_base_of(*handler)) ++at;
    if (at != each_.end() && handler->is_for_base_of(**at))
      throw std::logic_error("two error handlers for the same exception");
    each_.insert(at, std::move(handler));
  }
  bool handle(const std::exception_ptr& thrown, HandlerCall& call) const {
    for (const auto& each : each_) {
      try {
        if (each->handle(thrown, call)) return true;
      } catch (...) {
        if (std::current_exception() != thrown) throw;
      }
    }
    return false;
  }

 private:
  std::vector<std::unique_ptr<ErrorHandler>> each_;
};

}  // namespace margay::detail
