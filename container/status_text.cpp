// What `margay status` prints: the running server in lines for people.
#include "container/status_text.h"

#include <unistd.h>

#include <array>
#include <ctime>
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
  std::string troubles;
  bool is_whole = true;
  for (const MappedEndpoint& one : application.endpoints) {
    is_whole &= one.type != nullptr;
    const std::string trouble = one.type == nullptr ? one.unavailable : one.availability->reason();
    if (!trouble.empty())
      troubles += "    " + (one.name.empty() ? "" : one.name + ": ") + first_line(trouble) + '\n';
  }
  out += !is_whole          ? ": unavailable\n"
         : troubles.empty() ? ": available\n"
                            : ": available in part\n";
  out += troubles;
}

void append(std::string& out, const server::Connector& connector,
            const server::tls::Context& context) {
  const server::Connector::Handshakes handshakes = connector.handshakes();
  out += "  TLS: " + std::to_string(handshakes.done) + " handshakes, " +
         std::to_string(handshakes.resumed) + " of them resumed; " +
         std::to_string(handshakes.failed) + " failed, " + std::to_string(handshakes.under_way) +
         " under way\n";
  for (const server::tls::Context::Validity& one : context.certificates())
    out += "  certificate of " + one.host_name + " in " + one.file + ": " + one.key_type +
           ", until " + utc_text(one.not_after) + '\n';
}

}  // namespace

std::string utc_text(std::chrono::sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

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
           (connector.draining() ? ", draining" : "");
    if (const std::uint64_t abuses = connector.http2_abuses(); abuses != 0)
      out += ", " + std::to_string(abuses) + " ended for abuse of HTTP/2";
    out += '\n';
    if (gate.tls != nullptr) append(out, connector, *gate.tls);
  }
  if (view.sockets != 0)
    out += "WebSockets: " + std::to_string(view.sockets) + " open, " +
           std::to_string(view.tunneled) + " of them over HTTP/2\n";
  for (const HostMapping& host : view.mapping.entries) {
    out += "host " + host.name + (host.applications.empty() ? ": no applications\n" : "\n");
    for (const auto& application : host.applications) append(out, *application);
  }
  return out;
}

}  // namespace container
