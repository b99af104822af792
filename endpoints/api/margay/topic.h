// One message to many: publishing to the topics of an application.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <margay/session.h>

namespace margay {

// How many sockets of this process a publication has reached.
struct Delivery {
  std::uint32_t queued = 0;   // that have it, or will get it
  std::uint32_t refused = 0;  // whose queue was full, by their overflow policy
};

struct PublishOptions {
  std::chrono::milliseconds time_to_live{0};  // 0: no end
  std::string_view key{};                     // as SendOptions
  Session except{};                           // gets none: the one it came from
};

namespace detail {

inline Frozen frozen(const Config&, const Frozen& message) { return message; }
inline Frozen frozen(const Config& config, std::string_view message) {
  return Frozen::text(config, message);
}
inline Frozen frozen(const Config& config, Binary message) {
  return Frozen::binary(config, message);
}

inline margay_publish_options raw_options(const PublishOptions& options) {
  margay_publish_options raw{};
  raw.size = sizeof raw;
  raw.time_to_live = millis(options.time_to_live);
  raw.key = str(options.key);
  raw.except = options.except.raw();
  return raw;
}

inline Send publish(const Config& config, std::string_view topic, const Frozen& message,
                    const margay_publish_options& options) {
  const auto* sockets = websockets(config);
  if (sockets == nullptr) return Send::gone;
  if (!message) return Send::invalid;
  return sent(sockets->publish(sockets, &config.raw(), str(topic), message.raw(), &options));
}

}  // namespace detail

// Sends to every socket of the application that subscribed to the topic, as "/room/42", once each:
// text (std::string_view), margay::Binary or margay::Frozen. Any thread; what one thread publishes
// stays in order. `full`: too much waits to be delivered already. `invalid`: not a topic, or text
// that is no UTF-8.
template <class Message>
Send publish(const Config& config, std::string_view topic, const Message& message,
             const PublishOptions& options = {}) {
  return detail::publish(config, topic, detail::frozen(config, message),
                         detail::raw_options(options));
}

// The same, and calls done(Delivery) once, if and only if it was queued, when every loop has
// delivered: on some loop, so it must not block, and what it throws ends the process.
template <class Message, class Done>
Send publish(const Config& config, std::string_view topic, const Message& message,
             const PublishOptions& options, Done&& done) {
  using Its = std::decay_t<Done>;
  static_assert(std::is_invocable_v<Its&, Delivery>, "`done` takes a margay::Delivery");
  auto bound = std::make_unique<Its>(std::forward<Done>(done));
  margay_publish_options raw = detail::raw_options(options);
  raw.arg = bound.get();
  raw.done = [](void* arg, const margay_delivery* delivery) noexcept {
    const std::unique_ptr<Its> its(static_cast<Its*>(arg));
    (*its)(Delivery{delivery->queued, delivery->refused});
  };
  const Send result = detail::publish(config, topic, detail::frozen(config, message), raw);
  if (result == Send::queued) bound.release();
  return result;
}

// Publishes and waits until it was delivered. {}: it was refused, or `timeout` was over before. For
// workers and threads of your own: a loop would wait for itself.
template <class Message>
std::optional<Delivery> publish_wait(const Config& config, std::string_view topic,
                                     const Message& message, std::chrono::milliseconds timeout,
                                     const PublishOptions& options = {}) {
  struct Waiting {
    std::mutex lock;  // guards `delivery`
    std::condition_variable changed;
    std::optional<Delivery> delivery;
  };
  const auto waiting = std::make_shared<Waiting>();
  const auto done = [waiting](Delivery delivery) {
    const std::lock_guard guard(waiting->lock);
    waiting->delivery = delivery;
    waiting->changed.notify_one();
  };
  if (publish(config, topic, message, options, done) != Send::queued) return std::nullopt;
  std::unique_lock guard(waiting->lock);
  waiting->changed.wait_for(guard, timeout, [&] { return waiting->delivery.has_value(); });
  return waiting->delivery;
}

}  // namespace margay
