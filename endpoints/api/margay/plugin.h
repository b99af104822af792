// Everything a plugin needs: endpoints, filters, and MARGAY_PLUGIN, which makes the table of them.
//
// Header-only, compiled into the plugin: nothing but C crosses to the server. Exceptions end here.
#pragma once

#include <array>
#include <cstdio>
#include <exception>
#include <tuple>

#include <margay/abi.h>
#include <margay/config.h>
#include <margay/request.h>
#include <margay/response.h>

namespace margay {

enum class Dispatch : uint32_t { worker = 0, loop = MARGAY_ON_LOOP };
enum class Body : uint32_t { buffered = 0, streamed = MARGAY_STREAM_BODY };

// Answers requests, many threads at once. Override `dispatch` with Dispatch::loop to promise that
// `service` never blocks; `body` with Body::streamed to read the body by yourself.
class Endpoint {
 public:
  static constexpr Dispatch dispatch = Dispatch::worker;
  static constexpr Body body = Body::buffered;
  virtual ~Endpoint() = default;
  // Returning ends the answer, unless it was suspended. An exception is a 500.
  virtual void service(Request& request, Response& response) = 0;
};

// The response head just before it is committed.
class Head {
 public:
  Head(const margay_host& host, margay_exchange& exchange, int& code)
      : status(code), host_(host), exchange_(exchange) {}
  int& status;
  void set(std::string_view name, std::string_view value) {
    host_.header(&exchange_, MARGAY_SET, str(name), str(value));
  }
  void add(std::string_view name, std::string_view value) {
    host_.header(&exchange_, MARGAY_ADD, str(name), str(value));
  }
  void remove(std::string_view name) { host_.header(&exchange_, MARGAY_REMOVE, str(name), {}); }
  std::string_view find(std::string_view name) const {
    return view(host_.response_header(&exchange_, str(name)));
  }

 private:
  const margay_host& host_;
  margay_exchange& exchange_;
};

// Passes transformed bytes on towards the client.
class Emit {
 public:
  Emit(const margay_host& host, margay_exchange& exchange) : host_(host), exchange_(exchange) {}
  void operator()(std::string_view bytes) { host_.emit(&exchange_, str(bytes)); }

 private:
  const margay_host& host_;
  margay_exchange& exchange_;
};

// Four moments around the endpoint; only those that are overridden cost anything. Filters run on
// the loop unless they say Dispatch::worker, which moves the whole route to a worker.
class Filter {
 public:
  static constexpr Dispatch dispatch = Dispatch::loop;
  virtual ~Filter() = default;
  virtual bool before(Request&, Response&) { return true; }  // false: this filter has answered
  virtual void head(const Request&, Head&) {}
  virtual void body(std::string_view, bool /*last*/, Emit&) {}
  virtual void done(const margay_request&, const margay_outcome&) {}  // on the loop: must not block
};

namespace detail {

// An instance with what its trampolines need.
template <class T>
struct Held {
  T object;
  Logger log;
};

inline void copy_text(char* to, std::size_t room, std::string_view from) {
  std::snprintf(to, room, "%.*s", static_cast<int>(from.size()), from.data());
}

template <class T>
void* create(const margay_host* host, const margay_config* raw, margay_failure* failure) {
  const Config config(*host, *raw);
  try {
    if constexpr (std::is_constructible_v<T, const Config&>)
      return new Held<T>{T(config), config.logger()};
    else
      return new Held<T>{T(), config.logger()};
  } catch (const ConfigError& error) {
    copy_text(failure->parameter, sizeof failure->parameter, error.parameter());
    copy_text(failure->message, sizeof failure->message, error.what());
  } catch (const std::exception& error) {
    copy_text(failure->message, sizeof failure->message, error.what());
  } catch (...) {
    copy_text(failure->message, sizeof failure->message, "an exception that is no std::exception");
  }
  return nullptr;
}

template <class T>
void destroy(void* self) {
  delete static_cast<Held<T>*>(self);
}

// Runs one moment; what it throws is logged and becomes MARGAY_FAILED.
template <class T, class Moment>
margay_result guarded(void* self, Moment&& moment) {
  auto& held = *static_cast<Held<T>*>(self);
  try {
    return moment(held.object);
  } catch (const std::exception& error) {
    held.log.error(error.what());
  } catch (...) {
    held.log.error("an exception that is no std::exception");
  }
  return MARGAY_FAILED;
}

template <class T>
margay_result service(void* self, const margay_host* host, margay_exchange* exchange,
                      const margay_request* raw) {
  return guarded<T>(self, [&](T& object) {
    Request request(*host, *exchange, *raw);
    Response response(*host, *exchange);
    object.service(request, response);
    return MARGAY_OK;
  });
}

template <class T>
margay_result before(void* self, void**, const margay_host* host, margay_exchange* exchange,
                     const margay_request* raw) {
  return guarded<T>(self, [&](T& object) {
    Request request(*host, *exchange, *raw);
    Response response(*host, *exchange);
    return object.before(request, response) ? MARGAY_OK : MARGAY_CLOSED;
  });
}

template <class T>
void head(void* self, void**, const margay_host* host, margay_exchange* exchange,
          const margay_request* raw, int* status) {
  guarded<T>(self, [&](T& object) {
    const Request request(*host, *exchange, *raw);
    Head edited(*host, *exchange, *status);
    object.head(request, edited);
    return MARGAY_OK;
  });
}

template <class T>
margay_result body(void* self, void**, const margay_host* host, margay_exchange* exchange,
                   margay_str chunk, int last) {
  return guarded<T>(self, [&](T& object) {
    Emit emit(*host, *exchange);
    object.body(view(chunk), last != 0, emit);
    return MARGAY_OK;
  });
}

template <class T>
void done(void* self, void**, const margay_request* request, const margay_outcome* outcome) {
  guarded<T>(self, [&](T& object) {
    object.done(*request, *outcome);
    return MARGAY_OK;
  });
}

template <class Kind, class... Ts>
constexpr auto pick(const std::tuple<Ts...>& all) {
  constexpr std::size_t count = (std::size_t{std::is_same_v<Kind, Ts>} + ... + 0);
  std::array<const Kind*, count == 0 ? 1 : count> found{};
  std::size_t i = 0;
  std::apply(
      [&](const auto&... each) {
        (
            [&] {
              if constexpr (std::is_same_v<std::decay_t<decltype(each)>, Kind>) found[i++] = &each;
            }(),
            ...);
      },
      all);
  return std::pair(found, static_cast<uint32_t>(count));
}

}  // namespace detail

template <class T>
constexpr margay_endpoint_type endpoint(const char* name) {
  static_assert(std::is_base_of_v<Endpoint, T>, "an endpoint derives from margay::Endpoint");
  return {sizeof(margay_endpoint_type),
          static_cast<uint32_t>(T::dispatch) | static_cast<uint32_t>(T::body),
          name,
          detail::create<T>,
          detail::service<T>,
          detail::destroy<T>};
}

template <class T>
constexpr margay_filter_type filter(const char* name) {
  static_assert(std::is_base_of_v<Filter, T>, "a filter derives from margay::Filter");
  constexpr bool has_before = !std::is_same_v<decltype(&T::before), decltype(&Filter::before)>;
  constexpr bool has_head = !std::is_same_v<decltype(&T::head), decltype(&Filter::head)>;
  constexpr bool has_body = !std::is_same_v<decltype(&T::body), decltype(&Filter::body)>;
  constexpr bool has_done = !std::is_same_v<decltype(&T::done), decltype(&Filter::done)>;
  return {sizeof(margay_filter_type),
          static_cast<uint32_t>(T::dispatch),
          name,
          detail::create<T>,
          has_before ? detail::before<T> : nullptr,
          has_head ? detail::head<T> : nullptr,
          has_body ? detail::body<T> : nullptr,
          has_done ? detail::done<T> : nullptr,
          detail::destroy<T>};
}

}  // namespace margay

// A constant table, not a registration: loading a plugin runs no code of its author.
// MARGAY_TABLE names the function that returns it, for types that are linked into the server.
#define MARGAY_TABLE(function, plugin_name, plugin_version, ...)                                   \
  const margay_plugin* function() {                                                                \
    static constexpr auto parts = std::make_tuple(__VA_ARGS__);                                    \
    static constexpr auto endpoint_types = margay::detail::pick<margay_endpoint_type>(parts);      \
    static constexpr auto filter_types = margay::detail::pick<margay_filter_type>(parts);          \
    static constexpr margay_plugin table{                                                          \
        MARGAY_PLUGIN_MAGIC,         sizeof(margay_plugin),    MARGAY_ABI_MAJOR, MARGAY_ABI_MINOR, \
        endpoint_types.second,       filter_types.second,      plugin_name,      plugin_version,   \
        endpoint_types.first.data(), filter_types.first.data()};                                   \
    return &table;                                                                                 \
  }
#define MARGAY_PLUGIN(plugin_name, plugin_version, ...) \
  extern "C" __attribute__((visibility("default")))     \
  MARGAY_TABLE(margay_plugin_main, plugin_name, plugin_version, __VA_ARGS__)
