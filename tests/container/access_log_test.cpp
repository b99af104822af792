// The access log over real files and pipes: contents, rotation, limits, failures, and many loops at
// once.
#include "container/access_log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/support/temporary_folder.h"

using tests::eventually;

namespace {

namespace fs = std::filesystem;
using tests::TemporaryFolder;
using namespace std::chrono_literals;
using container::AccessFields;
using container::AccessLog;
using container::AccessLogHooks;
using container::AccessLogOptions;
using container::AccessRecord;
using Clock = std::chrono::system_clock;

// Moves on only when told to.
class SetClock {
 public:
  explicit SetClock(Clock::time_point start) : ticks_(start.time_since_epoch().count()) {}
  Clock::time_point now() const { return Clock::time_point(Clock::duration(ticks_.load())); }
  void advance(Clock::duration by) { ticks_ += by.count(); }

 private:
  std::atomic<Clock::rep> ticks_;
};

const Clock::time_point noon(1795521600s);  // 2026-11-24 12:00 UTC

std::string contents(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> names(const fs::path& folder) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(folder))
    found.push_back(entry.path().filename().string());
  std::sort(found.begin(), found.end());
  return found;
}

AccessLogOptions options_in(const TemporaryFolder& folder) {
  setenv("TZ", "UTC0", 1);
  tzset();
  AccessLogOptions options;
  options.pattern = "%m %U";
  options.place.directory = folder.path();
  options.place.prefix = "access";
  options.place.suffix = ".log";
  return options;
}

AccessRecord get(std::string_view path) {
  AccessRecord record;
  record.method = "GET";
  record.path = path;
  record.status = 200;
  return record;
}

class OneAttribute final : public AccessFields {
 public:
  std::optional<std::string_view> find(Source source, std::string_view name,
                                       std::size_t nth) const override {
    if (source != Source::request_attribute || name != "quiet" || nth > 0) return std::nullopt;
    return "";
  }
};

}  // namespace

TEST_CASE("AccessLog: lines are in the dated file once the log has ended") {
  const TemporaryFolder folder;
  {
    AccessLog log(options_in(folder), {.now = [] { return noon; }});
    AccessLog::Appender appender(log);
    appender.append(get("/one"));
    appender.append(get("/two"));
  }
  CHECK(contents(folder / "access.2026-11-24.log") == "GET /one\nGET /two\n");
  CHECK(names(folder.path()).size() == 1);
}

TEST_CASE("AccessLog: missing folders are made and existing files appended to") {
  const TemporaryFolder folder;
  AccessLogOptions options = options_in(folder);
  options.place.directory = folder / "a/b";
  for (const char* path : {"/one", "/two"}) {
    AccessLog log(options, {.now = [] { return noon; }});
    AccessLog::Appender(log).append(get(path));
  }
  CHECK(contents(folder / "a/b/access.2026-11-24.log") == "GET /one\nGET /two\n");
}

TEST_CASE("AccessLog: lines reach the file after a second's tick, or at once when not buffered") {
  const TemporaryFolder folder;
  AccessLogOptions options = options_in(folder);
  options.place.rotatable = false;
  const auto written = [&] { return contents(folder / "access.log"); };
  SUBCASE("buffered") {
    AccessLog log(options);
    AccessLog::Appender appender(log);
    const std::chrono::steady_clock::time_point start(1h);
    appender.tick(start);
    appender.append(get("/one"));
    appender.tick(start + 999ms);
    std::this_thread::sleep_for(30ms);
    CHECK(written().empty());
    appender.tick(start + 1000ms);
    CHECK(eventually([&] { return written() == "GET /one\n"; }));
  }
  SUBCASE("not buffered") {
    options.buffered = false;
    AccessLog log(options);
    AccessLog::Appender appender(log);
    appender.append(get("/one"));
    CHECK(eventually([&] { return written() == "GET /one\n"; }));
  }
  SUBCASE("a full buffer does not wait for the tick") {
    AccessLog log(options);
    AccessLog::Appender appender(log);
    for (int line = 0; line < 2000; ++line) appender.append(get("/sixteen/letters"));
    CHECK(eventually([&] { return written().size() >= 16384; }));
  }
}

TEST_CASE("AccessLog: a new day begins a new file") {
  const TemporaryFolder folder;
  SetClock clock(noon);
  AccessLogOptions options = options_in(folder);
  options.buffered = false;
  SUBCASE("dated names") {
    {
      AccessLog log(options, {.now = [&] { return clock.now(); }});
      AccessLog::Appender appender(log);
      appender.append(get("/one"));
      CHECK(eventually([&] { return !contents(folder / "access.2026-11-24.log").empty(); }));
      clock.advance(24h);
      appender.append(get("/two"));
    }
    CHECK(contents(folder / "access.2026-11-24.log") == "GET /one\n");
    CHECK(contents(folder / "access.2026-11-25.log") == "GET /two\n");
  }
  SUBCASE("renameOnRotate dates the finished file and never overwrites one") {
    options.place.rename_on_rotate = true;
    std::ofstream(folder / "access.2026-11-24.log") << "older\n";
    {
      AccessLog log(options, {.now = [&] { return clock.now(); }});
      AccessLog::Appender appender(log);
      appender.append(get("/one"));
      CHECK(eventually([&] { return !contents(folder / "access.log").empty(); }));
      clock.advance(24h);
      appender.append(get("/two"));
    }
    CHECK(contents(folder / "access.2026-11-24.log") == "older\n");
    CHECK(contents(folder / "access.2026-11-24.1.log") == "GET /one\n");
    CHECK(contents(folder / "access.log") == "GET /two\n");
  }
  SUBCASE("rotatable=false keeps one file") {
    options.place.rotatable = false;
    {
      AccessLog log(options, {.now = [&] { return clock.now(); }});
      AccessLog::Appender appender(log);
      appender.append(get("/one"));
      CHECK(eventually([&] { return !contents(folder / "access.log").empty(); }));
      clock.advance(24h);
      appender.append(get("/two"));
    }
    CHECK(contents(folder / "access.log") == "GET /one\nGET /two\n");
  }
}

TEST_CASE("AccessLog: renameOnRotate after a night without the server dates the file it finds") {
  const TemporaryFolder folder;
  AccessLogOptions options = options_in(folder);
  options.place.rename_on_rotate = true;
  std::ofstream(folder / "access.log") << "yesterday\n";
  timespec times[2] = {{1795521600 - 86400, 0}, {1795521600 - 86400, 0}};
  REQUIRE(utimensat(AT_FDCWD, (folder / "access.log").c_str(), times, 0) == 0);
  {
    AccessLog log(options, {.now = [] { return noon; }});
    AccessLog::Appender(log).append(get("/today"));
  }
  CHECK(contents(folder / "access.2026-11-23.log") == "yesterday\n");
  CHECK(contents(folder / "access.log") == "GET /today\n");
}

TEST_CASE("AccessLog: maxDays deletes old files of this log and nothing else") {
  const TemporaryFolder folder;
  AccessLogOptions options = options_in(folder);
  options.place.max_days = 3;
  const auto file = [&](const std::string& name, int days_old) {
    std::ofstream(folder / name) << "x\n";
    const timespec time{1795521600 - 86400L * days_old, 0};
    const timespec times[2] = {time, time};
    REQUIRE(utimensat(AT_FDCWD, (folder / name).c_str(), times, 0) == 0);
  };
  file("access.2026-11-20.log", 4);
  file("access.2026-11-20.1.log", 4);
  file("access.2026-11-22.log", 2);
  file("access_admin.2026-11-20.log", 4);
  file("access.notes-of-me.log", 9);
  file("access.log", 9);
  {
    AccessLog log(options, {.now = [] { return noon; }});
    AccessLog::Appender(log).append(get("/"));
  }
  CHECK(names(folder.path()) ==
        std::vector<std::string>{"access.2026-11-22.log", "access.2026-11-24.log", "access.log",
                                 "access.notes-of-me.log", "access_admin.2026-11-20.log"});
}

TEST_CASE("AccessLog: reopen writes to a new file after the old one was moved away") {
  const TemporaryFolder folder;
  AccessLogOptions options = options_in(folder);
  options.place.rotatable = false;
  options.buffered = false;
  {
    AccessLog log(options);
    AccessLog::Appender appender(log);
    appender.append(get("/one"));
    REQUIRE(eventually([&] { return !contents(folder / "access.log").empty(); }));
    fs::rename(folder / "access.log", folder / "moved");
    log.reopen();
    appender.append(get("/two"));
  }
  CHECK(contents(folder / "moved") == "GET /one\n");
  CHECK(contents(folder / "access.log") == "GET /two\n");
}

TEST_CASE("AccessLog: conditionIf and conditionUnless look at a request attribute") {
  const TemporaryFolder folder;
  const OneAttribute quiet;
  AccessRecord marked = get("/marked");
  marked.fields = &quiet;
  AccessLogOptions options = options_in(folder);
  std::string expected;
  SUBCASE("if") {
    options.condition_if = "quiet";
    expected = "GET /marked\n";
  }
  SUBCASE("unless") {
    options.condition_unless = "quiet";
    expected = "GET /plain\n";
  }
  {
    AccessLog log(options, {.now = [] { return noon; }});
    AccessLog::Appender appender(log);
    appender.append(marked);
    appender.append(get("/plain"));
  }
  CHECK(contents(folder / "access.2026-11-24.log") == expected);
}

TEST_CASE(
    "AccessLog: a failing file is reported once, and told of its losses when it works again") {
  const TemporaryFolder folder;
  AccessLogOptions options = options_in(folder);
  options.place.directory = folder / "blocked";
  options.place.rotatable = false;
  options.buffered = false;
  std::ofstream(folder / "blocked") << "a file where the folder should be\n";
  std::mutex mutex;  // guards errors
  std::vector<std::string> errors;
  {
    AccessLog log(options, {.on_error = [&](std::string_view error) {
                    const std::lock_guard lock(mutex);
                    errors.emplace_back(error);
                  }});
    AccessLog::Appender appender(log);
    for (int line = 0; line < 3; ++line) {
      appender.append(get("/lost"));
      CHECK(eventually([&] { return log.dropped() == static_cast<std::uint64_t>(line + 1); }));
    }
    fs::remove(folder / "blocked");
    appender.append(get("/kept"));
  }
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].find("cannot open " + (folder / "blocked/access.log").string()) == 0);
  CHECK(contents(folder / "blocked/access.log") == "# 3 lines dropped\nGET /kept\n");
}

TEST_CASE("AccessLog: a reader that sleeps costs lines, not memory and not time on the loop") {
  const TemporaryFolder folder;
  AccessLogOptions options = options_in(folder);
  options.place.rotatable = false;
  options.queue_limit = 100'000;
  options.write_stall = 60s;
  REQUIRE(mkfifo((folder / "access.log").c_str(), 0600) == 0);
  const int pipe = open((folder / "access.log").c_str(), O_RDWR | O_NONBLOCK);
  REQUIRE(pipe >= 0);

  constexpr std::uint64_t total = 20'000;
  std::uint64_t lines = 0;
  std::uint64_t told = 0;
  std::string text;
  const auto read_some = [&] {
    char bytes[8192];
    const ssize_t count = read(pipe, bytes, sizeof bytes);
    if (count > 0) text.append(bytes, static_cast<std::size_t>(count));
    return count > 0;
  };
  {
    AccessLog log(options);
    AccessLog::Appender appender(log);
    const auto start = std::chrono::steady_clock::now();
    for (std::uint64_t line = 0; line < total; ++line) appender.append(get("/sixteen/letters"));
    appender.hand_over();
    CHECK(std::chrono::steady_clock::now() - start < 5s);
    CHECK(log.dropped() > total / 2);
    CHECK(log.dropped() < total);
    const std::string last = "GET /last\n";
    CHECK(eventually([&] {
      while (read_some()) {
      }
      return text.find("lines dropped\n") != std::string::npos;
    }));
    appender.append(get("/last"));
    appender.hand_over();
    CHECK(eventually([&] {
      while (read_some()) {
      }
      return text.ends_with(last);
    }));
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
      if (line[0] == '#')
        told += std::stoull(line.substr(2));
      else
        lines += line == "GET /sixteen/letters";
    }
    CHECK(told == log.dropped());
    CHECK(lines + told == total);
  }
  close(pipe);
}

TEST_CASE("AccessLog: a pipe that nobody reads does not keep the log from ending") {
  const TemporaryFolder folder;
  AccessLogOptions options = options_in(folder);
  options.place.rotatable = false;
  options.write_stall = 50ms;
  REQUIRE(mkfifo((folder / "access.log").c_str(), 0600) == 0);
  std::atomic<int> errors = 0;
  const auto start = std::chrono::steady_clock::now();
  SUBCASE("no reader at all") {}
  SUBCASE("a reader that sleeps") {
    const int pipe = open((folder / "access.log").c_str(), O_RDWR | O_NONBLOCK);
    {
      AccessLog log(options, {.on_error = [&](std::string_view) { ++errors; }});
      AccessLog::Appender appender(log);
      for (int line = 0; line < 20'000; ++line) appender.append(get("/sixteen/letters"));
    }
    close(pipe);
    CHECK(errors == 1);
  }
  {
    AccessLog log(options, {.on_error = [&](std::string_view) { ++errors; }});
    AccessLog::Appender(log).append(get("/"));
  }
  CHECK(errors >= 1);
  CHECK(std::chrono::steady_clock::now() - start < 3s);
}

TEST_CASE("AccessLog: /dev/stdout is the standard output") {
  const TemporaryFolder folder;
  AccessLogOptions options = options_in(folder);
  options.place.directory = "/dev";
  options.place.prefix = "stdout";
  options.place.suffix = "";
  const int saved = dup(STDOUT_FILENO);
  const int file = open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  REQUIRE(file >= 0);
  std::fflush(stdout);
  dup2(file, STDOUT_FILENO);
  {
    AccessLog log(options);
    AccessLog::Appender(log).append(get("/shown"));
  }
  dup2(saved, STDOUT_FILENO);
  close(saved);
  close(file);
  CHECK(contents(folder / "out") == "GET /shown\n");
  CHECK_FALSE(fs::exists("/dev/stdout.2026-11-24"));
}

TEST_CASE(
    "concurrency: AccessLog: many loops, a rotating writer and reopening lose and mix nothing") {
  const TemporaryFolder folder;
  SetClock clock(noon);
  AccessLogOptions options = options_in(folder);
  options.pattern = "%U %{User-Agent}i";
  options.place.rename_on_rotate = true;
  options.place.max_days = 1000;
  options.queue_limit = 64u << 20;
  constexpr int loops = 4;
  constexpr int lines_per_loop = 5000;
  {
    AccessLog log(options, {.now = [&] { return clock.now(); }});
    std::vector<std::thread> threads;
    for (int loop = 0; loop < loops; ++loop) {
      threads.emplace_back([&, loop] {
        AccessLog::Appender appender(log);
        for (int line = 0; line < lines_per_loop; ++line) {
          const std::string path = '/' + std::to_string(loop) + '/' + std::to_string(line);
          appender.append(get(path));
          if (line % 100 == 0) appender.hand_over();
          if (line % 1000 == 0) clock.advance(24h);
        }
      });
    }
    for (int round = 0; round < 20; ++round) log.reopen();
    for (std::thread& thread : threads) thread.join();
    CHECK(log.dropped() == 0);
  }
  std::map<std::string, int> seen;
  for (const std::string& name : names(folder.path())) {
    std::istringstream text(contents(folder / name));
    for (std::string line; std::getline(text, line);) ++seen[line];
  }
  CHECK(seen.size() == loops * lines_per_loop);
  for (const auto& [line, count] : seen) CHECK_MESSAGE(count == 1, line);
  CHECK(seen.count("/3/4999 -") == 1);
}
