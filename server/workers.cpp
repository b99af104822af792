// The bounded pool of threads that run handlers which may block (Tomcat's Executor).
#include "server/workers.h"

#include <pthread.h>

#include <algorithm>
#include <system_error>

namespace server {

namespace {

std::int64_t nanoseconds_now() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

}  // namespace

Workers::Workers(WorkersOptions options) : options_(std::move(options)) {
  const std::scoped_lock lock(mutex_);
  const std::size_t count = std::min(options_.min_spare_threads, options_.max_threads);
  for (std::size_t i = 0; i < count; ++i) spawn();
}

Workers::~Workers() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  wake_.notify_all();
  const auto joinable = [](const auto& slot) { return slot->thread.joinable(); };
  for (;;) {  // one that still works may start another
    const auto slot = std::find_if(slots_.begin(), slots_.end(), joinable);
    if (slot == slots_.end()) return;
    std::thread thread = std::move((*slot)->thread);
    lock.unlock();
    thread.join();
    lock.lock();
  }
}

bool Workers::submit(Work& work, bool always) {
  std::unique_lock lock(mutex_);
  if (queued_ >= options_.max_queue_size && !always) {
    ++refused_;
    return false;
  }
  work.next_ = nullptr;
  (first_ == nullptr ? first_ : last_->next_) = &work;
  last_ = &work;
  ++queued_;
  wake_another(lock);
  return true;
}

// One thread is on its way at a time; it wakes the next when it finds more than it takes. A burst
// of short work is so done by few threads, and work that blocks still gets a thread apiece.
void Workers::wake_another(std::unique_lock<std::mutex>& lock) {
  if (queued_ == 0 || waking_) return lock.unlock();
  if (idle_ > 0) {
    waking_ = true;
    lock.unlock();
    return wake_.notify_one();
  }
  waking_ = threads_ < options_.max_threads && spawn();
  lock.unlock();
}

bool Workers::spawn() {
  auto ended = std::find_if(slots_.begin(), slots_.end(), [](const auto& s) { return s->ended; });
  if (ended == slots_.end()) {
    slots_.push_back(std::make_unique<Slot>());
    ended = slots_.end() - 1;
  }
  Slot& slot = **ended;
  if (slot.thread.joinable()) slot.thread.join();
  try {
    slot.thread =
        std::thread([this, &slot, name = options_.name_prefix + std::to_string(++named_)] {
          pthread_setname_np(pthread_self(),
                             name.substr(name.size() > 15 ? name.size() - 15 : 0).c_str());
          serve(slot);
        });
  } catch (const std::system_error&) {
    return false;  // the system has no more: those there are go on, the queue fills and refuses
  }
  slot.ended = false;
  ++threads_;
  ++idle_;
  return true;
}

void Workers::serve(Slot& slot) {
  std::unique_lock lock(mutex_);
  waking_ = false;
  for (;;) {
    while (first_ != nullptr) {
      Work& work = *first_;
      first_ = work.next_;
      --queued_;
      --idle_;
      wake_another(lock);
      slot.title.store(work.title(), std::memory_order_relaxed);
      slot.since.store(nanoseconds_now(), std::memory_order_release);
      work.run();
      slot.since.store(0, std::memory_order_release);
      lock.lock();
      ++idle_;
    }
    if (stopping_) break;
    const bool in_vain = wake_.wait_for(lock, options_.max_idle_time) == std::cv_status::timeout;
    waking_ = false;
    if (in_vain && first_ == nullptr && threads_ > options_.min_spare_threads) break;
  }
  --idle_;
  --threads_;
  slot.ended = true;
}

Workers::Figures Workers::figures() const {
  const std::scoped_lock lock(mutex_);
  return {threads_, threads_ - idle_, queued_, refused_};
}

std::vector<Workers::Stuck> Workers::watch(std::chrono::nanoseconds limit) {
  std::vector<Stuck> news;
  const std::int64_t now = nanoseconds_now();
  const std::scoped_lock lock(mutex_);
  for (const auto& slot : slots_) {
    const std::int64_t since = slot->since.load(std::memory_order_acquire);
    if (slot->told != 0 && slot->told != since) {
      news.push_back(
          {std::move(slot->told_title), std::chrono::nanoseconds(now - slot->told), true});
      slot->told = 0;
    }
    if (limit.count() == 0 || since == 0 || slot->told != 0 || now - since < limit.count())
      continue;
    slot->told = since;
    slot->told_title = slot->title.load(std::memory_order_relaxed);
    news.push_back({slot->told_title, std::chrono::nanoseconds(now - since), false});
  }
  return news;
}

std::vector<Workers::Stuck> Workers::stuck() const {
  std::vector<Stuck> all;
  const std::int64_t now = nanoseconds_now();
  const std::scoped_lock lock(mutex_);
  for (const auto& slot : slots_)
    if (slot->told != 0)
      all.push_back({slot->told_title, std::chrono::nanoseconds(now - slot->told), false});
  return all;
}

}  // namespace server
