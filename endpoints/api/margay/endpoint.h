// What answers: endpoints, and the C functions that call them.
#pragma once

#include <cstdint>
#include <cstdio>
#include <exception>
#include <type_traits>

#include <margay/async.h>
#include <margay/config.h>
#include <margay/dispatch.h>
#include <margay/request.h>
#include <margay/response.h>
#include <margay/thrown.h>
#include <margay/unavailable.h>

namespace margay {

// Where a handler runs. worker: on a bounded pool, where it may block. loop: inline on the
// connection's loop, with the promise never to block. A route is inline only if its endpoint and
// every filter on it are; app.xml may only lower it to worker.
enum class Dispatch : std::uint32_t { worker = 0, loop = MARGAY_ON_LOOP };

// How the request's body comes. buffered: whole, before `service` is called, at most the
// Connector's maxPostSize. streamed: `service` is called at once and reads by itself, without a
// limit.
enum class Body : std::uint32_t { buffered = 0, streamed = MARGAY_STREAM_BODY };

// Answers requests, many threads at once. Made from `const Config&` or nothing, one after another,
// while the control thread waits (at most startTimeout); a constructor may throw. Destroyed on the
// control thread after its last exchange has ended. Threads of its own must be joined by the
// destructor.
class Endpoint {
 public:
  static constexpr Dispatch dispatch = Dispatch::worker;
  static constexpr Body body = Body::buffered;
  virtual ~Endpoint() = default;
  // Returning ends the answer, unless it was suspended. An exception is logged and answered with
  // the error page of its type or 500, a StatusError with its own; behind the commit both cut the
  // answer. Unavailable is 503 for a while, see unavailable.h.
  virtual void service(Request& request, Response& response) = 0;
};

namespace detail {

// An instance with what its trampolines need.
template <class T>
struct Held {
  T object;
  Logger log;
  const margay_config* source;
};

inline void copy_text(char* to, std::size_t room, std::string_view from) {
  std::snprintf(to, room, "%.*s", static_cast<int>(from.size()), from.data());
}

// False when `work` throws, with the reason in `failure`.
template <class Work>
bool succeeds(margay_failure* failure, Work&& work) {
  try {
    work();
    return true;
  } catch (const ConfigError& error) {
    copy_text(failure->parameter, sizeof failure->parameter, error.parameter());
    copy_text(failure->message, sizeof failure->message, error.what());
  } catch (const Unavailable& error) {
    copy_text(failure->message, sizeof failure->message, error.what());
    failure->unavailable = error.seconds();
  } catch (const std::exception& error) {
    copy_text(failure->message, sizeof failure->message, error.what());
  } catch (...) {
    copy_text(failure->message, sizeof failure->message, "an exception that is no std::exception");
  }
  return false;
}

// Calls `make(config)`; NULL when it throws, with the reason in `failure`.
template <class Make>
void* created(const margay_host* host, const margay_config* raw, margay_failure* failure,
              Make&& make) {
  void* made = nullptr;
  succeeds(failure, [&] { made = make(Config(*host, *raw)); });
  return made;
}

template <class T>
void* create(const margay_host* host, const margay_config* raw, margay_failure* failure) {
  return created(host, raw, failure, [raw](const Config& config) {
    if constexpr (std::is_constructible_v<T, const Config&>)
      return new Held<T>{T(config), config.logger(), raw};
    else
      return new Held<T>{T(), config.logger(), raw};
  });
}

template <class T>
void destroy(void* self) {
  delete static_cast<Held<T>*>(self);
}

// Runs one moment; what it throws is logged and becomes MARGAY_FAILED.
template <class Moment>
margay_result logged(const Logger& log, Moment&& moment) {
  try {
    return moment();
  } catch (const std::exception& error) {
    log.error(error.what());
  } catch (...) {
    log.error("an exception that is no std::exception");
  }
  return MARGAY_FAILED;
}

template <class T, class Moment>
margay_result guarded(void* self, Moment&& moment) {
  auto& held = *static_cast<Held<T>*>(self);
  return logged(held.log, [&] { return moment(held.object); });
}

// Runs a moment that an answer may come from: what it throws has an error page.
template <class T, class Moment>
margay_result guarded(void* self, const margay_host* host, margay_exchange* exchange,
                      Moment&& moment) {
  auto& held = *static_cast<Held<T>*>(self);
  try {
    return moment(held.object);
  } catch (...) {
    answer_thrown(*host, *exchange, held.log);
    return MARGAY_FAILED;
  }
}

template <class T>
const margay_config* source_of(void* self) {
  return static_cast<Held<T>*>(self)->source;
}

template <class T>
margay_result service(void* self, const margay_host* host, margay_exchange* exchange,
                      const margay_request* raw) {
  return guarded<T>(self, host, exchange, [&](T& object) {
    Request request(*host, *exchange, *raw, source_of<T>(self));
    Response response(*host, *exchange, source_of<T>(self));
    try {
      object.service(request, response);
    } catch (const Unavailable& what) {
      if (!tell_unavailable(*host, source_of<T>(self), *exchange, what)) throw;
    }
    return MARGAY_OK;
  });
}

}  // namespace detail

// The entry of an endpoint type in MARGAY_PLUGIN; `name` is what app.xml calls it (`type`).
template <class T>
constexpr margay_endpoint_type endpoint(const char* name) {
  static_assert(std::is_base_of_v<Endpoint, T>, "an endpoint derives from margay::Endpoint");
  return {sizeof(margay_endpoint_type),
          static_cast<std::uint32_t>(T::dispatch) | static_cast<std::uint32_t>(T::body),
          name,
          detail::create<T>,
          detail::service<T>,
          detail::destroy<T>};
}

}  // namespace margay
