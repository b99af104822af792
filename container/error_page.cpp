// Renders error bodies: one HTML page without outside parts, one JSON object.
#include "container/error_page.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "container/accept.h"
#include "server/escape.h"
#include "server/message.h"
#include "server/status.h"

namespace container {
namespace {

using server::append_html_escaped;
using server::append_json_escaped;

constexpr std::string_view html_head =
    "<!doctype html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<style>\n"
    "body { font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 "
    "1.25rem }\n"
    "h1 { font-size: 1.5rem; font-weight: 600; margin: 0 0 .75rem }\n"
    "h1 span { opacity: .55; margin-right: .5rem }\n"
    "p { margin: .5rem 0; overflow-wrap: anywhere }\n"
    "pre { overflow-x: auto; font-size: .85rem }\n"
    "footer { margin-top: 2rem; font-size: .85rem; opacity: .6 }\n"
    "</style>\n";

bool has_no_content(int status) {
  return (status >= 100 && status < 200) || status == 204 || status == 205 || status == 304;
}

void append_paragraph(std::string& out, std::string_view text) {
  if (text.empty()) return;
  out += "<p>";
  append_html_escaped(out, text);
  out += "</p>\n";
}

void append_html(std::string& out, const ErrorReport& report, std::string_view reason) {
  const std::string status = std::to_string(report.status);
  out.append(html_head).append("<title>").append(status).append(" ").append(reason).append(
      "</title>\n</head>\n<body>\n");
  out.append("<h1><span>").append(status).append("</span>").append(reason).append("</h1>\n");
  append_paragraph(out, report.message);
  append_paragraph(out, report.path);
  append_paragraph(out, report.exception);
  if (!report.trace.empty()) {
    out += "<pre>";
    append_html_escaped(out, report.trace);
    out += "</pre>\n";
  }
  if (!report.server_info.empty()) {
    out += "<footer>";
    append_html_escaped(out, report.server_info);
    out += "</footer>\n";
  }
  out += "</body>\n</html>\n";
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":\"");
  append_json_escaped(out, value);
  out += '"';
}

void append_json(std::string& out, const ErrorReport& report, std::string_view reason) {
  out.append("{\"timestamp\":\"").append(timestamp(report.now));
  out.append("\",\"status\":").append(std::to_string(report.status));
  append_member(out, "error", reason);
  if (!report.exception.empty()) append_member(out, "exception", report.exception);
  if (!report.message.empty()) append_member(out, "message", report.message);
  if (nlohmann::json::accept(report.errors)) out.append(",\"errors\":").append(report.errors);
  if (!report.trace.empty()) append_member(out, "trace", report.trace);
  if (!report.path.empty()) append_member(out, "path", report.path);
  if (!report.server_info.empty()) append_member(out, "server", report.server_info);
  out += "}\n";
}

// Whether a parameter is there and does not say "false".
bool wants(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.substr(0, pair.find('=')) != name) continue;
    return pair.size() == name.size() ||
           !server::equal_ignoring_case(pair.substr(name.size() + 1), "false");
  }
  return false;
}

bool includes(IncludeChoice choice, std::string_view query, std::string_view name) {
  return choice == IncludeChoice::always ||
         (choice == IncludeChoice::on_param && wants(query, name));
}

}  // namespace

std::string timestamp(std::chrono::system_clock::time_point when) {
  const auto second = std::chrono::floor<std::chrono::seconds>(when);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(when - second).count();
  const std::time_t since_epoch = std::chrono::system_clock::to_time_t(second);
  std::tm calendar{};
  gmtime_r(&since_epoch, &calendar);
  char text[32];
  std::string out(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &calendar));
  return out.append(text, static_cast<std::size_t>(std::snprintf(text, sizeof text, ".%03dZ",
                                                                 static_cast<int>(millis))));
}

ErrorReport told(ErrorReport all, const ErrorPolicy& policy, std::string_view query) {
  const bool asked = policy.message == IncludeMessage::always ||
                     (policy.message == IncludeMessage::on_param && wants(query, "message"));
  if (!asked && policy.message != IncludeMessage::sent) all.message = {};
  if (asked && all.message.empty()) all.message = all.detail;
  if (!policy.server_info) all.server_info = {};
  if (!policy.exception) all.exception = {};
  if (!includes(policy.trace, query, "trace")) all.trace = {};
  if (!includes(policy.errors, query, "errors")) all.errors = {};
  if (!includes(policy.path, query, "path")) all.path = {};
  return all;
}

ErrorBody render_error(const ErrorReport& report, std::string& out,
                       const std::function<void(std::string&)>& view) {
  const std::string_view registered = server::reason_phrase(report.status);
  if (has_no_content(report.status) || (registered.empty() && report.message.empty())) return {};
  const std::string_view reason = registered.empty() ? "Error" : registered;

  const std::size_t before = out.size();
  switch (preferred_type(report.accept, "text/html", "application/json")) {
    case Preference::neither:
      return {};
    case Preference::first:
      view ? view(out) : append_html(out, report, reason);
      return {"text/html;charset=utf-8", out.size() - before};
    case Preference::second:
      append_json(out, report, reason);
      return {"application/json", out.size() - before};
  }
  return {};
}

}  // namespace container
