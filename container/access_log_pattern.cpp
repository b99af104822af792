// Compiles a pattern and runs it over records; names and results are those of Tomcat's
// AbstractAccessLogValve.
#include "container/access_log_pattern.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "container/tls_names.h"
#include "server/escape.h"

namespace container {
namespace {

using namespace std::chrono_literals;
using std::chrono::duration_cast;
using std::chrono::nanoseconds;
using Source = AccessFields::Source;

constexpr std::string_view common = R"(%h %l %u %t "%r" %s %b)";
constexpr std::string_view combined = R"(%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-Agent}i")";
constexpr std::size_t longest_pattern = 4096;
constexpr std::size_t longest_value = 8192;
constexpr std::size_t most_values = 16;  // of one name; further ones are not logged

constexpr std::pair<char, std::string_view AccessRecord::*> texts[] = {
    {'a', &AccessRecord::remote_address}, {'A', &AccessRecord::local_address},
    {'h', &AccessRecord::remote_host},    {'H', &AccessRecord::protocol},
    {'I', &AccessRecord::thread},         {'m', &AccessRecord::method},
    {'S', &AccessRecord::session_id},     {'u', &AccessRecord::user},
    {'U', &AccessRecord::path},           {'v', &AccessRecord::host},
};

constexpr std::pair<char, Source> sources[] = {
    {'i', Source::request_header},    {'o', Source::response_header},   {'c', Source::cookie},
    {'r', Source::request_attribute}, {'s', Source::session_attribute},
};

constexpr std::pair<std::string_view, nanoseconds> units[] = {
    {"ns", 1ns}, {"us", 1us}, {"ms", 1ms}, {"s", 1s}};

bool has_control(std::string_view text) {
  for (const char byte : text)
    if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f) return true;
  return false;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Where the `}` of a pattern is that begins with `%{`. One behind the next `%{` is that one's.
std::size_t end_of_name(std::string_view pattern) {
  const std::size_t close = pattern.find('}');
  if (close < pattern.find("%{", 2)) return close;
  constexpr std::size_t most_shown = 24;
  throw std::invalid_argument("'" + std::string(pattern.substr(0, most_shown)) +
                              (pattern.size() > most_shown ? "...'" : "'") +
                              " has no '}' behind its name; write it as in %{User-Agent}i");
}

}  // namespace

// Writes values into the line in the pattern's notation: bare text, or JSON values with their
// quotes.
class AccessLogPattern::Line {
 public:
  Line(std::string& out, bool json) : out_(out), json_(json) {}

  void literal(std::string_view text) { out_.append(text); }

  void number(std::uint64_t value) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, static_cast<std::size_t>(end - digits));
  }

  // For numbers with leading zeros.
  void padded(std::uint64_t value, std::size_t width) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    const auto size = static_cast<std::size_t>(end - digits);
    if (size < width) out_.append(width - size, '0');
    out_.append(digits, size);
  }

  void duration(std::chrono::nanoseconds elapsed, std::chrono::nanoseconds unit) {
    number(elapsed.count() < 0 ? 0 : static_cast<std::uint64_t>(elapsed / unit));
  }

  void seconds_with_fraction(std::chrono::nanoseconds elapsed) {
    duration(elapsed, std::chrono::seconds(1));
    out_ += '.';
    const auto millis = duration_cast<std::chrono::milliseconds>(elapsed).count();
    padded(millis < 0 ? 0 : static_cast<std::uint64_t>(millis % 1000), 3);
  }

  void text(std::string_view value) {
    if (value.empty()) return absent();
    quote();
    piece(value);
    quote();
  }

  void absent() { out_.append(json_ ? "null" : "-"); }

  void positive(std::uint64_t value) { value == 0 ? absent() : number(value); }

  // Nothing at all where there is none, as in Tomcat.
  void query(std::string_view query) {
    if (query.empty()) return;
    out_ += '?';
    piece(query);
  }

  void quote() {
    if (json_) out_ += '"';
  }

  // A part of a value whose quotes the caller writes.
  void piece(std::string_view value) {
    const bool cut = value.size() > longest_value;
    const auto kept = value.substr(0, longest_value);
    if (json_)
      server::append_json_escaped(out_, kept);
    else
      server::append_ascii_escaped(out_, kept);
    if (cut) out_.append("...");
  }

  void request_line(const AccessRecord& record) {
    if (record.method.empty()) return absent();
    quote();
    piece(record.method);
    out_ += ' ';
    piece(record.target);
    if (!record.protocol.empty()) {
      out_ += ' ';
      piece(record.protocol);
    }
    quote();
  }

  // All values under one name, joined by commas.
  void field(const AccessFields* fields, Source source, std::string_view name) {
    auto value = fields ? fields->find(source, name, 0) : std::nullopt;
    if (!value || value->empty()) return absent();
    quote();
    piece(*value);
    for (std::size_t nth = 1; nth < most_values && (value = fields->find(source, name, nth));
         ++nth) {
      out_ += ',';
      piece(*value);
    }
    quote();
  }

  void date(const DateFormat& format, std::chrono::system_clock::time_point moment,
            LocalTimes& times) {
    quote();
    format.append(moment, times, out_);
    quote();
  }

 private:
  std::string& out_;
  bool json_;
};

AccessLogPattern::AccessLogPattern(std::string_view pattern) {
  if (pattern.size() > longest_pattern)
    throw std::invalid_argument("an access log pattern may have 4096 bytes, this one has " +
                                std::to_string(pattern.size()));
  if (has_control(pattern))
    throw std::invalid_argument(
        "an access log pattern must not contain control characters: a record is one line");
  if (pattern == "json")
    compile_json();
  else if (pattern == "common")
    compile(common);
  else if (pattern == "combined")
    compile(combined);
  else
    compile(pattern);
}

void AccessLogPattern::compile(std::string_view pattern) {
  while (!pattern.empty()) {
    const std::size_t percent = pattern.find('%');
    add_literal(pattern.substr(0, percent));
    if (percent == std::string_view::npos) return;
    pattern.remove_prefix(percent);
    if (pattern.size() == 1) return add_literal("%");
    const std::size_t close = pattern[1] == '{' ? end_of_name(pattern) : 0;
    if (close != 0 && close + 1 < pattern.size()) {
      const char code = pattern[close + 1];
      if (!add_named(pattern.substr(2, close - 2), code))
        add_unknown(pattern.substr(0, close + 2), code);
      pattern.remove_prefix(close + 2);
    } else {
      if (!add_plain(pattern[1]))
        add_unknown(pattern.substr(0, close == 0 ? 2 : close + 1), pattern[1]);
      pattern.remove_prefix(2);
    }
  }
}

// Member names are those of Tomcat's JsonAccessLogValve; elapsedTime is in microseconds,
// firstByteTime in milliseconds.
void AccessLogPattern::compile_json() {
  json_ = true;
  add_literal(R"({"time":)");
  add_time("yyyy-MM-dd'T'HH:mm:ss.SSSXXX");
  const std::pair<std::string_view, char> members[] = {
      {"host", 'h'},          {"remoteAddr", 'a'},
      {"user", 'u'},          {"localServerName", 'v'},
      {"port", 'p'},          {"request", 'r'},
      {"method", 'm'},        {"path", 'U'},
      {"protocol", 'H'},      {"statusCode", 's'},
      {"byteSentNC", 'B'},    {"elapsedTime", 'D'},
      {"firstByteTime", 'F'}, {"connectionStatus", 'X'},
  };
  for (const auto& [name, code] : members) {
    add_literal(",\"" + std::string(name) + "\":");
    add_plain(code);
  }
  add_literal(R"(,"connectionId":)");
  add(Code::connection_id);
  add_literal(R"(,"requestHeaders":{"Referer":)");
  add_field(Source::request_header, "Referer");
  add_literal(R"(,"User-Agent":)");
  add_field(Source::request_header, "User-Agent");
  add_literal("}}");
}

void AccessLogPattern::add_literal(std::string_view text) {
  if (text.empty()) return;
  if (steps_.empty() || steps_.back().code != Code::literal) add(Code::literal);
  steps_.back().text += text;
}

void AccessLogPattern::add_unknown(std::string_view written, char code) {
  add_literal("???" + std::string(1, code) + "???");
  if (std::find(unknown_.begin(), unknown_.end(), written) == unknown_.end())
    unknown_.emplace_back(written);
}

void AccessLogPattern::add_text(std::string_view AccessRecord::*value) {
  add(Code::text);
  steps_.back().value = value;
}

void AccessLogPattern::add_port(std::uint16_t AccessRecord::*port) {
  add(Code::port);
  steps_.back().port = port;
}

void AccessLogPattern::add_elapsed(nanoseconds unit) {
  add(Code::elapsed);
  steps_.back().unit = unit;
}

bool AccessLogPattern::add_plain(char code) {
  for (const auto& [letter, value] : texts)
    if (letter == code) return add_text(value), true;
  switch (code) {
    case '%':
      return add_literal("%"), true;
    case 'b':
      return add(Code::bytes_or_dash), true;
    case 'B':
      return add(Code::bytes), true;
    case 'D':
      return add_elapsed(1us), true;
    case 'F':
      return add(Code::until_commit), true;
    case 'l':
      return add(Code::absent), true;  // RFC 1413 identities are not asked for
    case 'p':
      return add_port(&AccessRecord::local_port), true;
    case 'q':
      return add(Code::query), true;
    case 'r':
      return add(Code::request_line), true;
    case 's':
      return add(Code::status), true;
    case 't':
      return add_time(""), true;
    case 'T':
      return add_elapsed(1s), true;
    case 'X':
      return add(Code::connection_state), true;
    default:
      return false;
  }
}

bool AccessLogPattern::add_named(std::string_view name, char code) {
  for (const auto& [letter, source] : sources)
    if (letter == code) return add_field(source, name), true;
  if (code == 'x' && is_tls_variable(name)) return add_field(Source::tls, name), true;
  if (code == 't') return add_time(name), true;
  if (code == 'a' && name == "peer") return add_text(&AccessRecord::peer_address), true;
  if (code == 'a' && name == "remote") return add_text(&AccessRecord::remote_address), true;
  if (code == 'p' && name == "local") return add_port(&AccessRecord::local_port), true;
  if (code == 'p' && name == "remote") return add_port(&AccessRecord::remote_port), true;
  if (code == 'L' && name == "c") return add(Code::connection_id), true;
  if (code != 'T') return false;
  if (name == "fracsec") return add(Code::elapsed_fraction), true;
  for (const auto& [word, unit] : units)
    if (word == name) return add_elapsed(unit), true;
  return false;
}

void AccessLogPattern::add_field(Source source, std::string_view name) {
  Step step{Code::field};
  step.text = name;
  step.source = source;
  steps_.push_back(std::move(step));
}

// Tomcat: [begin:|end:] and then nothing, sec, msec, msec_frac or a date pattern.
void AccessLogPattern::add_time(std::string_view name) {
  Step step{Code::time};
  if (name == "begin" || take_prefix(name, "begin:")) step.at_begin = true;
  if (name == "begin" || name == "end") name = {};
  if (!step.at_begin) take_prefix(name, "end:");
  if (name.empty()) {
    step.time = Time::common_log;
  } else if (name == "sec") {
    step.time = Time::seconds;
  } else if (name == "msec") {
    step.time = Time::millis;
  } else if (name == "msec_frac") {
    step.time = Time::millis_fraction;
  } else {
    step.time = Time::format;
    step.format = formats_.size();
    formats_.emplace_back(name);
  }
  steps_.push_back(std::move(step));
}

void AccessLogPattern::append(const AccessRecord& record, LocalTimes& times,
                              std::string& out) const {
  Line line(out, json_);
  for (const Step& step : steps_) append_step(step, record, times, line);
  out += '\n';
}

void AccessLogPattern::append_step(const Step& step, const AccessRecord& record, LocalTimes& times,
                                   Line& line) const {
  switch (step.code) {
    case Code::literal:
      return line.literal(step.text);
    case Code::text:
      return line.text(record.*step.value);
    case Code::port:
      return line.positive(record.*step.port);
    case Code::field:
      return line.field(record.fields, step.source, step.text);
    case Code::request_line:
      return line.request_line(record);
    case Code::query:
      return line.query(record.query);
    case Code::status:
      return line.positive(static_cast<std::uint64_t>(std::max(record.status, 0)));
    case Code::bytes:
      return line.number(record.bytes_sent);
    case Code::bytes_or_dash:
      return line.positive(record.bytes_sent);
    case Code::elapsed:
      return line.duration(record.elapsed, step.unit);
    case Code::elapsed_fraction:
      return line.seconds_with_fraction(record.elapsed);
    case Code::until_commit:
      return record.until_commit ? line.duration(*record.until_commit, 1ms) : line.absent();
    case Code::time:
      return append_time(step, record, times, line);
    case Code::connection_state: {
      const char state = static_cast<char>(record.connection);
      return line.text({&state, 1});
    }
    case Code::connection_id:
      return line.number(record.connection_id);
    case Code::absent:
      return line.absent();
  }
}

void AccessLogPattern::append_time(const Step& step, const AccessRecord& record, LocalTimes& times,
                                   Line& line) const {
  using namespace std::chrono;
  const auto moment = step.at_begin
                          ? record.begin
                          : record.begin + duration_cast<system_clock::duration>(record.elapsed);
  const auto millis = static_cast<std::uint64_t>(std::max(
      duration_cast<milliseconds>(moment.time_since_epoch()).count(), milliseconds::rep{0}));
  switch (step.time) {
    case Time::common_log:
      return line.literal(times.at(moment).as_common_log());
    case Time::seconds:
      return line.number(millis / 1000);
    case Time::millis:
      return line.number(millis);
    case Time::millis_fraction:
      return line.padded(millis % 1000, 3);
    case Time::format:
      return line.date(formats_[step.format], moment, times);
  }
}

}  // namespace container
