// Last stop of a request: one line per exchange, formatted on its loop and written by a thread that
// no loop waits for.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "container/access_log_file.h"
#include "container/access_log_pattern.h"

namespace container {

// The attributes of <AccessLog>; names and defaults are Tomcat's.
struct AccessLogOptions {
  std::string pattern = "common";
  AccessLogPlace place;
  std::string condition_if;      // log only records that have this request attribute
  std::string condition_unless;  // log only records that have not
  bool buffered = true;          // false: every line goes to the writer at once
  // Bytes waiting for the writer, over all loops. When full, the newest lines are dropped and
  // counted, and the file gets a line "# N lines dropped" ({"dropped":N} in json) when there is
  // room again.
  std::size_t queue_limit = 4u << 20;
  // How long a pipe that nobody reads may hold up the writer before its lines are dropped.
  std::chrono::milliseconds write_stall{5000};
};

// What the log takes from its surroundings. Both are called on the writer thread.
struct AccessLogHooks {
  std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now;
  // A sentence; once when writing begins to fail, again only after it has worked in between.
  std::function<void(std::string_view)> on_error = [](std::string_view) {};
};

// One per <AccessLog> element. Owns the writer thread; outlives its appenders.
class AccessLog {
 public:
  // Throws std::invalid_argument for a bad pattern or date format. Opens the file with the first
  // line.
  explicit AccessLog(AccessLogOptions options, AccessLogHooks hooks = {});
  // Writes everything handed over, then ends the thread. A pipe that nobody reads delays this by
  // `write_stall`.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  // One per loop, used by that loop's thread only; what it holds is handed over when it ends.
  class Appender {
   public:
    explicit Appender(AccessLog& log);
    ~Appender() { hand_over(); }
    Appender(const Appender&) = delete;
    Appender& operator=(const Appender&) = delete;

    // Logs the record unless a condition says no. Never blocks.
    void append(const AccessRecord& record);

    // To be called by the loop's timer, about every second or more often: hands over lines older
    // than a second.
    void tick(std::chrono::steady_clock::time_point now);

    // Whether lines wait here that `tick` has to hand over.
    bool holds_lines() const { return lines_ != 0; }

    // Gives the writer what there is, full or not.
    void hand_over();

   private:
    AccessLog& log_;
    LocalTimes times_;
    std::string text_;
    std::uint64_t lines_ = 0;
    std::chrono::steady_clock::time_point handed_over_{};
  };

  // Opens the file anew before the next line: after logrotate moved it. Any thread, not a signal
  // handler.
  void reopen();

  // Lines lost so far to a full queue or a failing file. Any thread.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Block {
    std::string text;
    std::uint64_t lines = 0;
  };

  // Takes the block, or drops its lines, and leaves an empty text with room. Any thread.
  void enqueue(std::string& text, std::uint64_t lines);
  bool wants(const AccessRecord& record) const;
  void run();
  void write(const std::vector<Block>& batch);
  std::uint64_t write(const Block& block);
  bool write_drop_note();
  void fail(const AccessLogFile::Failure& failure);

  const AccessLogOptions options_;
  const AccessLogHooks hooks_;
  const AccessLogPattern pattern_;
  std::atomic<std::uint64_t> dropped_{0};

  std::mutex mutex_;  // guards queue_, spare_, queued_bytes_, overflowed_, reopen_, stopping_; held
                      // for moves only
  std::condition_variable wake_;
  std::vector<Block> queue_;
  std::vector<std::string> spare_;  // emptied texts that keep their room
  std::size_t queued_bytes_ = 0;    // in queue_ and in the writer's hands
  std::uint64_t overflowed_ = 0;    // lines dropped since the writer last looked
  bool reopen_ = false;
  bool stopping_ = false;

  // The writer thread's own.
  AccessLogFile file_;
  std::uint64_t unwritten_ = 0;  // dropped lines that the file does not tell of yet
  bool failing_ = false;

  std::thread writer_;  // last: starts when all else is there
};

}  // namespace container
