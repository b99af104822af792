// The way of log lines out of the process: spdlog's bounded queue and thread, and one write per
// line.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <mutex>

#include "server/log.h"

namespace server {
namespace {

// Called by the queue's one thread. Nobody is left to tell when the log itself cannot be written:
// such lines are counted.
class FdSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  FdSink(int fd, LogFormat format) : fd_(fd), format_(format) {}

  void attach(spdlog::details::thread_pool& queue) { queue_ = &queue; }

  // Any thread.
  std::uint64_t lost() const {
    return queue_->overrun_counter() + unwritten_.load(std::memory_order_relaxed);
  }

  // The queue is in order: a flush comes behind the lines that were written before it was asked
  // for. A full queue may lose it, hence the limit. Any thread.
  std::uint64_t flushes() {
    const std::scoped_lock lock(mutex_);
    return flushes_;
  }
  void await_flush(std::uint64_t before) {
    std::unique_lock lock(mutex_);
    flushed_.wait_for(lock, std::chrono::seconds(10), [&] { return flushes_ > before; });
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    tell_of_lost(message);
    line_.assign(message.payload.data(), message.payload.size());
    line_ += '\n';
    if (!write_line()) unwritten_.fetch_add(1, std::memory_order_relaxed);
  }

  void flush_() override {
    const std::scoped_lock lock(mutex_);
    ++flushes_;
    flushed_.notify_all();
  }

  void tell_of_lost(const spdlog::details::log_msg& message) {
    const std::uint64_t lost_now = lost();
    if (lost_now == told_) return;
    const std::string text = std::to_string(lost_now - told_) + " log lines were lost";
    line_.clear();
    append_log_line(line_, format_,
                    {.time = message.time,
                     .level = LogLevel::warn,
                     .component = "margay.log",
                     .thread = "log",
                     .message = text});
    line_ += '\n';
    if (write_line()) told_ = lost_now;
  }

  bool write_line() {
    std::string_view rest = line_;
    while (!rest.empty()) {
      pollfd ready{fd_, POLLOUT, 0};
      const int waited = ::poll(&ready, 1, stalled_ ? 0 : stall_milliseconds);
      stalled_ = waited == 0;
      if (stalled_) return false;
      // poll promises room for PIPE_BUF bytes of a pipe, no more.
      const ssize_t count = ::write(fd_, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
      if (count < 0 && errno != EINTR && errno != EAGAIN) return false;
      if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  static constexpr int stall_milliseconds =
      5000;  // a pipe that nobody reads holds up the first line, no further one

  const int fd_;
  const LogFormat format_;
  spdlog::details::thread_pool* queue_ = nullptr;
  std::atomic<std::uint64_t> unwritten_{0};
  std::uint64_t told_ = 0;  // lost lines that the log tells of already
  bool stalled_ = false;
  std::string line_;
  std::mutex mutex_;  // guards the next
  std::uint64_t flushes_ = 0;
  std::condition_variable flushed_;
};

void name_and_shield_thread() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  pthread_setname_np(pthread_self(), "log");
}

}  // namespace

// The thread pool comes last, so that it goes first and writes what waits while the sink still
// lives.
struct LogQueue::Writer {
  explicit Writer(const LogQueueOptions& options)
      : sink(std::make_shared<FdSink>(options.fd, options.format)),
        pool(std::make_shared<spdlog::details::thread_pool>(options.queue_limit, 1,
                                                            name_and_shield_thread)),
        logger(std::make_shared<spdlog::async_logger>(
            "margay", sink, pool, spdlog::async_overflow_policy::overrun_oldest)) {
    sink->attach(*pool);
    logger->set_level(spdlog::level::trace);
    logger->set_error_handler([](const std::string&) {});
  }

  std::shared_ptr<FdSink> sink;
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;
};

LogQueue::LogQueue(LogQueueOptions options)
    : format_(options.format), writer_(std::make_unique<Writer>(options)) {}

// First the thread, which writes what waits; then nobody but us holds the logger.
LogQueue::~LogQueue() { writer_->pool.reset(); }

void LogQueue::flush() {
  const std::uint64_t before = writer_->sink->flushes();
  writer_->logger->flush();
  writer_->sink->await_flush(before);
}

void LogQueue::write(const LogLine& line) {
  std::string text;
  append_log_line(text, format_, line);
  writer_->logger->log(line.time, spdlog::source_loc{}, spdlog::level::info,
                       spdlog::string_view_t(text.data(), text.size()));
}

std::uint64_t LogQueue::lost() const { return writer_->sink->lost(); }

}  // namespace server
