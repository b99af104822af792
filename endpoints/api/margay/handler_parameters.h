// What handlers of a Dispatcher may take, in any order and number.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <margay/handler_call.h>
#include <margay/http_session.h>
#include <margay/json.h>
#include <margay/parameters.h>

namespace margay {

// A value of the client's, named by the type. T is a bool, a number or std::string;
// std::optional<T> where it may be missing; std::vector<T> for all values of a query or a form.
// What is missing or cannot be converted is answered 400, with a message that names it: a
// ParameterError for error handlers.
template <class T>
class Given {
 public:
  explicit Given(T value) : value_(std::move(value)) {}
  const T& value() const& { return value_; }
  T&& value() && { return std::move(value_); }
  operator const T&() const { return value_; }
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }

 private:
  T value_;
};

// From the query, decoded.
template <Literal name, class T = std::string>
struct QueryParam : Given<T> {
  using Given<T>::Given;
};
// From a body of application/x-www-form-urlencoded, decoded, or a field of multipart/form-data.
template <Literal name, class T = std::string>
struct Form : Given<T> {
  using Given<T>::Given;
};
// A file of a body of multipart/form-data; another body is answered 415. T is Part, or
// std::optional<Part> where it may be missing: ask it with `if (file)`. Good during the call; who
// answers later takes margay::Multipart& and moves it away.
template <Literal name, class T = Part>
class FormFile {
  static_assert(std::is_same_v<T, Part> || std::is_same_v<T, std::optional<Part>>,
                "a file is a margay::Part, or an optional of it");

 public:
  explicit FormFile(Part* part) : part_(part) {}
  Part& operator*() const { return *part_; }
  Part* operator->() const { return part_; }
  explicit operator bool() const { return part_ != nullptr; }

 private:
  Part* part_;
};
// A header field, its first value; std::string_view is good until the exchange ends.
template <Literal name, class T = std::string_view>
struct Header : Given<T> {
  using Given<T>::Given;
};
// A cookie, as Request::cookie has it.
template <Literal name, class T = std::string_view>
struct CookieValue : Given<T> {
  using Given<T>::Given;
};
// The body as JSON, of a type that nlohmann-json knows. Its route consumes JSON alone, unless it
// says otherwise: 415.
template <class T>
struct JsonBody : Given<T> {
  using Given<T>::Given;
};

// What makes a handler's parameter of type P, without const and reference: `of` gives it. Give one
// for a type of your own, and handlers can take it:
//   template <> struct margay::Argument<User> { static User of(margay::HandlerCall& call); };
// It runs before the handler, and what it throws goes to the error handlers. It gives a value, or a
// reference to what lives as long as the exchange.
template <class P>
struct Argument;

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

template <class T>
struct ElementOf {
  using Type = T;
};
template <class T>
struct ElementOf<std::optional<T>> {
  using Type = T;
};
template <class T>
struct ElementOf<std::vector<T>> {
  using Type = T;
};

template <class T>
T converted(std::string_view text, const char* kind, std::string_view name) {
  if (auto value = convert<T>(text)) return *std::move(value);
  constexpr std::size_t kShown = 60;
  throw ParameterError(std::string(kind) + " '" + std::string(name) + "': '" +
                       std::string(text.substr(0, kShown)) + "' is not " + wanted<T>());
}

// Of the texts which `each(take)` gives, the first or all.
template <class T, class Each>
T given(const char* kind, std::string_view name, Each&& each) {
  using Element = typename ElementOf<T>::Type;
  static_assert(
      converts<Element>,
      "a value of the client's is a bool, a number, std::string, an optional or a vector of "
      "them; of a header and a cookie std::string_view, too");
  if constexpr (is_vector<T>) {
    T all;
    each([&](std::string_view text) {
      all.push_back(converted<Element>(text, kind, name));
      return true;
    });
    return all;
  } else {
    std::optional<Element> first;
    each([&](std::string_view text) {
      first.emplace(converted<Element>(text, kind, name));
      return false;
    });
    if constexpr (is_optional<T>) {
      return first;
    } else {
      if (!first)
        throw ParameterError(std::string(kind) + " '" + std::string(name) + "' is missing");
      return *std::move(first);
    }
  }
}

template <class T>
T given_pair(const Request& request, std::string_view pairs, const char* kind,
             std::string_view name) {
  static_assert(!std::is_same_v<typename ElementOf<T>::Type, std::string_view>,
                "a decoded value is a std::string");
  check_pairs(request, pairs, {});
  return given<T>(kind, name, [&](auto&& take) {
    each_pair(pairs, [&](std::string_view one, std::string_view value) {
      return !same_form_name(one, name) || take(form_decode(value));
    });
  });
}

inline bool is_form(const Request& request) {
  const std::string_view type = request.header("content-type");
  return same_ignoring_case(trimmed(type.substr(0, type.find(';'))),
                            "application/x-www-form-urlencoded");
}

}  // namespace detail

template <>
struct Argument<Request> {
  static Request& of(HandlerCall& call) { return call.request; }
};
template <>
struct Argument<Response> {
  static Response& of(HandlerCall& call) { return call.response; }
};
template <>
struct Argument<Model> {
  static Model& of(HandlerCall& call) {
    if (call.model.is_null()) call.model = Model::object();
    return call.model;
  }
};
// The client's session, made when there is none; the optional has one that is there already.
template <>
struct Argument<HttpSession> {
  static HttpSession of(HandlerCall& call) { return call.request.session(); }
};
template <>
struct Argument<std::optional<HttpSession>> {
  static std::optional<HttpSession> of(HandlerCall& call) { return call.request.session_if_any(); }
};
// Suspends the answer, once nothing else of the parameters can fail.
template <>
struct Argument<Async> {
  static Async of(HandlerCall&) { return {}; }
};
template <Literal name, class T>
struct Argument<PathParam<name, T>> {
  static PathParam<name, T> of(HandlerCall& call) {
    return PathParam<name, T>(
        detail::converted<T>(call.path_variable(name.view()), "path parameter", name.view()));
  }
};
template <Literal name, class T>
struct Argument<QueryParam<name, T>> {
  static QueryParam<name, T> of(HandlerCall& call) {
    return QueryParam<name, T>(
        detail::given_pair<T>(call.request, call.request.query(), "query parameter", name.view()));
  }
};
template <Literal name, class T>
struct Argument<Form<name, T>> {
  static Form<name, T> of(HandlerCall& call) {
    constexpr const char* kind = "form parameter";
    if (is_multipart(call.request))
      return Form<name, T>(detail::given<T>(kind, name.view(), [&](auto&& take) {
        for (const std::string_view text : call.multipart().texts(name.view()))
          if (!take(text)) return;
      }));
    const std::string_view body =
        detail::is_form(call.request) ? call.request.body() : std::string_view{};
    return Form<name, T>(detail::given_pair<T>(call.request, body, kind, name.view()));
  }
};
template <>
struct Argument<Multipart> {
  static Multipart& of(HandlerCall& call) { return call.multipart(); }
};
template <Literal name, class T>
struct Argument<FormFile<name, T>> {
  static FormFile<name, T> of(HandlerCall& call) {
    constexpr bool may_be_missing = detail::is_optional<T>;
    if (may_be_missing && !is_multipart(call.request)) return FormFile<name, T>(nullptr);
    Part* const part = call.multipart().file(name.view());
    if (part == nullptr && !may_be_missing)
      throw ParameterError("file '" + std::string(name.view()) + "' is missing");
    return FormFile<name, T>(part);
  }
};
template <Literal name, class T>
struct Argument<Header<name, T>> {
  static_assert(!detail::is_vector<T>, "a header parameter is one value");
  static Header<name, T> of(HandlerCall& call) {
    return Header<name, T>(detail::given<T>("header field", name.view(), [&](auto&& take) {
      if (call.request.has_header(name.view())) take(call.request.header(name.view()));
    }));
  }
};
template <Literal name, class T>
struct Argument<CookieValue<name, T>> {
  static_assert(!detail::is_vector<T>, "a cookie parameter is one value");
  static CookieValue<name, T> of(HandlerCall& call) {
    return CookieValue<name, T>(detail::given<T>("cookie", name.view(), [&](auto&& take) {
      if (const auto value = call.request.cookie(name.view())) take(*value);
    }));
  }
};
template <class T>
struct Argument<JsonBody<T>> {
  static JsonBody<T> of(HandlerCall& call) {
    try {
      return JsonBody<T>(Json<T>().decode(call.request.body()));
    } catch (const DecodeError& error) {
      std::string_view why = error.what();  // behind the library's own "[json.exception...] "
      if (const auto end = why.find("] "); why.starts_with('[') && end != why.npos)
        why.remove_prefix(end + 2);
      throw ParameterError("body: " + std::string(why));
    }
  }
};

}  // namespace margay
