// What handlers of a Dispatcher may give, and how it becomes an answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <margay/handler_call.h>
#include <margay/json.h>
#include <margay/media_type.h>

namespace margay {

// Somewhere else: `location` as it is, or, when it begins with "~/", within the application.
struct Redirect {
  std::string location;
  int status = 303;  // read it with GET
};

// A status without a body.
struct Status {
  int code = 204;
};

// Any other result with a status and header fields: Reply{201, post, {{"Location", "/posts/7"}}}.
template <class T>
struct Reply {
  int status;
  T body;
  std::vector<std::pair<std::string, std::string>> fields{};
};
template <class T>
Reply(int, T) -> Reply<T>;
template <class T>
Reply(int, T, std::vector<std::pair<std::string, std::string>>) -> Reply<T>;

// How a result of type R is answered. Give one for a type of your own:
//   template <> struct margay::Result<Picture> {
//     static void answer(Picture&& picture, margay::HandlerCall& call);
//   };
template <class R>
struct Result;

namespace detail {

template <class R>
concept HasJson = requires(const R& value, nlohmann::json& json) {
  nlohmann::json(value);
};
template <class R>
inline constexpr bool is_text_result = std::is_convertible_v<const R&, std::string_view>;

// Sets the type, unless the handler did.
inline void set_type(Response& response, std::string_view type) {
  if (response.header("Content-Type").empty()) response.type(type);
}

inline bool is_json(std::string_view type) {
  const auto range = media_range(type);
  return range && (closeness({"application", "json"}, *range) != 0 ||
                   closeness({"application", "*+json"}, *range) != 0);
}

template <class R>
void answer(R&& result, HandlerCall& call) {
  using Its = std::remove_cvref_t<R>;
  if constexpr (requires { Result<Its>::answer(std::move(result), call); }) {
    Result<Its>::answer(std::move(result), call);
  } else if constexpr (is_text_result<Its>) {
    set_type(call.response, call.type.empty() ? "text/plain;charset=utf-8" : call.type);
    call.response.write(std::string_view(result));
  } else {
    set_type(call.response, is_json(call.type) ? call.type : "application/json");
    call.response.write(
        nlohmann::json(result).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
}

template <class R>
constexpr bool check_result() {
  static_assert(
      requires(R result, HandlerCall & call) { Result<R>::answer(std::move(result), call); } ||
          is_text_result<R> || HasJson<R>,
      "a handler gives void, margay::View, margay::Redirect, margay::Status, "
      "margay::Reply, text, or a value with to_json; an optional (404) or a variant of them");
  return true;
}

// The view within a result, for interceptors.
inline View* view_of(View& view) { return &view; }
template <class T>
View* view_of(T&) {
  return nullptr;
}
template <class T>
View* view_of(Reply<T>& reply) {
  return view_of(reply.body);
}
template <class T>
View* view_of(std::optional<T>& maybe) {
  return maybe ? view_of(*maybe) : nullptr;
}
template <class... Ts>
View* view_of(std::variant<Ts...>& one) {
  return std::visit([](auto& its) { return view_of(its); }, one);
}

}  // namespace detail

template <>
struct Result<View> {
  static void answer(View&& view, HandlerCall& call) {
    if (call.views == nullptr)
      throw std::logic_error("no views for '" + view.name + "': call views() in the constructor");
    if (!call.type.empty()) detail::set_type(call.response, call.type);
    call.views->render(view, call.response);
  }
};
template <>
struct Result<Redirect> {
  static void answer(Redirect&& to, HandlerCall& call) {
    if (to.location.starts_with("~/")) to.location.replace(0, 1, call.request.context_path());
    call.response.redirect(to.location, to.status);
  }
};
template <>
struct Result<Status> {
  static void answer(Status&& status, HandlerCall& call) { call.response.status(status.code); }
};
template <class T>
struct Result<Reply<T>> {
  static_assert(detail::check_result<T>());
  static void answer(Reply<T>&& reply, HandlerCall& call) {
    call.response.status(reply.status);
    for (const auto& [name, value] : reply.fields) call.response.add_header(name, value);
    detail::answer(std::move(reply.body), call);
  }
};
template <class T>
struct Result<std::optional<T>> {
  static_assert(detail::check_result<T>());
  static void answer(std::optional<T>&& maybe, HandlerCall& call) {
    if (!maybe) throw StatusError(404);
    detail::answer(*std::move(maybe), call);
  }
};
template <class... Ts>
struct Result<std::variant<Ts...>> {
  static_assert((detail::check_result<Ts>() && ...));
  static void answer(std::variant<Ts...>&& one, HandlerCall& call) {
    std::visit([&](auto&& its) { detail::answer(std::move(its), call); }, std::move(one));
  }
};

}  // namespace margay
