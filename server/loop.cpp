// One libuv loop on one thread: posting work to it, its clock, its timers, its shared buffers.
#include "server/loop.h"

#include <uv.h>

#include <cassert>
#include <ctime>
#include <future>

#include "server/connection.h"
#include "server/exchange.h"

namespace server {

struct Loop::Handles {
  uv_async_t wake;
  uv_timer_t tick;
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
    : index_(index), uv_(std::make_unique<uv_loop_t>()), handles_(std::make_unique<Handles>()) {
  uv_loop_init(uv_.get());
  uv_->data = this;
  uv_async_init(uv_.get(), &handles_->wake,
                [](uv_async_t* handle) { static_cast<Loop*>(handle->loop->data)->drain(); });
  uv_timer_init(uv_.get(), &handles_->tick);
  uv_check_init(uv_.get(), &handles_->turn_end);
  uv_check_start(&handles_->turn_end,
                 [](uv_check_t* handle) { static_cast<Loop*>(handle->loop->data)->cork_.flush(); });
  uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->turn_end));
}

Loop::~Loop() {
  if (thread_.joinable()) {
    stop();
    thread_.join();
  } else {
    uv_close(reinterpret_cast<uv_handle_t*>(&handles_->wake), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&handles_->tick), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&handles_->turn_end), nullptr);
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
  post([this] {
    uv_close(reinterpret_cast<uv_handle_t*>(&handles_->wake), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&handles_->tick), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&handles_->turn_end), nullptr);
  });
}

void Loop::run() { uv_run(uv_.get(), UV_RUN_DEFAULT); }

void Loop::post(Task& task) {
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
  bool wanted = false;
  for (const auto& tick : ticks_) wanted |= tick();
  cork_.flush();
  if (timers_.empty() && !wanted) {
    ticking_ = false;
    uv_timer_stop(&handles_->tick);
  }
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
  if (spare_.empty()) return *new Exchange(*this);
  Exchange* exchange = spare_.back().release();
  spare_.pop_back();
  return *exchange;
}

void Loop::give_back(Exchange& exchange) {
  exchange.reset();
  if (spare_.size() < kSpare) {
    spare_.emplace_back(&exchange);
  } else {
    delete &exchange;
  }
}

}  // namespace server
