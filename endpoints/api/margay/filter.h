// What takes part on the way: filters with their four moments, and the C functions that call them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>

#include <margay/endpoint.h>

namespace margay {

// The response head just before it is committed. What is not valid is refused and changes nothing.
class Head {
 public:
  Head(const margay_host& host, margay_exchange& exchange, int& code)
      : status(code), host_(host), exchange_(exchange) {}
  int& status;  // 200..599
  bool set(std::string_view name, std::string_view value) { return edit(MARGAY_SET, name, value); }
  bool add(std::string_view name, std::string_view value) { return edit(MARGAY_ADD, name, value); }
  void remove(std::string_view name) { edit(MARGAY_REMOVE, name, {}); }
  // First value, or {}; `name` in any case.
  std::string_view find(std::string_view name) const {
    return view(host_.response_header(&exchange_, str(name)));
  }
  // Calls `each(name, value)` for all fields, in order; it must not edit them, nor throw.
  // Since 1.4.
  template <class Each>
  void each(Each&& each) const {
    const auto one = [](void* to, margay_str name, margay_str value) {
      (*static_cast<std::remove_reference_t<Each>*>(to))(view(name), view(value));
    };
    host_.each_response_header(&exchange_, one, &each);
  }
  // Bytes that this filter's `body` will get; {} when that is not known: a stream, or a filter
  // nearer to the endpoint changes it.
  std::optional<std::uint64_t> body_size() const {
    const std::string_view text = view(host_.info(&exchange_, MARGAY_ANSWER_LENGTH));
    if (text.empty()) return std::nullopt;
    return detail::number<std::uint64_t>(text, 0);
  }
  // This filter leaves the body of this answer as it is: its `body` is not called, and the answer
  // keeps its length.
  void pass_body() { host_.pass_body(&exchange_); }

 private:
  bool edit(int mode, std::string_view name, std::string_view value) {
    return host_.header(&exchange_, mode, str(name), str(value)) == MARGAY_OK;
  }

  const margay_host& host_;
  margay_exchange& exchange_;
};

// Passes transformed bytes on towards the client, any number of times. Copies.
class Emit {
 public:
  Emit(const margay_host& host, margay_exchange& exchange) : host_(host), exchange_(exchange) {}
  void operator()(std::string_view bytes) { host_.emit(&exchange_, str(bytes)); }

 private:
  const margay_host& host_;
  margay_exchange& exchange_;
};

// Four moments around the endpoint; only those that are overridden cost anything. Many threads at
// once; one exchange's moments one after the other. Filters run on the loop unless they say
// Dispatch::worker, which moves the whole route to a worker. Made and destroyed as endpoints are.
class Filter {
 public:
  using Moments = Filter;
  static constexpr Dispatch dispatch = Dispatch::loop;
  virtual ~Filter() = default;
  // Before all others, always on the loop, for each request that may come to it: request.set() with
  // MARGAY_PATH or MARGAY_QUERY changes where the request goes. Filters of Engine and Host are
  // asked before the application is chosen, those of an application before the endpoint.
  virtual void map(Request&) {}
  // In order. True: on with the next. False: this filter answers, now or, when it called
  // response.suspend(), later; then Async::proceed() may still hand on. An exception is answered as
  // an endpoint's.
  virtual bool before(Request&, Response&) { return true; }
  // In reverse order, once, before the first byte leaves.
  virtual void head(const Request&, Head&) {}
  // In reverse order, for each piece of the body; `last` comes exactly once, perhaps without bytes.
  // What is not emitted is gone. An exception cuts the answer.
  virtual void body(std::string_view, bool /*last*/, Emit&) {}
  // The endpoint wants the client to see now what it has written: emit what `body` has kept back.
  virtual void flush(Emit&) {}
  // Once, always, on the loop: must not block.
  virtual void done(const margay_request&, const margay_outcome&) {}
};

// A filter with a `State` for each exchange: value-initialised before `before`, destroyed after
// `done`, in the exchange's own memory (at most 64 KiB). Else the same as Filter.
template <class State>
class StatefulFilter {
 public:
  using Moments = StatefulFilter;
  using ExchangeState = State;
  static_assert(sizeof(State) <= 64 * 1024 && alignof(State) <= alignof(std::max_align_t),
                "the state of an exchange is at most 64 KiB, of usual alignment");
  static constexpr Dispatch dispatch = Dispatch::loop;
  virtual ~StatefulFilter() = default;
  virtual void map(Request&) {}
  virtual bool before(Request&, Response&, State&) { return true; }
  virtual void head(const Request&, Head&, State&) {}
  virtual void body(std::string_view, bool /*last*/, Emit&, State&) {}
  virtual void flush(Emit&, State&) {}
  virtual void done(const margay_request&, const margay_outcome&, State&) {}
};

namespace detail {

template <class T>
concept Stateful = requires {
  typename T::ExchangeState;
};

// Calls `moment(state...)` with the exchange's state, where the filter has one. False without a
// call: it could not be made.
template <class T, class Moment>
bool with_state(void* state, Moment&& moment) {
  if constexpr (Stateful<T>) {
    if (state == nullptr) return false;
    moment(*static_cast<typename T::ExchangeState*>(state));
  } else {
    moment();
  }
  return true;
}

template <class T>
margay_result before(void* self, void** state, const margay_host* host, margay_exchange* exchange,
                     const margay_request* raw) {
  return guarded<T>(self, host, exchange, [&](T& object) {
    if constexpr (Stateful<T>) {
      using State = typename T::ExchangeState;
      void* room = host->memory(exchange, sizeof(State));
      if (room == nullptr) return MARGAY_FAILED;
      *state = new (room) State();
    }
    Request request(*host, *exchange, *raw, source_of<T>(self));
    Response response(*host, *exchange, source_of<T>(self));
    bool goes_on = false;
    with_state<T>(*state,
                  [&](auto&... its) { goes_on = object.before(request, response, its...); });
    return goes_on ? MARGAY_OK : MARGAY_CLOSED;
  });
}

template <class T>
void map(void* self, const margay_host* host, margay_exchange* exchange,
         const margay_request* raw) {
  guarded<T>(self, [&](T& object) {
    Request request(*host, *exchange, *raw, source_of<T>(self));
    object.map(request);
    return MARGAY_OK;
  });
}

template <class T>
void head(void* self, void** state, const margay_host* host, margay_exchange* exchange,
          const margay_request* raw, int* status) {
  guarded<T>(self, [&](T& object) {
    const Request request(*host, *exchange, *raw, source_of<T>(self));
    Head edited(*host, *exchange, *status);
    with_state<T>(*state, [&](auto&... its) { object.head(request, edited, its...); });
    return MARGAY_OK;
  });
}

template <class T>
margay_result body(void* self, void** state, const margay_host* host, margay_exchange* exchange,
                   margay_str chunk, int signs) {
  return guarded<T>(self, [&](T& object) {
    Emit emit(*host, *exchange);
    const bool last = (signs & MARGAY_BODY_LAST) != 0;
    if (!with_state<T>(*state, [&](auto&... its) {
          if (chunk.size != 0 || last) object.body(view(chunk), last, emit, its...);
          if ((signs & MARGAY_BODY_FLUSH) != 0) object.flush(emit, its...);
        }))
      emit(view(chunk));
    return MARGAY_OK;
  });
}

template <class T>
void done(void* self, void** state, const margay_request* request, const margay_outcome* outcome) {
  guarded<T>(self, [&](T& object) {
    with_state<T>(*state, [&](auto&... its) { object.done(*request, *outcome, its...); });
    return MARGAY_OK;
  });
  if constexpr (Stateful<T>) {
    using State = typename T::ExchangeState;
    if (*state != nullptr) static_cast<State*>(*state)->~State();
    *state = nullptr;
  }
}

template <class T>
constexpr bool has_to_end() {
  if constexpr (Stateful<T>) return !std::is_trivially_destructible_v<typename T::ExchangeState>;
  return false;
}

}  // namespace detail

// The entry of a filter type in MARGAY_PLUGIN; `name` is what app.xml calls it (`type`).
template <class T>
constexpr margay_filter_type filter(const char* name) {
  using Moments = typename T::Moments;
  static_assert(std::is_base_of_v<Moments, T>,
                "a filter derives from margay::Filter or margay::StatefulFilter<State>");
  constexpr bool has_map = !std::is_same_v<decltype(&T::map), decltype(&Moments::map)>;
  constexpr bool has_before = !std::is_same_v<decltype(&T::before), decltype(&Moments::before)>;
  constexpr bool has_head = !std::is_same_v<decltype(&T::head), decltype(&Moments::head)>;
  constexpr bool has_body = !std::is_same_v<decltype(&T::body), decltype(&Moments::body)>;
  constexpr bool has_flush = !std::is_same_v<decltype(&T::flush), decltype(&Moments::flush)>;
  static_assert(!has_flush || has_body, "flush is about what body has kept back");
  constexpr bool has_done = !std::is_same_v<decltype(&T::done), decltype(&Moments::done)>;
  return {sizeof(margay_filter_type),
          static_cast<std::uint32_t>(T::dispatch) |
              (has_flush ? std::uint32_t{MARGAY_TAKES_FLUSH} : 0u),
          name,
          detail::create<T>,
          has_before || detail::Stateful<T> ? detail::before<T> : nullptr,
          has_head ? detail::head<T> : nullptr,
          has_body ? detail::body<T> : nullptr,
          has_done || detail::has_to_end<T>() ? detail::done<T> : nullptr,
          detail::destroy<T>,
          has_map ? detail::map<T> : nullptr};
}

}  // namespace margay
