// The server's own log: a cheap handle per component, levels per component, one bounded queue to a
// writing thread.
#pragma once

#include <fmt/core.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };

// The name as in the configuration, without case ("warning" is warn); none for other words.
std::optional<LogLevel> parse_log_level(std::string_view name);
std::string_view to_text(LogLevel level);

// One message on its way; views good for the call.
struct LogLine {
  std::chrono::system_clock::time_point time;
  LogLevel level;
  std::string_view component;  // "margay.server", "app./shop"
  std::string_view thread;
  std::string_view message;
};

// Where lines go. Called on any thread, several at a time.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(const LogLine& line) = 0;
  // Returns when every line is out that was written before, at the latest after ten seconds. For
  // who ends the process while other threads may still write.
  virtual void flush() {}
};

class Logs;

// A handle to one component of a Logs, which it must not outlive; copy it freely, use it on any
// thread. A default one is silent. Arguments are formatted only when the level is wanted.
class Log {
 public:
  Log() = default;

  bool wants(LogLevel level) const {
    return component_ && level >= component_->level.load(std::memory_order_relaxed);
  }

  // The message may hold anything a client sent: it stays one line.
  void write(LogLevel level, std::string_view message) const;

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    if (wants(LogLevel::debug))
      write_formatted(LogLevel::debug, format, fmt::make_format_args(args...));
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    if (wants(LogLevel::info))
      write_formatted(LogLevel::info, format, fmt::make_format_args(args...));
  }
  template <class... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) const {
    if (wants(LogLevel::warn))
      write_formatted(LogLevel::warn, format, fmt::make_format_args(args...));
  }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const {
    if (wants(LogLevel::error))
      write_formatted(LogLevel::error, format, fmt::make_format_args(args...));
  }

 private:
  friend class Logs;

  struct Component {
    std::string name;
    LogSink& sink;
    std::atomic<LogLevel> level;
  };

  explicit Log(const Component& component) : component_(&component) {}
  void write_formatted(LogLevel level, fmt::string_view format, fmt::format_args args) const;

  const Component* component_ = nullptr;
};

// All components and their levels. One per process, made in main; outlives every Log. Any thread.
class Logs {
 public:
  // The sink must outlive this.
  explicit Logs(LogSink& sink, LogLevel level = LogLevel::info);

  // The handle for a component, the same for the same name. Names come from configuration; at most
  // 4096, further components share the handle named "margay".
  Log log(std::string_view component);
  void flush() { sink_.flush(); }  // see LogSink

  // For the component and everything below it ("margay" holds for "margay.server", "app" for
  // "app./shop/cart"), now and later; the longest name that fits wins. "" is the level of all
  // others.
  void set_level(std::string_view component, LogLevel level);

 private:
  LogLevel level_of(std::string_view component) const;

  LogSink& sink_;
  std::mutex mutex_;  // guards the two tables
  std::map<std::string, LogLevel, std::less<>> levels_;
  std::map<std::string, std::unique_ptr<Log::Component>, std::less<>> components_;
};

enum class LogFormat : std::uint8_t { text, json };

struct LogQueueOptions {
  LogFormat format = LogFormat::text;
  int fd = 2;  // not owned
  std::size_t queue_limit =
      8192;  // lines; when full the oldest waiting line is lost, counted and told of
};

// Formats on the caller's thread and writes on its own:
//   2026-11-24 10:00:00.123 INFO  margay.container  message          (local time)
//   {"timestamp":"2026-11-24T10:00:00.123Z","level":"INFO","component":"…","thread":"…","message":"…"}
class LogQueue final : public LogSink {
 public:
  explicit LogQueue(LogQueueOptions options);
  ~LogQueue() override;  // writes what waits; no thread may be in write

  void write(const LogLine& line) override;
  void flush() override;

  // Lines lost to a full queue or to an output that nobody reads for five seconds. Any thread.
  std::uint64_t lost() const;

 private:
  struct Writer;
  const LogFormat format_;
  std::unique_ptr<Writer> writer_;
};

// Keeps lines for tests: "WARN margay.server: message", the message as it was written.
class CapturedLog final : public LogSink {
 public:
  void write(const LogLine& line) override;
  std::vector<std::string> lines() const;

 private:
  mutable std::mutex mutex_;  // guards lines_
  std::vector<std::string> lines_;
};

// The line as LogQueue writes it, without its newline.
void append_log_line(std::string& out, LogFormat format, const LogLine& line);

}  // namespace server
