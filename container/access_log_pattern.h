// Tomcat's access log pattern, compiled once into steps that append one line per record.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "container/access_record.h"
#include "container/date_format.h"

namespace container {

// The codes are Tomcat's: %a %A %b %B %D %F %h %H %I %l %m %p %q %r %s %S %t %T %u %U %v %X and
// %{name}a/i/o/c/r/s/p/t/L/T, and %{SSL_PROTOCOL}x and its like as httpd has them; `common`,
// `combined` and `json` stand for whole patterns; an unknown %X is logged as ???X???, and told by
// `unknown`. %% is a percent sign. Immutable, usable from any thread.
class AccessLogPattern {
 public:
  // Throws std::invalid_argument with a sentence: control characters, a bad date pattern, a
  // `%{` that is not closed, over 4096 bytes.
  explicit AccessLogPattern(std::string_view pattern);

  // Appends one line with its newline. No heap allocation once `out` has room. Whatever the record
  // holds, the line has no other control byte, and no quote that the pattern did not put there. A
  // value longer than 8 KiB is cut and ends in "...".
  void append(const AccessRecord& record, LocalTimes& times, std::string& out) const;

  // The codes that are not known, as they are written: %y, %{bogus}T. Each once.
  const std::vector<std::string>& unknown() const { return unknown_; }

  // Each line is one JSON object.
  bool is_json() const { return json_; }

 private:
  enum class Code : std::uint8_t {
    literal,
    text,
    port,
    field,
    request_line,
    query,
    status,
    bytes,
    bytes_or_dash,
    elapsed,
    elapsed_fraction,
    until_commit,
    time,
    connection_state,
    connection_id,
    absent,
  };
  enum class Time : std::uint8_t { common_log, seconds, millis, millis_fraction, format };

  // What the code says, and its one operand.
  struct Step {
    Code code;
    std::string text{};                                           // literal, or the name of a field
    std::string_view AccessRecord::*value = nullptr;              // text
    std::uint16_t AccessRecord::*port = nullptr;                  // port
    AccessFields::Source source{};                                // field
    std::chrono::nanoseconds unit = std::chrono::nanoseconds(1);  // elapsed
    Time time{};                                                  // time
    bool at_begin = false;   // time; else when the response ended
    std::size_t format = 0;  // time; index into formats_
  };

  class Line;

  void compile(std::string_view pattern);
  void compile_json();
  void add(Code code) { steps_.push_back({code}); }
  void add_text(std::string_view AccessRecord::*value);
  void add_port(std::uint16_t AccessRecord::*port);
  void add_elapsed(std::chrono::nanoseconds unit);
  void add_literal(std::string_view text);
  void add_unknown(std::string_view written, char code);
  bool add_plain(char code);
  bool add_named(std::string_view name, char code);
  void add_field(AccessFields::Source source, std::string_view name);
  void add_time(std::string_view name);

  void append_step(const Step& step, const AccessRecord& record, LocalTimes& times,
                   Line& line) const;
  void append_time(const Step& step, const AccessRecord& record, LocalTimes& times,
                   Line& line) const;

  bool json_ = false;
  std::vector<Step> steps_;
  std::vector<DateFormat> formats_;
  std::vector<std::string> unknown_;
};

}  // namespace container
