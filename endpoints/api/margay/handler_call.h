// One request on its way through a Dispatcher: what its handlers, parameters and results share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <margay/async.h>
#include <margay/json.h>
#include <margay/multipart.h>
#include <margay/path_table.h>
#include <margay/request.h>
#include <margay/response.h>
#include <margay/status_error.h>

namespace margay {

// What a view shows: a JSON object. Its own types go in through to_json.
using Model = nlohmann::json;

// A result: the template `name` with what it shows.
struct View {
  std::string name;
  Model model = Model::object();
};

// What turns a View into a body; margay/view.h has one for Mustache templates. Many threads at
// once.
class Views {
 public:
  virtual ~Views() = default;
  // Writes the whole, with its type unless the answer has one. Throws when there is no such view;
  // nothing may be written then.
  virtual void render(const View& view, Response& response) const = 0;
};

// Steps around the handlers of a Dispatcher, in Spring's order. One object for all requests, many
// threads at once; it runs where the dispatcher does. What it throws goes to the error handlers.
class HandlerInterceptor {
 public:
  virtual ~HandlerInterceptor() = default;
  // Before the handler, in order. False: this one has answered, and nothing further is called but
  // after_completion of those before it.
  virtual bool pre_handle(Request&, Response&) { return true; }
  // Behind the handler and before its result is written, in reverse; not when it threw. `view` is
  // null when the result is none; its model may be changed.
  virtual void post_handle(Request&, Response&, View* view) { static_cast<void>(view); }
  // Last, in reverse, for all whose pre_handle gave true. `error` is what nobody has handled, else
  // null. What it throws is logged.
  virtual void after_completion(Request&, Response&, const std::exception* error) {
    static_cast<void>(error);
  }
  // Instead of both when the handler has suspended the answer.
  virtual void suspended(Request&, Response&) {}
};

namespace detail {

// An interceptor with the paths it is for.
struct InterceptorUse {
  std::shared_ptr<HandlerInterceptor> interceptor;
  PathTable paths;  // none added: all
  PathTable excepted;
  bool everywhere = true;

  bool is_for(std::string_view path) const {
    return (everywhere || paths.matches(path)) && !excepted.matches(path);
  }
};

}  // namespace detail

// Given to parameters and results, for the duration of one call.
class HandlerCall {
 public:
  HandlerCall(Request& its_request, Response& its_response,
              std::span<const detail::InterceptorUse> interceptors, const Views* its_views,
              const MultipartConfig& multipart_config)
      : request(its_request),
        response(its_response),
        views(its_views),
        interceptors_(interceptors),
        multipart_config_(multipart_config) {}

  Request& request;
  Response& response;
  const Views* views;            // null when the dispatcher has none
  std::string_view type{};       // negotiated by `produces`; empty when that says nothing
  Model model;                   // what a handler's Model& is
  bool is_suspended = false;     // by an Async
  const void* error = nullptr;   // what an error handler is for
  std::string_view view_name{};  // by default: the path without its first slash and extension

  // Value of a variable in the pattern, decoded; empty when there is none.
  std::string_view path_variable(std::string_view name) const {
    for (std::size_t i = 0; i < names_.size() && i < values_.count; ++i)
      if (names_[i] == name) return values_.values[i];
    return {};
  }
  void path_variables(std::span<const std::string> names, const detail::PathValues& values) {
    names_ = names;
    values_ = values;
  }

  // The parts of a body of multipart/form-data, read when they are asked for first. Throws as
  // read_multipart does.
  Multipart& multipart() {
    if (!multipart_) multipart_ = read_multipart(request, multipart_config_);
    return *multipart_;
  }

  // The moments of the interceptors; handlers call `after_handler` between their work and its
  // result.
  bool before_handler(std::string_view path) {
    for (std::size_t i = 0; i < interceptors_.size(); ++i) {
      const detail::InterceptorUse& use = interceptors_[i];
      if (!use.is_for(path)) continue;
      if (!use.interceptor->pre_handle(request, response)) return false;
      passed_ |= std::uint64_t{1} << i;
    }
    return true;
  }
  void after_handler(View* view) {
    in_reverse([&](HandlerInterceptor& each) {
      if (is_suspended)
        each.suspended(request, response);
      else
        each.post_handle(request, response, view);
    });
  }
  template <class Each>
  void in_reverse(Each&& each) {
    for (std::size_t i = interceptors_.size(); i-- > 0;)
      if ((passed_ >> i & 1) != 0) each(*interceptors_[i].interceptor);
  }

 private:
  std::span<const detail::InterceptorUse> interceptors_;
  const MultipartConfig& multipart_config_;
  std::optional<Multipart> multipart_;
  std::uint64_t passed_ = 0;  // whose pre_handle gave true
  std::span<const std::string> names_{};
  detail::PathValues values_{};
};

}  // namespace margay
