// Compiles a pattern and runs it over records; names and results are those of Tomcat's
// AbstractAccessLogValve.
#include "container/access_log_pattern.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "server/escape.h"

namespace container {
namespace {

using std::chrono::duration_cast;
using Source = AccessFields::Source;

constexpr std::string_view common = R"(%h %l %u %t "%r" %s %b)";
constexpr std::string_view combined = R"(%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-Agent}i")";
constexpr std::size_t longest_pattern = 4096;
constexpr std::size_t longest_value = 8192;
constexpr std::size_t most_values = 16;  // of one name; further ones are not logged

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

  template <class Unit>
  void duration(std::chrono::nanoseconds elapsed) {
    const auto count = duration_cast<Unit>(elapsed).count();
    number(count < 0 ? 0 : static_cast<std::uint64_t>(count));
  }

  void text(std::string_view value) {
    if (value.empty()) return absent();
    quote();
    piece(value);
    quote();
  }

  void absent() { out_.append(json_ ? "null" : "-"); }

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
    pattern.remove_prefix(percent + 1);
    if (pattern.empty()) return add_literal("%");
    const std::size_t close = pattern[0] == '{' ? pattern.find('}') : std::string_view::npos;
    if (close != std::string_view::npos && close + 1 < pattern.size()) {
      add_named(pattern.substr(1, close - 1), pattern[close + 1]);
      pattern.remove_prefix(close + 2);
    } else {
      add_plain(pattern[0]);
      pattern.remove_prefix(1);
    }
  }
}

// Member names are those of Tomcat's JsonAccessLogValve; elapsedTime is in microseconds,
// firstByteTime in milliseconds.
void AccessLogPattern::compile_json() {
  json_ = true;
  add_literal(R"({"time":)");
  add_time("yyyy-MM-dd'T'HH:mm:ss.SSSXXX");
  const std::pair<std::string_view, Code> members[] = {
      {"host", Code::remote_host},
      {"remoteAddr", Code::remote_address},
      {"user", Code::user},
      {"localServerName", Code::host},
      {"port", Code::local_port},
      {"request", Code::request_line},
      {"method", Code::method},
      {"path", Code::path},
      {"protocol", Code::protocol},
      {"statusCode", Code::status},
      {"byteSentNC", Code::bytes},
      {"elapsedTime", Code::elapsed_micros},
      {"firstByteTime", Code::commit_millis},
      {"connectionStatus", Code::connection_state},
      {"connectionId", Code::connection_id},
  };
  for (const auto& [name, code] : members) {
    add_literal(",\"" + std::string(name) + "\":");
    add(code);
  }
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

void AccessLogPattern::add_plain(char code) {
  switch (code) {
    case '%':
      return add_literal("%");
    case 'a':
      return add(Code::remote_address);
    case 'A':
      return add(Code::local_address);
    case 'b':
      return add(Code::bytes_or_dash);
    case 'B':
      return add(Code::bytes);
    case 'D':
      return add(Code::elapsed_micros);
    case 'F':
      return add(Code::commit_millis);
    case 'h':
      return add(Code::remote_host);
    case 'H':
      return add(Code::protocol);
    case 'I':
      return add(Code::thread);
    case 'l':
      return add(Code::absent);  // RFC 1413 identities are not asked for
    case 'm':
      return add(Code::method);
    case 'p':
      return add(Code::local_port);
    case 'q':
      return add(Code::query);
    case 'r':
      return add(Code::request_line);
    case 's':
      return add(Code::status);
    case 'S':
      return add(Code::session_id);
    case 't':
      return add_time("");
    case 'T':
      return add(Code::elapsed_seconds);
    case 'u':
      return add(Code::user);
    case 'U':
      return add(Code::path);
    case 'v':
      return add(Code::host);
    case 'X':
      return add(Code::connection_state);
    default:
      return add_literal("???" + std::string(1, code) + "???");
  }
}

void AccessLogPattern::add_named(std::string_view name, char code) {
  switch (code) {
    case 'i':
      return add_field(Source::request_header, name);
    case 'o':
      return add_field(Source::response_header, name);
    case 'c':
      return add_field(Source::cookie, name);
    case 'r':
      return add_field(Source::request_attribute, name);
    case 's':
      return add_field(Source::session_attribute, name);
    case 't':
      return add_time(name);
    case 'a':
      if (name == "peer") return add(Code::peer_address);
      if (name == "remote") return add(Code::remote_address);
      break;
    case 'p':
      if (name == "local") return add(Code::local_port);
      if (name == "remote") return add(Code::remote_port);
      break;
    case 'L':
      if (name == "c") return add(Code::connection_id);
      break;
    case 'T':
      if (name == "ns") return add(Code::elapsed_nanos);
      if (name == "us") return add(Code::elapsed_micros);
      if (name == "ms") return add(Code::elapsed_millis);
      if (name == "s") return add(Code::elapsed_seconds);
      if (name == "fracsec") return add(Code::elapsed_fraction);
      break;
    default:
      break;
  }
  add_literal("???" + std::string(1, code) + "???");
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
  using namespace std::chrono;
  switch (step.code) {
    case Code::literal:
      return line.literal(step.text);
    case Code::remote_address:
      return line.text(record.remote_address);
    case Code::peer_address:
      return line.text(record.peer_address);
    case Code::local_address:
      return line.text(record.local_address);
    case Code::bytes_or_dash:
      return record.bytes_sent == 0 ? line.absent() : line.number(record.bytes_sent);
    case Code::bytes:
      return line.number(record.bytes_sent);
    case Code::elapsed_nanos:
      return line.duration<nanoseconds>(record.elapsed);
    case Code::elapsed_micros:
      return line.duration<microseconds>(record.elapsed);
    case Code::elapsed_millis:
      return line.duration<milliseconds>(record.elapsed);
    case Code::elapsed_seconds:
      return line.duration<seconds>(record.elapsed);
    case Code::elapsed_fraction: {
      const auto millis =
          std::max(duration_cast<milliseconds>(record.elapsed).count(), milliseconds::rep{0});
      line.number(static_cast<std::uint64_t>(millis / 1000));
      line.literal(".");
      return line.padded(static_cast<std::uint64_t>(millis % 1000), 3);
    }
    case Code::commit_millis:
      return record.until_commit ? line.duration<milliseconds>(*record.until_commit)
                                 : line.absent();
    case Code::remote_host:
      return line.text(record.remote_host);
    case Code::protocol:
      return line.text(record.protocol);
    case Code::thread:
      return line.text(record.thread);
    case Code::method:
      return line.text(record.method);
    case Code::local_port:
      return record.local_port == 0 ? line.absent() : line.number(record.local_port);
    case Code::remote_port:
      return record.remote_port == 0 ? line.absent() : line.number(record.remote_port);
    case Code::query:
      if (record.query.empty()) return;
      line.literal("?");
      return line.piece(record.query);
    case Code::request_line:
      return line.request_line(record);
    case Code::status:
      return record.status <= 0 ? line.absent()
                                : line.number(static_cast<std::uint64_t>(record.status));
    case Code::session_id:
      return line.text(record.session_id);
    case Code::time:
      return append_time(step, record, times, line);
    case Code::user:
      return line.text(record.user);
    case Code::path:
      return line.text(record.path);
    case Code::host:
      return line.text(record.host);
    case Code::connection_state: {
      const char state = static_cast<char>(record.connection);
      return line.text({&state, 1});
    }
    case Code::connection_id:
      return line.number(record.connection_id);
    case Code::absent:
      return line.absent();
    case Code::field:
      return line.field(record.fields, step.source, step.text);
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
