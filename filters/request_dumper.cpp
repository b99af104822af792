// Writes down what was asked and answered.
#include "filters/request_dumper.h"

#include <margay/known_parameters.h>

#include <algorithm>

namespace filters {

namespace {

// Names of parameters may help, their values may be anybody's.
void append_query(std::string& line, std::string_view query) {
  char mark = '?';
  margay::detail::each_pair(query, [&](std::string_view name, std::string_view) {
    line.append(1, mark).append(name).append("=****");
    mark = '&';
    return true;
  });
}

}  // namespace

RequestDumper::RequestDumper(const margay::Config& config)
    : log_(config.logger()),
      masked_{"authorization", "proxy-authorization", "cookie", "set-cookie"} {
  require_known(config, {"mask"});
  for (const std::string_view name : config.list("mask"))
    masked_.push_back(margay::detail::lowered(name));
}

bool RequestDumper::before(margay::Request& request, margay::Response&) {
  std::string line("request ");
  line.append(request.id()).append(" from ").append(request.remote_address());
  line.append(": ").append(request.method()).append(" ");
  const std::string_view target = request.target();
  line.append(target.substr(0, target.find('?')));
  append_query(line, request.query());
  line.append(" ").append(request.protocol());
  for (const margay_field& field : request.headers())
    append(line, margay::view(field.name), margay::view(field.value));
  log_.debug(line);
  return true;
}

void RequestDumper::head(const margay::Request& request, margay::Head& head) {
  std::string line("answer to ");
  line.append(request.id()).append(": ").append(std::to_string(head.status));
  head.each([&](std::string_view name, std::string_view value) { append(line, name, value); });
  log_.debug(line);
}

void RequestDumper::append(std::string& line, std::string_view name, std::string_view value) const {
  line.append("; ").append(name).append(": ");
  line.append(is_secret(name) ? std::string_view("****") : value);
}

bool RequestDumper::is_secret(std::string_view name) const {
  const std::string its = margay::detail::lowered(name);
  if (std::find(masked_.begin(), masked_.end(), its) != masked_.end()) return true;
  for (const char* part : {"token", "secret", "key"})
    if (its.find(part) != its.npos) return true;
  return false;
}

}  // namespace filters
