// The bounded pool of threads that run handlers which may block (Tomcat's Executor).
#include "server/workers.h"

#include <pthread.h>

#include <algorithm>

namespace server {

Workers::Workers(WorkersOptions options) : options_(std::move(options)) {
  const std::scoped_lock lock(mutex_);
  const std::size_t count = std::min(options_.min_spare_threads, options_.max_threads);
  for (std::size_t i = 0; i < count; ++i) spawn();
}

Workers::~Workers() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (const auto& slot : slots_) slot->thread.join();
}

bool Workers::submit(Work& work, bool always) {
  {
    const std::scoped_lock lock(mutex_);
    if (queued_ >= options_.max_queue_size && !always) {
      ++refused_;
      return false;
    }
    work.next_ = nullptr;
    (first_ == nullptr ? first_ : last_->next_) = &work;
    last_ = &work;
    ++queued_;
    if (queued_ > idle_ && threads_ < options_.max_threads) spawn();
  }
  wake_.notify_one();
  return true;
}

void Workers::spawn() {
  auto ended = std::find_if(slots_.begin(), slots_.end(), [](const auto& s) { return s->ended; });
  if (ended == slots_.end()) {
    slots_.push_back(std::make_unique<Slot>());
    ended = slots_.end() - 1;
  } else {
    (*ended)->thread.join();
    (*ended)->ended = false;
  }
  ++threads_;
  ++idle_;  // counts from now on, so that a burst does not start a thread per piece
  Slot& slot = **ended;
  slot.thread = std::thread([this, &slot, name = options_.name_prefix + std::to_string(++named_)] {
    pthread_setname_np(pthread_self(),
                       name.substr(name.size() > 15 ? name.size() - 15 : 0).c_str());
    serve(slot);
  });
}

void Workers::serve(Slot& slot) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const bool work_or_end = wake_.wait_for(lock, options_.max_idle_time,
                                            [&] { return first_ != nullptr || stopping_; });
    if (first_ == nullptr) {
      if (!work_or_end && threads_ <= options_.min_spare_threads) continue;
      --idle_;
      --threads_;
      slot.ended = true;
      return;
    }
    Work& work = *first_;
    first_ = work.next_;
    --queued_;
    --idle_;
    lock.unlock();
    slot.title.store(work.title(), std::memory_order_relaxed);
    slot.since.store(std::chrono::steady_clock::now().time_since_epoch().count(),
                     std::memory_order_release);
    work.run();
    slot.since.store(0, std::memory_order_release);
    lock.lock();
    ++idle_;
  }
}

Workers::Figures Workers::figures() const {
  const std::scoped_lock lock(mutex_);
  return {threads_, threads_ - idle_, queued_, refused_};
}

}  // namespace server
