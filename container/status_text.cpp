// What `margay status` prints: the running server in lines for people.
#include "container/status_text.h"

#include <unistd.h>

#include <array>
#include <string_view>
#include <utility>

namespace container {

namespace {

// A reason may have several lines and an excerpt; one is enough here, the log has the rest.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

void append(std::string& out, const Application& application) {
  out += "  ";
  out += application.context_path.empty() ? "/" : application.context_path;
  if (!application.version.empty()) out += ", version " + application.version;
  std::size_t available = 0;
  for (const MappedEndpoint& one : application.endpoints) available += one.type != nullptr ? 1 : 0;
  if (available == application.endpoints.size()) {
    out += ": available\n";
    return;
  }
  out += available == 0 ? ": unavailable\n" : ": available in part\n";
  for (const MappedEndpoint& one : application.endpoints)
    if (one.type == nullptr)
      out +=
          "    " + (one.name.empty() ? "" : one.name + ": ") + first_line(one.unavailable) + '\n';
}

}  // namespace

std::string duration_text(std::chrono::seconds duration) {
  constexpr std::array<std::pair<std::string_view, int>, 4> units{
      {{" d", 86400}, {" h", 3600}, {" min", 60}, {" s", 1}}};
  auto left = duration.count();
  std::string text;
  int named = 0;
  for (const auto& [unit, seconds] : units) {
    const auto count = left / seconds;
    left %= seconds;
    const bool last = seconds == 1 && named == 0;
    if (named == 2 || (count == 0 && !last)) continue;
    text += (named++ == 0 ? "" : " ") + std::to_string(count) + std::string(unit);
  }
  return text;
}

std::string status_text(const StatusView& view) {
  std::string out = "margay " MARGAY_VERSION ", pid " + std::to_string(::getpid()) + ", up " +
                    duration_text(view.uptime) + '\n';
  out += "configuration: " + view.config + '\n';
  out += "mapping: generation " + std::to_string(view.mapping.generation) + '\n';
  for (const Front::View& gate : view.gates) {
    const server::Connector& connector = *gate.connector;
    out += "connector " + connector.title() + ": " + std::to_string(connector.connections()) +
           " open, " + std::to_string(connector.accepted()) + " accepted" +
           (connector.draining() ? ", draining\n" : "\n");
  }
  for (const HostMapping& host : view.mapping.entries) {
    out += "host " + host.name + (host.applications.empty() ? ": no applications\n" : "\n");
    for (const auto& application : host.applications) append(out, *application);
  }
  return out;
}

}  // namespace container
