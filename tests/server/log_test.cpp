// The server log: levels, the form of lines, and the queue over real files and pipes.
#include "server/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using server::Log;
using server::LogFormat;
using server::LogLevel;
using server::LogLine;
using server::LogQueue;
using server::Logs;

using Lines = std::vector<std::string>;

struct Counted {
  int* formatted;
};

// An unnamed file, read back from its start.
class OutputFile {
 public:
  OutputFile() : file_(std::tmpfile()) { REQUIRE(file_ != nullptr); }
  ~OutputFile() { std::fclose(file_); }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  int fd() const { return fileno(file_); }
  Lines lines() const {
    std::string text(static_cast<std::size_t>(lseek(fd(), 0, SEEK_END)), '\0');
    REQUIRE(pread(fd(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    Lines found;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) found.push_back(line);
    return found;
  }

 private:
  std::FILE* file_;
};

std::string line_of(LogFormat format, std::string_view message) {
  setenv("TZ", "UTC0", 1);
  tzset();
  std::string out;
  server::append_log_line(out, format,
                          {.time = std::chrono::system_clock::time_point(1795514400123ms),
                           .level = LogLevel::info,
                           .component = "margay.container",
                           .thread = "loop-0",
                           .message = message});
  return out;
}

}  // namespace

template <>
struct fmt::formatter<Counted> {
  constexpr auto parse(format_parse_context& context) { return context.begin(); }
  template <class Context>
  auto format(const Counted& counted, Context& context) const {
    ++*counted.formatted;
    return context.out();
  }
};

TEST_CASE("a default log is silent") {
  const Log log;
  CHECK_FALSE(log.wants(LogLevel::error));
  log.error("nobody hears {}", 1);
  log.write(LogLevel::error, "this");
}

TEST_CASE("handles format their message and name their component") {
  server::CapturedLog captured;
  Logs logs(captured);
  const Log log = logs.log("margay.server");
  log.info("port {} on {}", 8080, std::string("lo"));
  log.warn("careful");
  log.error("{:>4}", 7);
  log.debug("not wanted");
  log.write(LogLevel::info, "as {it} is");
  CHECK(captured.lines() == Lines{"INFO margay.server: port 8080 on lo",
                                  "WARN margay.server: careful", "ERROR margay.server:    7",
                                  "INFO margay.server: as {it} is"});
}

TEST_CASE("nothing is formatted below the level") {
  server::CapturedLog captured;
  Logs logs(captured);
  const Log log = logs.log("margay.server");
  int formatted = 0;
  log.debug("{}", Counted{&formatted});
  CHECK(formatted == 0);
  logs.set_level("margay", LogLevel::debug);
  log.debug("{}", Counted{&formatted});
  CHECK(formatted == 1);
}

TEST_CASE(
    "the longest name decides the level, at dots and slashes, also for handles given out before") {
  server::CapturedLog captured;
  Logs logs(captured, LogLevel::warn);
  const Log http = logs.log("margay.server.http1");
  const Log other = logs.log("margay.serverless");
  const Log shop = logs.log("app./shop");
  const Log cart = logs.log("app./shop/cart");
  const Log shoppers = logs.log("app./shoppers");
  CHECK_FALSE(http.wants(LogLevel::info));
  logs.set_level("app", LogLevel::error);
  logs.set_level("margay.server", LogLevel::debug);
  logs.set_level("app./shop", LogLevel::trace);
  CHECK(http.wants(LogLevel::debug));
  CHECK_FALSE(other.wants(LogLevel::info));
  CHECK(other.wants(LogLevel::warn));
  CHECK(shop.wants(LogLevel::trace));
  CHECK(cart.wants(LogLevel::trace));
  CHECK_FALSE(shoppers.wants(LogLevel::warn));
  CHECK(logs.log("margay.server.tls").wants(LogLevel::debug));
  logs.set_level("", LogLevel::off);
  CHECK_FALSE(other.wants(LogLevel::error));
  CHECK(http.wants(LogLevel::debug));
}

TEST_CASE("the table of components has a limit") {
  server::CapturedLog captured;
  Logs logs(captured);
  for (int number = 0; number < 5000; ++number) logs.log("app./" + std::to_string(number));
  logs.log("app./17").info("known");
  logs.log("app./4999").info("beyond");
  CHECK(captured.lines() == Lines{"INFO app./17: known", "INFO margay: beyond"});
}

TEST_CASE("level names") {
  CHECK(server::parse_log_level("Debug") == LogLevel::debug);
  CHECK(server::parse_log_level("WARNING") == LogLevel::warn);
  CHECK(server::parse_log_level("off") == LogLevel::off);
  CHECK_FALSE(server::parse_log_level("loud").has_value());
  CHECK_FALSE(server::parse_log_level("").has_value());
  CHECK(server::to_text(LogLevel::error) == "ERROR");
}

TEST_CASE("text lines cannot be forged") {
  CHECK(line_of(LogFormat::text, "hello") ==
        "2026-11-24 10:00:00.123 INFO  margay.container  hello");
  CHECK(line_of(LogFormat::text, "x\r\n2026-11-24 ERROR \x1b[2J caf\xc3\xa9") ==
        "2026-11-24 10:00:00.123 INFO  margay.container  x\\r\\n2026-11-24 ERROR \\x1b[2J "
        "caf\xc3\xa9");
}

TEST_CASE("json lines parse and carry the message unharmed") {
  const auto object = nlohmann::json::parse(line_of(LogFormat::json, "a \"b\"\n\x01 caf\xc3\xa9"));
  CHECK(object == nlohmann::json{{"timestamp", "2026-11-24T10:00:00.123Z"},
                                 {"level", "INFO"},
                                 {"component", "margay.container"},
                                 {"thread", "loop-0"},
                                 {"message", "a \"b\"\n\x01 caf\xc3\xa9"}});
}

TEST_CASE("a huge message is cut and stays valid") {
  const std::string huge(100'000, 'x');
  CHECK(line_of(LogFormat::text, huge).size() < 17'000);
  CHECK(line_of(LogFormat::text, huge).ends_with("x..."));
  const std::string message = nlohmann::json::parse(line_of(LogFormat::json, huge))["message"];
  CHECK(message == huge.substr(0, 16384) + "...");
}

TEST_CASE("what was logged is written when the queue ends, with the name of the thread") {
  const OutputFile file;
  {
    LogQueue queue({.format = LogFormat::json, .fd = file.fd()});
    Logs logs(queue);
    std::thread worker([&] {
      pthread_setname_np(pthread_self(), "worker-3");
      for (int number = 0; number < 100; ++number)
        logs.log("margay.server").info("line {}", number);
    });
    worker.join();
    CHECK(queue.lost() == 0);
  }
  const Lines lines = file.lines();
  REQUIRE(lines.size() == 100);
  const auto last = nlohmann::json::parse(lines[99]);
  CHECK(last["message"] == "line 99");
  CHECK(last["thread"] == "worker-3");
}

TEST_CASE(
    "concurrency: a flush has what was written before it written, while others go on writing") {
  const OutputFile file;
  LogQueue queue({.fd = file.fd(), .queue_limit = 100'000});
  Logs logs(queue);
  std::atomic<bool> over = false;
  std::thread other([&] {
    while (!over) logs.log("other").info("one more");
  });
  const Log log = logs.log("mine");
  for (int number = 0; number < 10; ++number) {
    const std::string line = "line " + std::to_string(number);
    log.info("{}", line);
    queue.flush();
    CHECK(std::ranges::any_of(file.lines(), [&](const auto& one) { return one.ends_with(line); }));
  }
  over = true;
  other.join();
}

TEST_CASE("two queues live beside each other") {
  const OutputFile one;
  const OutputFile two;
  {
    LogQueue first({.fd = one.fd()});
    LogQueue second({.fd = two.fd()});
    Logs(first).log("a").info("one");
    Logs(second).log("a").info("two");
  }
  REQUIRE(one.lines().size() == 1);
  REQUIRE(two.lines().size() == 1);
  CHECK(one.lines()[0].ends_with("one"));
  CHECK(two.lines()[0].ends_with("two"));
}

TEST_CASE("a full queue loses the oldest lines, counts them and says so") {
  int pipe_ends[2];
  REQUIRE(pipe(pipe_ends) == 0);
  constexpr int total = 5000;
  const std::string padding(100, '.');
  std::string text;
  std::uint64_t lost = 0;
  std::thread reader;
  {
    LogQueue queue({.fd = pipe_ends[1], .queue_limit = 100});
    Logs logs(queue);
    const Log log = logs.log("margay.server");
    const auto start = std::chrono::steady_clock::now();
    for (int number = 0; number < total; ++number) log.info("line {} {}", number, padding);
    CHECK(std::chrono::steady_clock::now() - start < 2s);
    lost = queue.lost();
    CHECK(lost > 1000);
    reader = std::thread([&] {
      char bytes[4096];
      for (ssize_t count; (count = read(pipe_ends[0], bytes, sizeof bytes)) > 0;)
        text.append(bytes, static_cast<std::size_t>(count));
    });
  }
  close(pipe_ends[1]);
  reader.join();
  close(pipe_ends[0]);
  CHECK(text.find("line " + std::to_string(total - 1) + " ") != std::string::npos);
  std::uint64_t told = 0;
  std::istringstream stream(text);
  const std::string note = "WARN  margay.log  ";
  for (std::string line; std::getline(stream, line);)
    if (const auto at = line.find(note); at != std::string::npos)
      told += std::stoull(line.substr(at + note.size()));
  CHECK(told == lost);
}

TEST_CASE("concurrency: lines of many threads come whole and once") {
  const OutputFile file;
  {
    LogQueue queue({.fd = file.fd(), .queue_limit = 100'000});
    Logs logs(queue);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        const Log log = logs.log("app./" + std::to_string(thread % 2));
        for (int number = 0; number < 2000; ++number) {
          log.info("{}-{}", thread, number);
          if (number % 500 == 0) logs.set_level("margay", LogLevel::debug);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(queue.lost() == 0);
  }
  Lines messages;
  for (const std::string& line : file.lines()) messages.push_back(line.substr(line.rfind(' ') + 1));
  std::sort(messages.begin(), messages.end());
  CHECK(messages.size() == 8000);
  CHECK(std::unique(messages.begin(), messages.end()) == messages.end());
}
