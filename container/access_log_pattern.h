// Tomcat's access log pattern, compiled once into steps that append one line per record.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "container/access_record.h"
#include "container/date_format.h"

namespace container {

// The codes are Tomcat's: %a %A %b %B %D %F %h %H %I %l %m %p %q %r %s %S %t %T %u %U %v %X and
// %{name}a/i/o/c/r/s/p/t/L/T; `common`, `combined` and `json` stand for whole patterns; an unknown
// %X is logged as ???X???. %% is a percent sign. Immutable, usable from any thread.
class AccessLogPattern {
 public:
  // Throws std::invalid_argument with a sentence: control characters, a bad date pattern, over 4096
  // bytes.
  explicit AccessLogPattern(std::string_view pattern);

  // Appends one line with its newline. No heap allocation once `out` has room. Whatever the record
  // holds, the line has no other control byte, and no quote that the pattern did not put there. A
  // value longer than 8 KiB is cut and ends in "...".
  void append(const AccessRecord& record, LocalTimes& times, std::string& out) const;

  // Each line is one JSON object.
  bool is_json() const { return json_; }

 private:
  enum class Code : std::uint8_t {
    literal,
    remote_address,
    peer_address,
    local_address,
    bytes_or_dash,
    bytes,
    elapsed_nanos,
    elapsed_micros,
    elapsed_millis,
    elapsed_seconds,
    elapsed_fraction,
    commit_millis,
    remote_host,
    protocol,
    thread,
    method,
    local_port,
    remote_port,
    query,
    request_line,
    status,
    session_id,
    time,
    user,
    path,
    host,
    connection_state,
    connection_id,
    absent,
    field,
  };
  enum class Time : std::uint8_t { common_log, seconds, millis, millis_fraction, format };

  struct Step {
    Code code;
    std::string text{};  // the literal or the name to look up
    AccessFields::Source source{};
    Time time{};
    bool at_begin = false;   // else when the response ended
    std::size_t format = 0;  // index into formats_
  };

  class Line;

  void compile(std::string_view pattern);
  void compile_json();
  void add(Code code) { steps_.push_back({code}); }
  void add_literal(std::string_view text);
  void add_plain(char code);
  void add_named(std::string_view name, char code);
  void add_field(AccessFields::Source source, std::string_view name);
  void add_time(std::string_view name);

  void append_step(const Step& step, const AccessRecord& record, LocalTimes& times,
                   Line& line) const;
  void append_time(const Step& step, const AccessRecord& record, LocalTimes& times,
                   Line& line) const;

  bool json_ = false;
  std::vector<Step> steps_;
  std::vector<DateFormat> formats_;
};

}  // namespace container
