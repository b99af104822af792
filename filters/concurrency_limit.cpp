// So many requests at once, and a queue for those that are too many.
#include "filters/concurrency_limit.h"

#include <margay/known_parameters.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

namespace filters {

namespace {

// Gates that nobody uses are kept for the next one of their key, up to so many of all gates.
constexpr std::size_t kKeptGates = 4096;

std::string next_mark() {
  static std::atomic<unsigned> number{0};
  return "margay.concurrency-limit." + std::to_string(++number);
}

std::size_t most_waiting(const margay::Config& config) {
  const auto most = config.integer<std::size_t>("maxWaiting", 100, 1, 65'536);
  return config.boolean("block", true) ? most : 0;
}

}  // namespace

ConcurrencyLimit::ConcurrencyLimit(const margay::Config& config)
    : limit_(config.integer<std::uint32_t>("concurrency", 10, 1, 1'000'000)),
      most_waiting_(most_waiting(config)),
      patience_(config.duration("maxWait", std::chrono::seconds(10), std::chrono::milliseconds(1),
                                std::chrono::hours(1))),
      status_(config.integer("highConcurrencyStatus", 503, 400, 599)),
      retry_after_(std::to_string(config.integer("retryAfter", 1, 0, 86'400))),
      key_(ClientKey::read(config, "none", true)),
      mark_(next_mark()) {
  require_known(config, {"concurrency", "block", "highConcurrencyStatus", "maxWaiting", "maxWait",
                         "retryAfter", "key"});
  if (most_waiting_ != 0) thread_ = std::thread([this] { watch_queue(); });
}

ConcurrencyLimit::~ConcurrencyLimit() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  change_.notify_one();
  thread_.join();
}

bool ConcurrencyLimit::before(margay::Request& request, margay::Response& response, Passage& its) {
  // One that was forwarded or comes back has its place already, and the page that tells of a
  // refusal needs none.
  if (request.dispatcher() != MARGAY_REQUEST && request.attribute(mark_)) return true;
  request.attribute(mark_, "counted");
  switch (enter(key_.of(request), response, its)) {
    case Entry::inside:
      return true;
    case Entry::full:
      refuse(response);
      return false;
    case Entry::waits:
      break;
  }
  response.on_abort([this, &its](margay::Response& to) {
    margay::Async async;
    {
      const std::lock_guard lock(mutex_);
      if (!its.waits) return;
      async = take_from_queue(its);
    }
    refuse(to);
  });
  return false;
}

ConcurrencyLimit::Entry ConcurrencyLimit::enter(std::uint64_t key, margay::Response& response,
                                                Passage& its) {
  const std::lock_guard lock(mutex_);
  Gate& gate = gates_.try_emplace(key, Gate{.key = key}).first->second;
  if (gate.inside < limit_) {
    ++gate.inside;
    its.gate = &gate;
    return Entry::inside;
  }
  if (queue_.size() >= most_waiting_) return Entry::full;
  its.async = response.suspend();
  if (!its.async) return Entry::full;  // within an include nobody waits
  its.until = Clock::now() + patience_;
  its.place = queue_.insert(queue_.end(), &its);
  its.waits = true;
  its.gate = &gate;
  ++gate.waiting;
  if (queue_.size() == 1) change_.notify_one();
  return Entry::waits;
}

void ConcurrencyLimit::refuse(margay::Response& response) const {
  response.header("Retry-After", retry_after_);
  response.send_error(status_, "There are too many requests at once. Try again in a moment.");
}

// With the mutex, of who waits.
margay::Async ConcurrencyLimit::take_from_queue(Passage& its) {
  queue_.erase(its.place);
  its.waits = false;
  --std::exchange(its.gate, nullptr)->waiting;
  return std::move(its.async);
}

// With the mutex. Gives a place at `gate` to the first who waits for it; empty: it is free.
margay::Async ConcurrencyLimit::next(Gate& gate) {
  if (gate.waiting == 0) return {};
  Passage& first = **std::find_if(queue_.begin(), queue_.end(),
                                  [&](const Passage* one) { return one->gate == &gate; });
  margay::Async async = take_from_queue(first);
  first.gate = &gate;
  return async;
}

// With the mutex.
void ConcurrencyLimit::drop(Gate& gate) {
  if (gate.inside == 0 && gates_.size() > kKeptGates) gates_.erase(gate.key);
}

// An exchange that waits is not done: its right to come back keeps it.
void ConcurrencyLimit::done(const margay_request&, const margay_outcome&, Passage& its) {
  margay::Async async;
  {
    const std::lock_guard lock(mutex_);
    if (its.gate == nullptr) return;
    Gate& gate = *its.gate;
    async = next(gate);
    if (!async) {
      --gate.inside;
      drop(gate);
    }
  }
  async.proceed();
}

void ConcurrencyLimit::watch_queue() {
  std::unique_lock lock(mutex_);
  while (!ends_) {
    if (queue_.empty()) {
      change_.wait(lock);
      continue;
    }
    const Clock::time_point until = queue_.front()->until;
    if (until > Clock::now()) {
      change_.wait_until(lock, until);
      continue;
    }
    margay::Async async = take_from_queue(*queue_.front());
    lock.unlock();
    async.run([this](margay::Response& response) { refuse(response); });
    async.release();
    lock.lock();
  }
}

}  // namespace filters
