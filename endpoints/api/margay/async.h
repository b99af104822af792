// Coming back to an exchange: later, from another thread, or when something happens to it.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <margay/logger.h>
#include <margay/request.h>
#include <margay/response.h>
#include <margay/thrown.h>
#include <margay/unavailable.h>

namespace margay {

namespace detail {

// Runs a piece of work on an exchange; what it throws ends here, and the answer with it.
template <class Work>
void run_turn(const margay_host& host, margay_exchange& exchange, const margay_config* source,
              Work&& work) {
  try {
    work();
    return;
  } catch (const Unavailable& error) {
    if (tell_unavailable(host, source, exchange, error)) return;
    Logger(host, source).error(error.what());
  } catch (...) {
    answer_thrown(host, exchange, Logger(host, source));
  }
  host.cut(&exchange);
}

// A piece of work with what it needs to be called through the C contract.
template <class Work>
struct Bound {
  const margay_host& host;
  const margay_config* source;
  const margay_request* request;  // null for what never asks
  Work work;

  void operator()(margay_exchange& exchange) {
    run_turn(host, exchange, source, [&] {
      Response response(host, exchange, source);
      if constexpr (std::is_invocable_v<Work&, Request&, Response&>) {
        Request its(host, exchange, *request, source);
        work(its, response);
      } else {
        work(response);
      }
    });
  }
};

template <class Work>
void watch(const margay_host& host, margay_exchange& exchange, const margay_config* source,
           const margay_request* request, margay_event what, Work&& work) {
  using Its = Bound<std::decay_t<Work>>;
  host.watch(
      &exchange, what, [](void* bound, margay_exchange* its) { (*static_cast<Its*>(bound))(*its); },
      new Its{host, source, request, std::forward<Work>(work)},
      [](void* bound) { delete static_cast<Its*>(bound); });
}

}  // namespace detail

// The right to come back to an exchange. Move-only; keep it anywhere and use it from any thread,
// one at a time. Several may be held at once. When the last one is destroyed and the answer is not
// finished, the client gets a 500; so it does after the Connector's asyncTimeout without a
// committed answer: nothing ever hangs. Let go of it before the destructor of your endpoint or
// filter returns.
class Async {
 public:
  Async() = default;
  Async(const margay_host& host, margay_async* token, const margay_config* source = nullptr)
      : host_(&host), token_(token), source_(source) {}
  Async(Async&& other) noexcept
      : host_(other.host_), token_(std::exchange(other.token_, nullptr)), source_(other.source_) {}
  Async& operator=(Async&& other) noexcept {
    if (this != &other) {
      release();
      host_ = other.host_;
      token_ = std::exchange(other.token_, nullptr);
      source_ = other.source_;
    }
    return *this;
  }
  ~Async() { release(); }

  // Runs `work(Response&)` once where the route runs: its loop or a worker, in the order of calls.
  // Destroyed unrun when the answer is over or the client has gone. A StatusError that it throws is
  // that status, anything else a 500, and behind the commit both cut the connection. Not bounded:
  // each call keeps `work` on the heap until it ran, so a producer that may be faster than its
  // client asks before it posts again.
  template <class Work>
  void run(Work&& work) {
    using Its = detail::Bound<std::decay_t<Work>>;
    static_assert(std::is_invocable_v<std::decay_t<Work>&, Response&>,
                  "what Async runs takes a margay::Response&");
    if (token_ == nullptr) return;
    host_->resume(
        token_,
        [](void* argument, margay_exchange* exchange) {
          const std::unique_ptr<Its> bound(static_cast<Its*>(argument));
          if (exchange != nullptr) (*bound)(*exchange);
        },
        new Its{*host_, source_, nullptr, std::forward<Work>(work)});
  }
  // Sends what was written as the end of the answer, and gives the right back.
  void finish() {
    call([](void* host, margay_exchange* exchange) {
      if (exchange != nullptr) static_cast<const margay_host*>(host)->finish(exchange);
    });
  }
  // For a filter that suspended in `before` and returned false: on with the next filter, at last
  // the endpoint. Gives the right back.
  void proceed() {
    call([](void* host, margay_exchange* exchange) {
      if (exchange != nullptr) static_cast<const margay_host*>(host)->proceed(exchange);
    });
  }
  // Lets another endpoint of the application answer, or with no path the same one again, as
  // Response::forward does; filters with dispatcher="ASYNC" come before it (servlet
  // AsyncContext.dispatch). Gives the right back.
  void dispatch(std::string path = {});
  // Gives the right back.
  void release() {
    if (token_ != nullptr) host_->release(std::exchange(token_, nullptr));
  }
  explicit operator bool() const { return token_ != nullptr; }

 private:
  void call(void (*step)(void*, margay_exchange*)) {
    if (token_ == nullptr) return;
    host_->resume(token_, step, const_cast<margay_host*>(host_));
    release();
  }

  const margay_host* host_ = nullptr;
  margay_async* token_ = nullptr;
  const margay_config* source_ = nullptr;
};

inline Async Response::suspend() { return {host_, host_.suspend(&exchange_), source_}; }

template <class Work>
void Response::on_writable(Work&& work) {
  static_assert(std::is_invocable_v<std::decay_t<Work>&, Response&>,
                "on_writable takes a function of margay::Response&");
  detail::watch(host_, exchange_, source_, nullptr, MARGAY_WRITABLE, std::forward<Work>(work));
}
template <class Work>
void Response::on_abort(Work&& work) {
  static_assert(std::is_invocable_v<std::decay_t<Work>&, Response&>,
                "on_abort takes a function of margay::Response&");
  detail::watch(host_, exchange_, source_, nullptr, MARGAY_ABORTED, std::forward<Work>(work));
}
template <class Work>
void Request::on_readable(Work&& work) {
  static_assert(std::is_invocable_v<std::decay_t<Work>&, Request&, Response&>,
                "on_readable takes a function of margay::Request& and margay::Response&");
  detail::watch(host_, exchange_, source_, &raw_, MARGAY_READABLE, std::forward<Work>(work));
}

}  // namespace margay
