// The file an access log ends in: named by day, rotated, pruned; or the standard output. Used by
// the writer thread alone.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "container/date_format.h"

namespace container {

// The attributes of <AccessLog> that say where lines go; names and defaults are Tomcat's.
struct AccessLogPlace {
  std::filesystem::path directory = "logs";
  std::string prefix = "access_log";
  std::string suffix;
  std::string file_date_format = ".yyyy-MM-dd";  // its finest unit says how often the file changes
  bool rotatable = true;                         // false: prefix + suffix, for ever
  bool rename_on_rotate = false;                 // the date is added when the file is finished
  int max_days = -1;  // finished files older than this are deleted; -1 keeps them
};

class AccessLogFile {
 public:
  using Clock = std::chrono::system_clock;

  struct Failure {
    std::string reason;       // a sentence with the path
    std::size_t written = 0;  // bytes that did reach the file
  };

  // `stall` bounds how long a pipe or terminal that nobody reads may hold a write up. Throws
  // std::invalid_argument for a bad date format. Opens nothing yet.
  AccessLogFile(AccessLogPlace place, std::chrono::milliseconds stall);
  ~AccessLogFile();
  AccessLogFile(const AccessLogFile&) = delete;
  AccessLogFile& operator=(const AccessLogFile&) = delete;

  // Appends whole lines to the file of this moment, rotating or opening it first. A line that an
  // earlier failure cut short is ended before.
  tl::expected<void, Failure> write(std::string_view lines, Clock::time_point now);

  // The next write opens the file anew, under its name: for logrotate.
  void close();

 private:
  tl::expected<void, Failure> open(Clock::time_point now);
  tl::expected<void, Failure> write_all(std::string_view lines);
  std::filesystem::path path_with(std::string_view date) const;
  std::string date_of(Clock::time_point moment);
  bool is_standard_stream() const;
  void finish_left_over(const std::string& today);
  void rename_finished(const std::string& date);
  void prune(Clock::time_point now);
  bool is_finished_file(const std::string& name, std::string_view date_like) const;

  const AccessLogPlace place_;
  const DateFormat date_format_;
  const std::chrono::milliseconds stall_;
  LocalTimes times_;
  std::string date_;  // of the open file
  std::filesystem::path path_;
  int fd_ = -1;
  bool regular_ = false;
  bool mid_line_ = false;
};

}  // namespace container
