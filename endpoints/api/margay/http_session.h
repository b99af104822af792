// HTTP sessions: what the server keeps of one client from request to request.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <margay/abi_session.h>
#include <margay/config.h>
#include <margay/status_error.h>
#include <margay/text.h>

namespace margay {

// A session could not be made, or does not take what it was given. Left alone it is answered 500.
class SessionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// There are as many sessions as <Manager maxActiveSessions> allows. Left alone it is answered 503.
class TooManySessions : public SessionError, public Busy {
 public:
  using SessionError::SessionError;
};

// Reads one: in a request, in a listener. Attributes are bytes; requests of the same session may
// run at once on other threads, each call by itself is safe. What has ended can still be read.
class SessionView {
 public:
  SessionView(const margay_sessions& functions, margay_http_session* handle)
      : functions_(&functions), handle_(handle) {}

  std::string id() const { return facts().id; }        // without the jvmRoute
  bool is_new() const { return facts().is_new != 0; }  // the client has not sent its cookie yet
  bool is_valid() const { return facts().is_valid != 0; }
  std::chrono::system_clock::time_point creation_time() const { return time(facts().created); }
  // When the last request that used it ended; of one that is new, its creation.
  std::chrono::system_clock::time_point last_accessed_time() const {
    return time(facts().last_accessed);
  }
  // How long it lasts without a request; 0 or less: for ever.
  std::chrono::seconds max_inactive() const { return std::chrono::seconds(facts().max_inactive); }

  std::optional<std::string> get(std::string_view name) const {
    std::optional<std::string> found;
    const auto take = [](void* into, margay_str value) {
      static_cast<std::optional<std::string>*>(into)->emplace(view(value));
    };
    functions_->attribute(handle_, str(name), take, &found);
    return found;
  }
  // As an integer, a bool or a number that set() stored; {}: there is none, or it is something
  // else.
  template <class V>
  requires std::is_arithmetic_v<V> std::optional<V> get(std::string_view name)
  const {
    const std::optional<std::string> text = get(name);
    if (!text) return std::nullopt;
    if constexpr (std::is_same_v<V, bool>) {
      if (*text != "true" && *text != "false") return std::nullopt;
      return *text == "true";
    } else {
      V value{};
      const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
      if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
      return value;
    }
  }
  // By a codec such as Json<V> of json.h, whose `decode` may throw.
  template <template <class> class Codec, class V>
  std::optional<V> get(std::string_view name) const {
    const std::optional<std::string> text = get(name);
    return text ? std::optional<V>(Codec<V>().decode(*text)) : std::nullopt;
  }
  // Calls `each(name, value)` for all attributes as they are now; it must not throw.
  template <class Each>
  void each(Each&& each) const {
    const auto one = [](void* to, margay_str name, margay_str value) {
      (*static_cast<std::remove_reference_t<Each>*>(to))(view(name), view(value));
    };
    functions_->each_attribute(handle_, one, &each);
  }

 private:
  static std::chrono::system_clock::time_point time(std::int64_t milliseconds) {
    return std::chrono::system_clock::time_point(std::chrono::milliseconds(milliseconds));
  }
  margay_session_facts facts() const {
    margay_session_facts facts{};
    facts.size = sizeof facts;
    functions_->facts(handle_, &facts);
    return facts;
  }

 protected:
  const margay_sessions* functions_;
  margay_http_session* handle_;
};

// The session of a request, by Request::session(). Good until the exchange ends, on the thread that
// has it.
class HttpSession : public SessionView {
 public:
  HttpSession(const margay_sessions& functions, margay_exchange& exchange,
              margay_http_session* handle)
      : SessionView(functions, handle), exchange_(&exchange) {}

  // False: <Manager> maxAttributes or maxSessionSize does not allow it, the session has ended, or
  // the name is empty; nothing was changed then.
  bool set(std::string_view name, std::string_view value) {
    return functions_->set_attribute(exchange_, str(name), str(value)) == MARGAY_OK;
  }
  bool set(std::string_view name, const char* value) { return set(name, std::string_view(value)); }
  template <class V>
  requires std::is_arithmetic_v<V>
  bool set(std::string_view name, V value) {
    if constexpr (std::is_same_v<V, bool>) {
      return set(name, std::string_view(value ? "true" : "false"));
    } else {
      char text[64];
      const auto end = std::to_chars(text, text + sizeof text, value).ptr;
      return set(name, std::string_view(text, static_cast<std::size_t>(end - text)));
    }
  }
  template <template <class> class Codec, class V>
  bool set(std::string_view name, const V& value) {
    return set(name, std::string_view(Codec<V>().encode(value)));
  }
  void remove(std::string_view name) { functions_->remove_attribute(exchange_, str(name)); }

  void max_inactive(std::chrono::seconds seconds) {
    functions_->set_max_inactive(exchange_, seconds.count());
  }
  using SessionView::max_inactive;

  // Ends it, and closes the WebSockets bound to it with 1008. Request::session() makes another one.
  void invalidate() { functions_->invalidate(exchange_); }
  // A new id for the same session: to be called when somebody has logged in, so that an id which
  // was known before is worth nothing. False: the answer is committed, or the session has ended.
  bool change_id() { return functions_->change_id(exchange_) == MARGAY_OK; }

 private:
  margay_exchange* exchange_;
};

// What a listener hears; good until it returns.
struct SessionChange {
  margay_session_event event;
  SessionView session;
  std::string_view old_id;     // of an id that changed
  std::string_view name;       // of the attribute
  std::string_view value;      // the new one; of one that was removed: what it was
  std::string_view old_value;  // of one that was replaced
};

// Calls `listener(const SessionChange&)` for what happens to the application's sessions, on the
// thread that changes them, many at once; expiry on the control thread. To be called in the
// constructor of an endpoint, filter or WebSocket of an application; `listener` ends before that
// object. It must not wait; what it throws is dropped. False: the Config is of no application.
template <class Listener>
bool on_session_change(const Config& config, Listener listener) {
  const auto* functions =
      static_cast<const margay_sessions*>(config.host().query(&config.raw(), "session/1"));
  if (functions == nullptr) return false;
  struct Held {
    const margay_sessions* functions;
    Listener listener;
  };
  const auto event = [](void* held, const margay_session_change* change) {
    auto& its = *static_cast<Held*>(held);
    try {
      its.listener(SessionChange{static_cast<margay_session_event>(change->event),
                                 SessionView(*its.functions, change->session), view(change->old_id),
                                 view(change->name), view(change->value), view(change->old_value)});
    } catch (...) {
    }
  };
  const auto gone = [](void* held) { delete static_cast<Held*>(held); };
  return functions->listen(&config.raw(), event, new Held{functions, std::move(listener)}, gone) ==
         MARGAY_OK;
}

}  // namespace margay
