// SimpleDateFormat's letters over struct tm.
#include "container/date_format.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace container {
namespace {

using std::chrono::system_clock;

constexpr std::string_view months[] = {"January",   "February", "March",    "April",
                                       "May",       "June",     "July",     "August",
                                       "September", "October",  "November", "December"};
constexpr std::string_view days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                     "Thursday", "Friday", "Saturday"};
constexpr std::string_view letters = "yMdHhkKmsSEazZX";
constexpr int widest = 9;

bool is_letter(char byte) { return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'); }

// Years before 0 do not occur: clocks begin in 1677.
void append_padded(std::string& out, int value, int width) {
  char digits[16];
  const auto size = std::to_chars(digits, digits + sizeof digits, value).ptr - digits;
  if (size < width) out.append(static_cast<std::size_t>(width - size), '0');
  out.append(digits, static_cast<std::size_t>(size));
}

void append_name(std::string& out, std::string_view name, int width) {
  out.append(width > 3 ? name : name.substr(0, 3));
}

// +0100 or, with a colon, +01:00.
void append_offset(std::string& out, const std::tm& calendar, std::string_view separator) {
  const long minutes = calendar.tm_gmtoff / 60;
  const int distance = static_cast<int>(minutes < 0 ? -minutes : minutes);
  out += minutes < 0 ? '-' : '+';
  append_padded(out, distance / 60, 2);
  out += separator;
  append_padded(out, distance % 60, 2);
}

void append_iso_offset(std::string& out, const std::tm& calendar, int width) {
  if (calendar.tm_gmtoff == 0) {
    out += 'Z';
  } else if (width == 1) {
    const int hours = static_cast<int>(calendar.tm_gmtoff / 3600);
    out += hours < 0 ? '-' : '+';
    append_padded(out, hours < 0 ? -hours : hours, 2);
  } else {
    append_offset(out, calendar, width == 3 ? ":" : "");
  }
}

void append_common_log(LocalSecond& second) {
  const std::tm& calendar = second.calendar;
  std::string text = "[";
  append_padded(text, calendar.tm_mday, 2);
  text += '/';
  append_name(text, months[calendar.tm_mon], 3);
  text += '/';
  append_padded(text, calendar.tm_year + 1900, 4);
  for (const int part : {calendar.tm_hour, calendar.tm_min, calendar.tm_sec}) {
    text += ':';
    append_padded(text, part, 2);
  }
  text += ' ';
  append_offset(text, calendar, "");
  text += ']';
  second.common_log_size = text.copy(second.common_log.data(), second.common_log.size());
}

void append_field(std::string& out, char letter, int width, const std::tm& calendar, int millis) {
  const int hour12 = calendar.tm_hour % 12;
  switch (letter) {
    case 'y':
      return width == 2 ? append_padded(out, calendar.tm_year % 100, 2)
                        : append_padded(out, calendar.tm_year + 1900, width);
    case 'M':
      return width > 2 ? append_name(out, months[calendar.tm_mon], width)
                       : append_padded(out, calendar.tm_mon + 1, width);
    case 'd':
      return append_padded(out, calendar.tm_mday, width);
    case 'H':
      return append_padded(out, calendar.tm_hour, width);
    case 'k':
      return append_padded(out, calendar.tm_hour == 0 ? 24 : calendar.tm_hour, width);
    case 'K':
      return append_padded(out, hour12, width);
    case 'h':
      return append_padded(out, hour12 == 0 ? 12 : hour12, width);
    case 'm':
      return append_padded(out, calendar.tm_min, width);
    case 's':
      return append_padded(out, calendar.tm_sec, width);
    case 'S':
      return append_padded(out, millis, width);
    case 'E':
      return append_name(out, days[calendar.tm_wday], width);
    case 'a':
      out += calendar.tm_hour < 12 ? "AM" : "PM";
      return;
    case 'z':
      out += calendar.tm_zone;
      return;
    case 'Z':
      return append_offset(out, calendar, "");
    case 'X':
      return append_iso_offset(out, calendar, width);
    default:
      return;
  }
}

}  // namespace

const LocalSecond& LocalTimes::at(system_clock::time_point moment) {
  const std::time_t since_epoch =
      system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(moment));
  LocalSecond& second = recent_[static_cast<std::size_t>(since_epoch) % recent_.size()];
  if (second.since_epoch != since_epoch) {
    second.since_epoch = since_epoch;
    localtime_r(&since_epoch, &second.calendar);
    append_common_log(second);
  }
  return second;
}

DateFormat::DateFormat(std::string_view pattern) {
  for (std::size_t at = 0; at < pattern.size();) {
    const char byte = pattern[at];
    if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f)
      throw std::invalid_argument("a date pattern must not contain control characters");
    if (byte == '\'') {
      at = take_quoted(pattern, at + 1);
    } else if (is_letter(byte)) {
      std::size_t end = pattern.find_first_not_of(byte, at);
      if (end == std::string_view::npos) end = pattern.size();
      if (letters.find(byte) == std::string_view::npos)
        throw std::invalid_argument(
            "the date pattern \"" + std::string(pattern) + "\" has the letter '" + byte +
            "'; known are " + std::string(letters) + ", other text goes between single quotes");
      fields_.push_back({byte, static_cast<int>(std::min<std::size_t>(end - at, widest)), {}});
      at = end;
    } else {
      add_literal(byte);
      ++at;
    }
  }
}

// Takes what stands after an opening quote, where '' is one quote, and returns the place after the
// closing one.
std::size_t DateFormat::take_quoted(std::string_view pattern, std::size_t at) {
  if (at < pattern.size() && pattern[at] == '\'') {
    add_literal('\'');
    return at + 1;
  }
  for (; at < pattern.size(); ++at) {
    if (pattern[at] != '\'') {
      if (static_cast<unsigned char>(pattern[at]) < 0x20 || pattern[at] == 0x7f)
        throw std::invalid_argument("a date pattern must not contain control characters");
      add_literal(pattern[at]);
    } else if (at + 1 < pattern.size() && pattern[at + 1] == '\'') {
      add_literal('\'');
      ++at;
    } else {
      return at + 1;
    }
  }
  throw std::invalid_argument("the date pattern \"" + std::string(pattern) +
                              "\" has a quote that is not closed");
}

void DateFormat::add_literal(char byte) {
  if (fields_.empty() || fields_.back().letter != 0) fields_.push_back({0, 0, {}});
  fields_.back().text += byte;
}

void DateFormat::append(system_clock::time_point moment, LocalTimes& times,
                        std::string& out) const {
  const LocalSecond& second = times.at(moment);
  const auto fraction = moment - std::chrono::floor<std::chrono::seconds>(moment);
  const auto millis =
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(fraction).count());
  for (const Field& field : fields_) {
    if (field.letter == 0)
      out += field.text;
    else
      append_field(out, field.letter, field.width, second.calendar, millis);
  }
}

}  // namespace container
