// Turns moments into the dates of log lines and log file names, in Java's SimpleDateFormat letters
// as in server.xml.
#pragma once

#include <array>
#include <chrono>
#include <ctime>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace container {

// One second in the server's local time zone.
struct LocalSecond {
  std::time_t since_epoch = std::numeric_limits<std::time_t>::min();  // none yet: -1 is a moment
  std::tm calendar{};
  std::array<char, 32> common_log{};  // [24/Nov/2026:10:00:00 +0000]
  std::size_t common_log_size = 0;

  std::string_view as_common_log() const { return {common_log.data(), common_log_size}; }
};

// The last few seconds asked for, so that a busy loop works out the calendar once per second. One
// per thread.
class LocalTimes {
 public:
  // The reference stays good until the next call.
  const LocalSecond& at(std::chrono::system_clock::time_point moment);

 private:
  std::array<LocalSecond, 4> recent_;
};

// A compiled pattern such as yyyy-MM-dd'T'HH:mm:ss.SSSXXX: letters y M d H h k K m s S E a z Z X,
// quoted text, anything that is no letter. Month and day names are English. Immutable, usable from
// any thread.
class DateFormat {
 public:
  // Throws std::invalid_argument with a sentence for other letters, an open quote and control
  // characters.
  explicit DateFormat(std::string_view pattern);

  void append(std::chrono::system_clock::time_point moment, LocalTimes& times,
              std::string& out) const;

 private:
  struct Field {
    char letter;       // 0 for literal text
    int width;         // how often the letter was repeated
    std::string text;  // the literal
  };

  std::size_t take_quoted(std::string_view pattern, std::size_t at);
  void add_literal(char byte);

  std::vector<Field> fields_;
};

}  // namespace container
