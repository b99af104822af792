// What must hold between the elements of server.xml.
#include <algorithm>
#include <map>
#include <stdexcept>

#include "container/access_log_pattern.h"
#include "container/config/checks.h"
#include "container/config/quoted.h"
#include "container/config/suggestion.h"
#include "container/config/unique_names.h"
#include "server/ascii.h"

namespace container {
namespace {

UniqueNames check_executors(const std::vector<ExecutorConfig>& executors, Report& report) {
  UniqueNames names("executor", report);
  for (const ExecutorConfig& executor : executors) {
    names.add(executor.name, position_of(executor, "name"));
    // The default gives way to a smaller maximum; a number that somebody wrote does not.
    if (executor.min_spare_threads > executor.max_threads &&
        find_origin(executor, "minSpareThreads") != nullptr) {
      report.error(position_of(executor, "minSpareThreads"),
                   "'minSpareThreads' (" + std::to_string(executor.min_spare_threads) +
                       ") of <Executor> is above 'maxThreads' (" +
                       std::to_string(executor.max_threads) + ")");
    }
  }
  return names;
}

// A pool that nobody names is a thread pool that its owner believes in.
void check_use(const std::vector<ExecutorConfig>& executors,
               const std::vector<ConnectorConfig>& connectors, Report& report) {
  for (const ExecutorConfig& executor : executors) {
    const bool used = std::any_of(
        connectors.begin(), connectors.end(),
        [&](const ConnectorConfig& connector) { return connector.executor == executor.name; });
    if (!used) {
      report.warning(position_of(executor, "name"),
                     "no <Connector> uses this <Executor>; name it there with executor=" +
                         in_quotes(executor.name));
    }
  }
}

bool is_permissions(std::string_view text) {
  constexpr std::string_view full = "rwxrwxrwx";
  if (text.size() != full.size()) return false;
  for (std::size_t i = 0; i < full.size(); ++i) {
    if (text[i] != full[i] && text[i] != '-') return false;
  }
  return true;
}

void check_connector(const ConnectorConfig& connector, const UniqueNames& executors,
                     Report& report) {
  if (!connector.executor.empty() && !executors.contains(connector.executor)) {
    report.error(position_of(connector, "executor"),
                 "there is no <Executor> with the name " + in_quotes(connector.executor) +
                     did_you_mean(connector.executor, executors.names()));
  }
  const std::string& permissions = connector.unix_domain_socket_path_permissions;
  if (!permissions.empty() && !is_permissions(permissions)) {
    report.error(position_of(connector, "unixDomainSocketPathPermissions"),
                 "attribute 'unixDomainSocketPathPermissions' of <Connector>: " +
                     in_quotes(permissions) + " are no permissions; write them as in rw-rw----");
  }
  if (connector.scheme != "http" && connector.scheme != "https") {
    report.error(position_of(connector, "scheme"),
                 "attribute 'scheme' of <Connector>: " + in_quotes(connector.scheme) +
                     " is neither http nor https");
  }
}

// Two connectors cannot have one port, unless each has an address of its own.
void check_listeners(const std::vector<ConnectorConfig>& connectors, Report& report) {
  UniqueNames sockets("'unixDomainSocketPath'", report);
  std::map<int, std::map<std::string, const ConnectorConfig*>> ports;
  for (const ConnectorConfig& connector : connectors) {
    if (!connector.unix_domain_socket_path.empty()) {
      sockets.add(connector.unix_domain_socket_path,
                  position_of(connector, "unixDomainSocketPath"));
      continue;
    }
    if (connector.port == 0 || connector.use_inherited_channel) continue;
    // A port that could not be read stands at its default and says nothing.
    if (report.has_errors() && !find_origin(connector, "port")) continue;
    auto& addresses = ports[connector.port];
    auto other = addresses.find(connector.address);
    if (other == addresses.end()) other = addresses.find({});
    if (other == addresses.end() && connector.address.empty()) other = addresses.begin();
    if (other != addresses.end()) {
      report.error(position_of(connector, "port"),
                   "port " + std::to_string(connector.port) +
                       " is already the <Connector>'s on "
                       "line " +
                       std::to_string(other->second->position.line));
    }
    addresses.emplace(connector.address, &connector);
  }
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  return name.find_first_of("*/ \t\r\n@?#,") == std::string_view::npos;
}

void check_host_names(const std::vector<HostConfig>& hosts, Report& report) {
  UniqueNames names("host name", report);
  for (const HostConfig& host : hosts) {
    names.add(server::lowered(host.name), position_of(host, "name"));
    if (find_origin(host, "name") && !is_host_name(host.name)) {
      report.error(position_of(host, "name"),
                   "attribute 'name' of <Host>: " + in_quotes(host.name) +
                       " is not a host name; names with '*' go into <Alias>");
    }
    for (const LocatedText& alias : host.aliases) {
      names.add(server::lowered(alias.text), alias.position);
      const bool wildcard = alias.text.starts_with("*.");
      if (!is_host_name(std::string_view(alias.text).substr(wildcard ? 2 : 0))) {
        report.error(alias.position, "content of <Alias>: " + in_quotes(alias.text) +
                                         " is not a host name; write one as in www.example.org or "
                                         "*.example.org");
      }
    }
  }
}

bool is_context_path(std::string_view path) {
  if (path.empty()) return true;
  return path.starts_with('/') && !path.ends_with('/') && path.find("//") == std::string_view::npos;
}

void check_contexts(HostConfig& host, Report& report) {
  UniqueNames paths("context path", report);
  const ContextConfig* root = nullptr;
  for (ContextConfig& context : host.contexts) {
    paths.add(context.path, position_of(context, "path"));
    const bool is_root = context.path.empty() && find_origin(context, "path");
    if (is_root && root) {
      report.error(position_of(context, "path"),
                   "the root context is already on line " + std::to_string(root->position.line));
    }
    if (is_root && !root) root = &context;
    if (!is_context_path(context.path)) {
      report.error(position_of(context, "path"),
                   "attribute 'path' of <Context>: " + in_quotes(context.path) +
                       " must be empty, or begin and not end with '/'");
    }
    check_application(context, report);
  }
}

void check_access_logs(const std::vector<AccessLogConfig>& logs, Report& report) {
  for (const AccessLogConfig& log : logs) {
    if (!log.enabled) continue;
    const SourcePosition position = position_of(log, "pattern");
    try {
      const AccessLogPattern pattern(log.pattern);
      for (const std::string& code : pattern.unknown())
        report.warning(position, "attribute 'pattern' of <AccessLog>: there is no code " +
                                     in_quotes(code) + "; it is logged between question marks");
    } catch (const std::invalid_argument& error) {
      report.error(position, std::string("attribute 'pattern' of <AccessLog>: ") + error.what());
    }
  }
}

void check_engine(EngineConfig& engine, Report& report) {
  check_outer(engine.libraries, engine.filters, engine.realm, report);
  check_access_logs(engine.access_logs, report);
  check_host_names(engine.hosts, report);
  std::vector<std::string_view> names;
  for (HostConfig& host : engine.hosts) {
    names.push_back(host.name);
    check_outer(host.libraries, host.filters, host.realm, report);
    check_access_logs(host.access_logs, report);
    check_mime_mappings(host.mime_mappings, report);
    check_contexts(host, report);
  }
  const bool known = std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    return server::lowered(name) == server::lowered(engine.default_host);
  });
  if (!known && !names.empty()) {
    report.error(position_of(engine, "defaultHost"),
                 "'defaultHost' of <Engine>: there is no <Host> with the name " +
                     in_quotes(engine.default_host) + did_you_mean(engine.default_host, names));
  }
}

}  // namespace

void check_server(ServerConfig& server, Report& report) {
  std::erase_if(server.service.connectors,
                [](const ConnectorConfig& connector) { return !connector.enabled; });
  if (server.service.connectors.empty() && !report.has_errors())
    report.error(server.service.position,
                 "every <Connector> is switched off; set 'enabled' of one to true");
  const UniqueNames executors = check_executors(server.service.executors, report);
  for (ConnectorConfig& connector : server.service.connectors) {
    check_connector(connector, executors, report);
    check_tls(connector, report);
  }
  check_use(server.service.executors, server.service.connectors, report);
  check_listeners(server.service.connectors, report);
  check_engine(server.service.engine, report);
}

}  // namespace container
