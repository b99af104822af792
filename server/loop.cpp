// One libuv loop on one thread: posting work to it, its clock, its timers, its shared buffers.
#include "server/loop.h"

#include <uv.h>

#include <cassert>
#include <ctime>
#include <future>
#include <utility>

#include "server/connection.h"
#include "server/exchange.h"
#include "server/protocol.h"

namespace server {

struct Loop::Handles {
  uv_async_t wake;
  uv_idle_t more;  // runs while the loop has posted to itself: the next wait is none
  uv_timer_t tick;
  uv_prepare_t before_wait;
  uv_check_t turn_end;
};

namespace {

class FunctionTask final : public Task {
 public:
  explicit FunctionTask(std::function<void()> work) : work_(std::move(work)) {}
  void run() override {
    const std::unique_ptr<FunctionTask> self(this);
    work_();
  }

 private:
  std::function<void()> work_;
};

}  // namespace

Loop::Loop(std::size_t index)
    : index_(index),
      uv_(std::make_unique<uv_loop_t>()),
      handles_(std::make_unique<Handles>()),
      thread_id_(std::this_thread::get_id()) {
  uv_loop_init(uv_.get());
  uv_->data = this;
  uv_async_init(uv_.get(), &handles_->wake,
                [](uv_async_t* handle) { static_cast<Loop*>(handle->loop->data)->drain(); });
  uv_idle_init(uv_.get(), &handles_->more);
  uv_timer_init(uv_.get(), &handles_->tick);
  uv_prepare_init(uv_.get(), &handles_->before_wait);
  uv_prepare_start(&handles_->before_wait, [](uv_prepare_t* handle) {
    static_cast<Loop*>(handle->loop->data)->before_wait();
  });
  uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->before_wait));
  uv_check_init(uv_.get(), &handles_->turn_end);
  uv_check_start(&handles_->turn_end,
                 [](uv_check_t* handle) { static_cast<Loop*>(handle->loop->data)->end_turn(); });
  uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->turn_end));
}

Loop::~Loop() {
  if (thread_.joinable()) {
    stop();
    thread_.join();
  } else {
    stopping_ = true;
    uv_run(uv_.get(), UV_RUN_DEFAULT);
  }
  [[maybe_unused]] const int left = uv_loop_close(uv_.get());
  assert(left == 0 && "a handle outlived its loop");
}

void Loop::start() {
  std::promise<void> started;
  thread_ = std::thread([this, &started] {
    thread_id_ = std::this_thread::get_id();
    pthread_setname_np(pthread_self(), ("margay-loop-" + std::to_string(index_)).c_str());
    started.set_value();
    run();
  });
  started.get_future().wait();
}

void Loop::stop() {
  post([this] { stopping_ = true; });
}

void Loop::close_handles() {
  if (uv_is_closing(reinterpret_cast<uv_handle_t*>(&handles_->wake)) != 0) return;
  uv_close(reinterpret_cast<uv_handle_t*>(&handles_->wake), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&handles_->more), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&handles_->tick), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&handles_->before_wait), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&handles_->turn_end), nullptr);
}

void Loop::run() { uv_run(uv_.get(), UV_RUN_DEFAULT); }

// The loop's own tasks wait apart: it looks for them before it waits and behind every turn, which
// costs no system call. Those of others it must not see before their poster has woken it, who would
// still be in here when the task has run, and with it perhaps the loop has ended: only who posts
// for others sends `wake`.
void Loop::post(Task& task) {
  if (is_current()) {
    task.next_ = nullptr;
    (own_first_ == nullptr ? own_first_ : own_last_->next_) = &task;
    own_last_ = &task;
    return;
  }
  Task* head = posted_.load(std::memory_order_relaxed);
  do {
    task.next_ = head;
  } while (!posted_.compare_exchange_weak(head, &task, std::memory_order_release,
                                          std::memory_order_relaxed));
  if (head == nullptr) uv_async_send(&handles_->wake);
}

void Loop::post(std::function<void()> work) { post(*new FunctionTask(std::move(work))); }

void Loop::call(const std::function<void()>& work) {
  std::promise<void> done;
  post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

void Loop::drain() {
  Task* list = posted_.exchange(nullptr, std::memory_order_acquire);
  Task* ordered = nullptr;
  while (list != nullptr) {
    Task* next = list->next_;
    list->next_ = ordered;
    ordered = list;
    list = next;
  }
  while (ordered != nullptr) {
    Task* next = ordered->next_;
    ordered->run();
    ordered = next;
  }
  cork_.flush();
}

std::uint64_t Loop::now() const { return uv_now(uv_.get()); }

void Loop::arm(Timer& timer, std::uint64_t after) {
  timers_.arm(timer, now() + after);
  if (ticking_) return;
  ticking_ = true;
  uv_timer_start(
      &handles_->tick,
      [](uv_timer_t* handle) { static_cast<Loop*>(handle->loop->data)->advance(); },
      TimerWheel::kTick, TimerWheel::kTick);
}

void Loop::advance() {
  timers_.advance(now());
  const bool wanted = tick_ != nullptr && tick_();
  cork_.flush();
  if (timers_.empty() && !wanted) {
    ticking_ = false;
    uv_timer_stop(&handles_->tick);
  }
}

// Timers and what is posted from closing handles come behind the turn's end.
void Loop::before_wait() {
  end_turn();
  if (own_first_ != nullptr) uv_idle_start(&handles_->more, [](uv_idle_t*) {});
}

// Those that are there now; what they post has its turn later.
void Loop::run_own() {
  if (own_first_ == nullptr) return;
  uv_idle_stop(&handles_->more);
  Task* task = std::exchange(own_first_, nullptr);
  while (task != nullptr) {
    Task* next = task->next_;
    task->run();
    task = next;
  }
}

// Until nothing is left: what a tunnel writes goes through the output of the connection that
// carries it, and what closes is heard of by others.
void Loop::end_turn() {
  run_own();
  do {
    while (turn_end_ != nullptr) std::exchange(turn_end_, turn_end_->next_)->run();
    cork_.flush();
    for (std::size_t i = 0; i < doomed_.size(); ++i) doomed_[i]->close();  // may doom others
    doomed_.clear();
  } while (turn_end_ != nullptr || !cork_.empty());
  // Whose ends may retire others, which have their turn later.
  if (!retired_connections_.empty()) std::exchange(retired_connections_, {}).clear();
  if (!retired_.empty()) std::exchange(retired_, {}).clear();
  if (stopping_ && lent_ == 0 && own_first_ == nullptr) close_handles();
}

void Loop::retire(std::unique_ptr<Protocol> protocol) { retired_.push_back(std::move(protocol)); }

void Loop::retire(std::unique_ptr<Connection> connection) {
  retired_connections_.push_back(std::move(connection));
}

std::string_view Loop::date() {
  const std::time_t second = std::time(nullptr);
  if (second != date_second_) {
    std::tm parts{};
    gmtime_r(&second, &parts);
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::snprintf(date_, sizeof date_, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[parts.tm_wday],
                  parts.tm_mday, kMonths[parts.tm_mon], (parts.tm_year + 1900) % 10000,
                  parts.tm_hour, parts.tm_min, parts.tm_sec);
    date_second_ = second;
  }
  return {date_, 29};
}

Exchange& Loop::take_exchange() {
  ++lent_;
  if (spare_.empty()) return *new Exchange(*this);
  Exchange* exchange = spare_.back().release();
  spare_.pop_back();
  return *exchange;
}

void Loop::give_back(Exchange& exchange) {
  --lent_;
  exchange.reset();
  if (spare_.size() < kSpare) {
    spare_.emplace_back(&exchange);
  } else {
    delete &exchange;
  }
}

}  // namespace server
