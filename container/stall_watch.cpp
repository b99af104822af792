// Calls into plugins that hold a loop or a worker for too long.
#include "container/stall_watch.h"

#include <utility>

namespace container {

namespace {

template <class Duration>
double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

template <class Duration>
std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

StallWatch::StallWatch(const std::vector<server::Loop*>& loops, server::Log log)
    : log_(std::move(log)) {
  for (server::Loop* loop : loops) loops_.push_back({.loop = loop});
}

void StallWatch::look(const Limits& limits, Front& front, StatusReport& status) {
  for (std::size_t i = 0; i < loops_.size(); ++i) look_at(loops_[i], i, limits.loop, status);
  for (const server::Workers::Stuck& one : front.watch(limits.worker)) {
    if (one.over)
      log_.warn("{} has let its worker go after {:.1f} s", one.title, seconds(one.elapsed));
    else
      log_.warn("{} has been holding a worker for {:.1f} s", one.title, seconds(one.elapsed));
  }
}

void StallWatch::look_at(Seen& seen, std::size_t index, std::chrono::milliseconds limit,
                         StatusReport& status) {
  const server::Loop::Busy& busy = seen.loop->busy();
  const char* const with = busy.with.load(std::memory_order_relaxed);
  const std::uint64_t calls = busy.calls.load(std::memory_order_relaxed);
  const auto now = Clock::now();
  if (with == nullptr || with != seen.with || calls != seen.calls) {
    if (!seen.told.empty())
      log_.warn("{} has let loop {} go after {} ms", seen.told, index,
                milliseconds(now - seen.since));
    if (seen.held) status.use_busy(index, "");
    seen = {.loop = seen.loop, .calls = calls, .with = with, .since = now};
    return;
  }
  if (!std::exchange(seen.held, true)) status.use_busy(index, with);
  if (limit.count() == 0 || !seen.told.empty() || now - seen.since < limit) return;
  seen.told = with;
  log_.warn("{} holds loop {} for more than {} ms: it must not block", with, index, limit.count());
}

}  // namespace container
