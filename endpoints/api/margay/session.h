// One WebSocket, as its endpoint and everybody else sees it: send, close, ask.
#pragma once

#include <chrono>
#include <compare>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <margay/convert.h>
#include <margay/message.h>
#include <margay/session_handshake.h>

namespace margay {

namespace detail {

inline Send waited(margay_result result) {
  if (result == MARGAY_FAILED)
    throw std::logic_error("a WebSocket cannot be waited for on a loop: use Dispatch::worker");
  return sent(result);
}

// Sends when there is room, and again when others were faster.
template <class Wait, class Attempt>
Send send_with_room(std::chrono::milliseconds timeout, const Wait& wait, Attempt&& attempt) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  for (auto left = timeout;;) {
    if (const Send room = wait(left); room != Send::queued) return room;
    if (const Send result = attempt(); result != Send::full) return result;
    left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Send::full;
  }
}

}  // namespace detail

// A message that is written piece by piece, when its length is not known or it should not be held
// in memory; other messages of the session wait until it ends. Move-only; any thread, one at a
// time. Destroyed unfinished it is abandoned: a message that has begun to leave then closes the
// socket with 1011, another one is dropped.
class MessageStream {
 public:
  MessageStream() = default;
  MessageStream(const margay_websockets* sockets, margay_session session, Kind kind)
      : sockets_(sockets),
        begun_(detail::sent(
            sockets->open_stream(sockets, session, static_cast<int>(kind), &stream_))) {}
  MessageStream(MessageStream&& other) noexcept
      : sockets_(other.sockets_),
        stream_(std::exchange(other.stream_, nullptr)),
        begun_(other.begun_) {}
  MessageStream& operator=(MessageStream&& other) noexcept {
    if (this != &other) {
      end(false);
      sockets_ = other.sockets_;
      stream_ = std::exchange(other.stream_, nullptr);
      begun_ = other.begun_;
    }
    return *this;
  }
  ~MessageStream() { end(false); }

  // False: it could not begin, or has ended.
  explicit operator bool() const { return stream_ != nullptr; }
  // `queued`, or why it could not begin: `full` (`drain` follows) or `gone`.
  Send begun() const { return begun_; }
  // Copies. `full`: nothing was taken, `drain` follows.
  Send write(std::string_view bytes) {
    return stream_ == nullptr ? Send::gone
                              : detail::sent(sockets_->write_stream(sockets_, stream_, str(bytes)));
  }
  Send write(Binary bytes) { return write(bytes.chars()); }
  // As Session::text_wait; what others have queued behind this message does not count.
  Send write_wait(std::string_view bytes, std::chrono::milliseconds timeout) {
    if (stream_ == nullptr) return Send::gone;
    const auto wait = [&](std::chrono::milliseconds left) {
      return detail::waited(
          sockets_->wait_stream(sockets_, stream_, bytes.size(), detail::millis(left)));
    };
    return detail::send_with_room(timeout, wait, [&] { return write(bytes); });
  }
  Send write_wait(Binary bytes, std::chrono::milliseconds timeout) {
    return write_wait(bytes.chars(), timeout);
  }
  // The message is complete.
  Send finish() { return end(true); }

 private:
  Send end(bool complete) {
    if (stream_ == nullptr) return Send::gone;
    return detail::sent(
        sockets_->end_stream(sockets_, std::exchange(stream_, nullptr), complete ? 1 : 0));
  }

  const margay_websockets* sockets_ = nullptr;
  margay_stream* stream_ = nullptr;
  Send begun_ = Send::gone;
};

// A value: copy it anywhere and use it on any thread, at any time. When the socket has ended it is
// `gone`, never dangling. Messages of one thread stay in order and never interleave with others.
class Session {
 public:
  Session() = default;
  Session(const margay_websockets* sockets, margay_session session)
      : sockets_(session == 0 ? nullptr : sockets), session_(session) {}

  // --- Sending. Copies; never blocks. With `done`: called as done(Session, Sent) or done(Sent),
  // once, if and only if the message was queued; on the session's loop or within this call, so it
  // must not block, and what it throws ends the process.
  Send text(std::string_view message, const SendOptions& options = {}) const {
    return send(MARGAY_TEXT, message, options);
  }
  Send binary(Binary message, const SendOptions& options = {}) const {
    return send(MARGAY_BINARY, message.chars(), options);
  }
  Send send(const Frozen& message, const SendOptions& options = {}) const {
    const margay_send_options raw = raw_options(options);
    return send_frozen(message, &raw);
  }
  template <class Done>
  Send text(std::string_view message, const SendOptions& options, Done&& done) const {
    return with_done(options, std::forward<Done>(done), [&](const margay_send_options* raw) {
      return send(MARGAY_TEXT, message, raw);
    });
  }
  template <class Done>
  Send binary(Binary message, const SendOptions& options, Done&& done) const {
    return with_done(options, std::forward<Done>(done), [&](const margay_send_options* raw) {
      return send(MARGAY_BINARY, message.chars(), raw);
    });
  }
  template <class Done>
  Send send(const Frozen& message, const SendOptions& options, Done&& done) const {
    return with_done(options, std::forward<Done>(done),
                     [&](const margay_send_options* raw) { return send_frozen(message, raw); });
  }
  // At most 125 bytes. Pings that keep the connection alive are the server's own work.
  Send ping(std::string_view payload = {}) const { return send(MARGAY_PING, payload, nullptr); }
  Send pong(std::string_view payload = {}) const { return send(MARGAY_PONG, payload, nullptr); }

  // For workers and threads of your own: wait while the queue is full; `full` when it is so still
  // after `timeout`. On a loop they throw std::logic_error.
  Send text_wait(std::string_view message, std::chrono::milliseconds timeout) const {
    return waiting(message.size(), timeout, [&] { return text(message); });
  }
  Send binary_wait(Binary message, std::chrono::milliseconds timeout) const {
    return waiting(message.size(), timeout, [&] { return binary(message); });
  }
  Send send_wait(const Frozen& message, std::chrono::milliseconds timeout) const {
    return waiting(message.size(), timeout, [&] { return send(message); });
  }
  // Until a message of `size` bytes would be taken: `queued`. Others may send it full again.
  Send wait(std::size_t size, std::chrono::milliseconds timeout) const {
    if (sockets_ == nullptr) return Send::gone;
    return detail::waited(sockets_->wait(sockets_, session_, size, detail::millis(timeout)));
  }

  // A message of unknown length. Empty when it could not begin: MessageStream::begun says why.
  MessageStream stream(Kind kind) const {
    if (sockets_ == nullptr) return {};
    return {sockets_, session_, kind};
  }

  // --- Closing. What was queued before leaves first. `invalid`: not a code that may be sent.
  Send close(CloseReason why = {}) const { return close(why.code, why.reason); }
  Send close(std::uint16_t code, std::string_view reason = {}) const {
    if (sockets_ == nullptr) return Send::gone;
    return detail::sent(sockets_->close(sockets_, session_, code, str(reason)));
  }

  // --- The session.
  // False as soon as either side has begun to close.
  bool is_open() const { return figures().open != 0; }
  // All 0 when it has ended.
  margay_session_figures figures() const {
    margay_session_figures figures{};
    figures.size = sizeof figures;
    if (sockets_ == nullptr || sockets_->figures(sockets_, session_, &figures) != MARGAY_OK)
      figures = {};
    return figures;
  }
  // {} when it has ended. Units are in abi_websocket.h: bytes, messages, milliseconds.
  std::optional<std::int64_t> limit(margay_limit what) const {
    const std::int64_t value = sockets_ == nullptr ? -1 : sockets_->limit(sockets_, session_, what);
    return value < 0 ? std::nullopt : std::optional(value);
  }
  // For this session alone, from its next message on. False: out of range, or it has ended.
  bool limit(margay_limit what, std::int64_t value) const {
    return sockets_ != nullptr && sockets_->set_limit(sockets_, session_, what, value) == MARGAY_OK;
  }
  bool limit(margay_limit what, std::chrono::milliseconds time) const {
    return limit(what, std::int64_t{time.count()});
  }
  // A newer token than the one it came with, such as a message brings: verified as that was, it
  // puts off the close with 1008. False, and nothing is changed: it is not good, of another user,
  // or lacks a role that the first one had; or the session came without a token, or has ended. Any
  // thread; costs the check of a signature.
  bool authenticate(std::string_view token) const {
    return sockets_ != nullptr &&
           sockets_->authenticate(sockets_, session_, str(token)) == MARGAY_OK;
  }
  // The peer is not read from until resume_reading. Not counted: one call undoes several.
  void suspend_reading() const {
    if (sockets_ != nullptr) sockets_->suspend_reading(sockets_, session_);
  }
  void resume_reading() const {
    if (sockets_ != nullptr) sockets_->resume_reading(sockets_, session_);
  }

  // Properties: bytes under a name, shared by all who know the session; at most 64. Request
  // attributes that an interceptor set are there from the start.
  std::optional<std::string> property(std::string_view name) const {
    std::optional<std::string> value;
    if (sockets_ == nullptr) return value;
    const auto take = [](void* into, margay_str bytes) noexcept {
      if (bytes.data != nullptr)
        *static_cast<std::optional<std::string>*>(into) = std::string(view(bytes));
    };
    sockets_->property(sockets_, session_, str(name), take, &value);
    return value;
  }
  // As a bool, number or string; {} also for what is none.
  template <class T>
  std::optional<T> property(std::string_view name) const {
    static_assert(!std::is_same_v<T, std::string_view>, "a property is copied: std::string");
    const auto value = property(name);
    return value ? detail::convert<T>(*value) : std::nullopt;
  }
  // Copies. False when there are 64 others, or the session has ended.
  bool property(std::string_view name, std::string_view value) const {
    if (value.data() == nullptr) value = "";
    return sockets_ != nullptr &&
           sockets_->set_property(sockets_, session_, str(name), str(value)) == MARGAY_OK;
  }
  void remove_property(std::string_view name) const {
    if (sockets_ != nullptr) sockets_->set_property(sockets_, session_, str(name), {nullptr, 0});
  }

  // Empty when the session has ended; take it in `open` to have it in `close`.
  SessionHandshake handshake() const {
    if (sockets_ == nullptr) return {};
    return {sockets_, sockets_->handshake(sockets_, session_)};
  }

  // --- Topics of its application, as "/room/42"; a pattern may have `*` for a segment and end in
  // `/` `**` for the rest. False: not well formed, more than 1024 of them, or it has ended.
  bool subscribe(std::string_view pattern) const {
    return sockets_ != nullptr &&
           sockets_->subscribe(sockets_, session_, str(pattern)) == MARGAY_OK;
  }
  bool unsubscribe(std::string_view pattern) const {
    return sockets_ != nullptr &&
           sockets_->unsubscribe(sockets_, session_, str(pattern)) == MARGAY_OK;
  }

  // A number that no other socket of this process has, or had; 0: none.
  margay_session raw() const { return session_; }
  const margay_websockets* sockets() const { return sockets_; }
  explicit operator bool() const { return sockets_ != nullptr; }
  friend bool operator==(Session a, Session b) { return a.session_ == b.session_; }
  friend std::strong_ordering operator<=>(Session a, Session b) {
    return a.session_ <=> b.session_;
  }

 private:
  static margay_send_options raw_options(const SendOptions& options) {
    return {sizeof(margay_send_options), detail::millis(options.time_to_live), str(options.key),
            nullptr, nullptr};
  }
  Send send(int kind, std::string_view bytes, const margay_send_options* options) const {
    if (sockets_ == nullptr) return Send::gone;
    return detail::sent(sockets_->send(sockets_, session_, kind, str(bytes), options));
  }
  Send send(int kind, std::string_view bytes, const SendOptions& options) const {
    if (options.key.empty() && options.time_to_live.count() == 0) return send(kind, bytes, nullptr);
    const margay_send_options raw = raw_options(options);
    return send(kind, bytes, &raw);
  }
  Send send_frozen(const Frozen& message, const margay_send_options* options) const {
    if (sockets_ == nullptr) return Send::gone;
    if (!message) return Send::invalid;
    return detail::sent(sockets_->send_frozen(sockets_, session_, message.raw(), options));
  }

  template <class Attempt>
  Send waiting(std::size_t size, std::chrono::milliseconds timeout, Attempt&& attempt) const {
    return detail::send_with_room(
        timeout, [&](std::chrono::milliseconds left) { return wait(size, left); }, attempt);
  }

  // The server owns `done` from the moment the message was queued.
  template <class Done, class Call>
  Send with_done(const SendOptions& options, Done&& done, Call&& call) const {
    using Its = Called<std::decay_t<Done>>;
    auto bound = std::make_unique<Its>(Its{sockets_, std::forward<Done>(done)});
    margay_send_options raw = raw_options(options);
    raw.done = Its::call;
    raw.arg = bound.get();
    const Send result = call(&raw);
    if (result == Send::queued) bound.release();
    return result;
  }
  template <class Done>
  struct Called {
    static_assert(std::is_invocable_v<Done&, Session, Sent> || std::is_invocable_v<Done&, Sent>,
                  "`done` takes a margay::Session and a margay::Sent, or the latter alone");
    const margay_websockets* sockets;
    Done done;

    static void call(void* arg, margay_session session, margay_sent what) noexcept {
      const std::unique_ptr<Called> bound(static_cast<Called*>(arg));
      if constexpr (std::is_invocable_v<Done&, Session, Sent>)
        bound->done(Session(bound->sockets, session), static_cast<Sent>(what));
      else
        bound->done(static_cast<Sent>(what));
    }
  };

  const margay_websockets* sockets_ = nullptr;
  margay_session session_ = 0;
};

// The open sessions of the endpoint that was made with this Config, at the moment.
inline std::vector<Session> open_sessions(const Config& config) {
  struct Found {
    const margay_websockets* sockets;
    std::vector<Session> sessions;
  } found{detail::websockets(config), {}};
  if (found.sockets == nullptr) return {};
  const auto each = [](void* into, margay_session session) noexcept {
    auto& its = *static_cast<Found*>(into);
    its.sessions.emplace_back(its.sockets, session);
  };
  found.sockets->each_session(found.sockets, &config.raw(), each, &found);
  return std::move(found.sessions);
}

// Closes the sockets of authenticated users whose handshake had this request attribute
// "margay.session", in every application: their HTTP session has ended.
inline void close_bound(const Config& config, std::string_view binding,
                        CloseReason why = {CloseReason::policy, "the session has ended"}) {
  if (const auto* sockets = detail::websockets(config); sockets != nullptr)
    sockets->close_bound(sockets, str(binding), why.code, str(why.reason));
}

}  // namespace margay

template <>
struct std::hash<margay::Session> {
  std::size_t operator()(margay::Session session) const noexcept {
    return std::hash<margay_session>()(session.raw());
  }
};
