// Log handles and their levels, and the form of a line; how lines leave the process is in
// log_queue.cpp.
#include "server/log.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <ctime>

#include "server/escape.h"

namespace server {
namespace {

constexpr std::size_t most_components = 4096;
constexpr std::size_t longest_message = 16u << 10;  // further bytes are cut
constexpr std::string_view level_names[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "OFF"};

bool same_word(std::string_view left, std::string_view right) {
  const auto upper = [](char byte) {
    return byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 32) : byte;
  };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](char a, char b) { return upper(a) == upper(b); });
}

// Whether the component is the parent itself or below it, at a dot or a slash.
bool is_below(std::string_view component, std::string_view parent) {
  if (parent.empty() || component == parent) return true;
  if (!component.starts_with(parent)) return false;
  const char next = component[parent.size()];
  return next == '.' || next == '/' || parent.back() == '.' || parent.back() == '/';
}

struct ThreadName {
  char text[16] = "";
  ThreadName() { pthread_getname_np(pthread_self(), text, sizeof text); }
};

int millis_of(std::chrono::system_clock::time_point time) {
  const auto fraction = time - std::chrono::floor<std::chrono::seconds>(time);
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(fraction).count());
}

void append_time(std::string& out, std::chrono::system_clock::time_point time, LogFormat format) {
  const std::time_t seconds =
      std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  const bool json = format == LogFormat::json;
  std::tm calendar{};
  json ? gmtime_r(&seconds, &calendar) : localtime_r(&seconds, &calendar);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}.{:03}{}",
                 calendar.tm_year + 1900, calendar.tm_mon + 1, calendar.tm_mday, json ? 'T' : ' ',
                 calendar.tm_hour, calendar.tm_min, calendar.tm_sec, millis_of(time),
                 json ? "Z" : "");
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":\"");
  append_json_escaped(out, value);
  out += '"';
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view name) {
  if (same_word(name, "warning")) return LogLevel::warn;
  for (std::size_t level = 0; level < std::size(level_names); ++level)
    if (same_word(name, level_names[level])) return static_cast<LogLevel>(level);
  return std::nullopt;
}

std::string_view to_text(LogLevel level) { return level_names[static_cast<std::size_t>(level)]; }

void Log::write(LogLevel level, std::string_view message) const {
  if (!wants(level)) return;
  const ThreadName thread;
  component_->sink.write({.time = std::chrono::system_clock::now(),
                          .level = level,
                          .component = component_->name,
                          .thread = thread.text,
                          .message = message});
}

void Log::write_formatted(LogLevel level, fmt::string_view format, fmt::format_args args) const {
  fmt::memory_buffer message;
  fmt::vformat_to(fmt::appender(message), format, args);
  write(level, {message.data(), message.size()});
}

Logs::Logs(LogSink& sink, LogLevel level) : sink_(sink) { levels_.emplace("", level); }

Log Logs::log(std::string_view component) {
  const std::lock_guard lock(mutex_);
  if (components_.size() >= most_components && !components_.contains(component))
    component = "margay";
  auto found = components_.find(component);
  if (found == components_.end()) {
    auto made = std::unique_ptr<Log::Component>(
        new Log::Component{std::string(component), sink_, {level_of(component)}});
    found = components_.emplace(std::string(component), std::move(made)).first;
  }
  return Log(*found->second);
}

void Logs::set_level(std::string_view component, LogLevel level) {
  const std::lock_guard lock(mutex_);
  levels_.insert_or_assign(std::string(component), level);
  for (auto& [name, known] : components_)
    known->level.store(level_of(name), std::memory_order_relaxed);
}

LogLevel Logs::level_of(std::string_view component) const {
  std::pair<std::size_t, LogLevel> best{0, levels_.find("")->second};
  for (const auto& [name, level] : levels_)
    if (name.size() >= best.first && is_below(component, name)) best = {name.size(), level};
  return best.second;
}

void CapturedLog::write(const LogLine& line) {
  const std::lock_guard lock(mutex_);
  lines_.push_back(fmt::format("{} {}: {}", to_text(line.level), line.component, line.message));
}

std::vector<std::string> CapturedLog::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

void append_log_line(std::string& out, LogFormat format, const LogLine& line) {
  const bool cut = line.message.size() > longest_message;
  const std::string_view message = line.message.substr(0, longest_message);
  const std::string_view rest = cut ? "..." : "";
  if (format == LogFormat::json) {
    out += "{\"timestamp\":\"";
    append_time(out, line.time, format);
    out += '"';
    append_member(out, "level", to_text(line.level));
    append_member(out, "component", line.component);
    append_member(out, "thread", line.thread);
    append_member(out, "message", message);
    if (cut) out.insert(out.size() - 1, rest);
    out += '}';
    return;
  }
  append_time(out, line.time, format);
  fmt::format_to(std::back_inserter(out), " {:<5} ", to_text(line.level));
  append_line_escaped(out, line.component);
  out += "  ";
  append_line_escaped(out, message);
  out += rest;
}

}  // namespace server
