// Runs what plugins do to start, which may hang, without hanging with it.
#include "container/starts.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "container/config/value.h"

namespace container {

using Clock = std::chrono::steady_clock;

void StartStep::now(std::string what) {
  const std::scoped_lock lock(mutex_);
  what_ = std::move(what);
}

std::string StartStep::what() const {
  const std::scoped_lock lock(mutex_);
  return what_;
}

struct Starts::Start {
  void run() {
    std::exception_ptr thrown;
    try {
      work(step);
    } catch (...) {
      thrown = std::current_exception();
    }
    const std::scoped_lock lock(mutex);
    error = std::move(thrown);
    is_over = true;
    over.notify_all();
  }
  bool wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex);
    return over.wait_for(lock, time, [&] { return is_over; });
  }
  // ": creating 'cart'", or nothing.
  std::string where() const {
    const std::string what = step.what();
    return what.empty() ? "" : ": " + what;
  }

  std::string title;
  Work work;
  Then then;
  StartStep step;
  std::mutex mutex;  // guards the next two
  bool is_over = false;
  std::exception_ptr error;
  std::condition_variable over;
  std::thread thread;
};

Starts::Starts(Options options) : options_(std::move(options)) {}

Starts::~Starts() {
  tick();
  if (pending_.empty()) return;
  for (const auto& one : pending_)
    options_.log.error("{} still starts{}; ending without it", one->title, one->where());
  options_.last_words();
  std::fflush(nullptr);
  ::_exit(EXIT_FAILURE);
}

std::unique_ptr<Starts::Start> Starts::begin(const std::string& title, Work work) const {
  if (is_full())
    throw std::runtime_error("it is not started: " + std::to_string(kMost) +
                             " earlier starts have not come to an end");
  auto start = std::make_unique<Start>();
  start->title = title;
  start->work = std::move(work);
  start->thread = std::thread([its = start.get()] {
    ::pthread_setname_np(::pthread_self(), "margay-start");
    its->run();
  });
  return start;
}

void Starts::run(const std::string& title, std::chrono::milliseconds limit, Work work, Then late) {
  constexpr std::chrono::milliseconds kLook{50};
  std::unique_ptr<Start> start = begin(title, std::move(work));
  const auto began = Clock::now();
  auto notice = options_.first_notice;
  for (;;) {
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
    const bool is_late = passed >= limit;
    if (start->wait(is_late ? std::chrono::milliseconds(0) : std::min(kLook, limit - passed))) {
      start->thread.join();
      if (start->error) std::rethrow_exception(start->error);
      return;
    }
    if (passed >= notice) {
      options_.log.warn("{} has been starting for {}{}", title, print_duration(notice),
                        start->where());
      notice *= 2;
    }
    if (is_late || options_.gives_up()) {
      std::string complaint =
          (is_late ? "it has not started within " + print_duration(limit) + " ('startTimeout')"
                   : std::string("nobody waits for its start, as the server stops")) +
          start->where();
      start->then = std::move(late);
      pending_.push_back(std::move(start));
      throw StartTimeout(std::move(complaint));
    }
  }
}

void Starts::launch(const std::string& title, Work work, Then then) {
  std::unique_ptr<Start> start = begin(title, std::move(work));
  start->then = std::move(then);
  pending_.push_back(std::move(start));
}

void Starts::tick() {
  for (std::size_t i = 0; i < pending_.size();) {
    if (!pending_[i]->wait(std::chrono::milliseconds(0))) {
      ++i;
      continue;
    }
    const std::unique_ptr<Start> done = std::move(pending_[i]);
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
    done->thread.join();
    if (done->then) done->then(done->error);
  }
}

}  // namespace container
