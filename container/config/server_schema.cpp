// The schema's table of server.xml.
#include <utility>

#include "container/config/error_schema.h"
#include "container/config/field.h"
#include "container/config/security_schema.h"
#include "container/config/server_config.h"
#include "container/config/tls_schema.h"
#include "server/address.h"

namespace container {
namespace {

std::shared_ptr<const Element> executor_element() {
  return element(
      {.name = "Executor",
       .meaning = "A pool of worker threads that connectors share by its name.",
       .attributes = {{"name", required(text(&ExecutorConfig::name)),
                       "What `executor` of `<Connector>` says."},
                      {"namePrefix",
                       text(&ExecutorConfig::name_prefix),
                       "Threads are named by it and a number; the system shows 15 characters.",
                       {.fallback = "tomcat-exec-"}},
                      {"maxThreads", integer(&ExecutorConfig::max_threads, 1, 10'000),
                       "Most threads at once."},
                      {"minSpareThreads",
                       integer(&ExecutorConfig::min_spare_threads, 0, 10'000),
                       "Threads kept though idle; not above `maxThreads`.",
                       {.fallback = "25"}},
                      {"maxIdleTime", duration(&ExecutorConfig::max_idle_time),
                       "How long any other thread waits for work before it ends."},
                      {"maxQueueSize",
                       integer(&ExecutorConfig::max_queue_size, 1, 1'000'000),
                       "Requests that wait for a thread; with a full queue the answer is 503 with "
                       "Retry-After.",
                       {.fallback = "2147483647"}}},
       .tomcat = "the same",
       .make = fresh<ExecutorConfig>()});
}

std::vector<Attribute> listening_attributes() {
  return {
      {"port",
       integer(&ConnectorConfig::port, 0, 65'535),
       "TCP port; 0 lets the system choose one and logs it.",
       {.fallback = "none"}},
      {"address", or_else("every address", text(&ConnectorConfig::address)),
       "IPv4 or IPv6 address to listen on."},
      {"unixDomainSocketPath", path(&ConnectorConfig::unix_domain_socket_path),
       "Listens on this Unix domain socket instead of a port."},
      {"unixDomainSocketPathPermissions",
       or_else("as umask says", text(&ConnectorConfig::unix_domain_socket_path_permissions)),
       "Permissions of the socket file, as in `rw-rw----`."},
      {"useInheritedChannel", boolean(&ConnectorConfig::use_inherited_channel),
       "Takes the listening socket that systemd hands over (LISTEN_FDS)."},
      {"enabled", boolean(&ConnectorConfig::enabled),
       "`false` leaves the connector out, as when a property decides."},
      {"loops",
       or_else("0", integer(&ConnectorConfig::loops, 0, 1024)),
       "Event loops, each with a thread and a listener of its own; 0 is one per core.",
       {.name = "acceptorThreadCount, pollerThreadCount"}},
      {"acceptCount",
       integer(&ConnectorConfig::accept_count, 1, 65'535),
       "Connections that wait in the system's queue; it cuts this to its own limit (somaxconn).",
       {.fallback = "100"}},
      {"maxConnections", integer(&ConnectorConfig::max_connections, -1, 10'000'000),
       "Connections open at once; beyond it new ones wait unaccepted. -1 takes the limit away."},
      {"tcpNoDelay", boolean(&ConnectorConfig::tcp_no_delay),
       "Sends small segments without waiting for more."},
      {"executor", or_else("a pool of its own", text(&ConnectorConfig::executor)),
       "The name of the `<Executor>` that runs endpoints which may block."}};
}

std::vector<Attribute> limit_attributes() {
  return {
      {"maxHttpHeaderSize", size(&ConnectorConfig::max_http_header_size),
       "Request line and header fields together; more is answered with 431."},
      {"maxHeaderCount", integer(&ConnectorConfig::max_header_count, 1, 10'000),
       "Header fields of one request; more is answered with 431."},
      {"maxTrailerSize", size(&ConnectorConfig::max_trailer_size),
       "Trailer fields behind a chunked body."},
      {"maxExtensionSize", size(&ConnectorConfig::max_extension_size),
       "Chunk extensions of one body."},
      {"allowedTrailerHeaders", or_else("none", list(&ConnectorConfig::allowed_trailer_headers)),
       "Trailer fields that endpoints get to see; others are dropped."},
      {"maxPostSize",
       size(&ConnectorConfig::max_post_size, Limit::optional),
       "Largest body that is buffered whole for an endpoint; more is answered with 413. Streamed "
       "bodies are not limited by it. -1 takes the limit away.",
       {.fallback = "2 MiB, for form bodies only"}},
      {"maxParameterCount",
       integer(&ConnectorConfig::max_parameter_count, -1, 10'000'000),
       "Parameters of a query and a form together; where an endpoint or a filter reads them and "
       "there are more, the answer is 400. -1 takes the limit away.",
       {.fallback = "1000; 10000 until 10.1"}},
      {"maxSwallowSize", size(&ConnectorConfig::max_swallow_size, Limit::optional),
       "How much of a body that nobody wants is read so that the connection can be used again; "
       "beyond it the connection closes. -1 reads it all."},
      {"maxKeepAliveRequests",
       integer(&ConnectorConfig::max_keep_alive_requests, -1, 1'000'000'000),
       "Requests served on one connection; 1 turns keep-alive off, -1 has no limit. There is none "
       "by default because a connection holds no thread here, and closing busy ones only costs.",
       {.fallback = "100"}},
      {"maxPipelinedRequests",
       integer(&ConnectorConfig::max_pipelined_requests, 1, 1000),
       "Unanswered requests of one connection; beyond it nothing more is read from it.",
       {.name = "none"}}};
}

std::vector<Attribute> time_attributes() {
  return {
      {"connectionTimeout",
       duration(&ConnectorConfig::connection_timeout, Limit::optional),
       "For the whole head of a request, from its first byte or from the accept; sending it in "
       "drops does not stretch it. -1 waits for ever.",
       {.fallback = "60 s; 20 s in the server.xml it ships"}},
      {"keepAliveTimeout",
       or_as("connectionTimeout", duration(&ConnectorConfig::keep_alive_timeout, Limit::optional)),
       "How long an idle connection waits for its next request. -1 waits for ever."},
      {"connectionUploadTimeout",
       duration(&ConnectorConfig::connection_upload_timeout, Limit::optional),
       "Longest silence in the middle of a request body. -1 waits for ever.",
       {.fallback = "5 min, but only with disableUploadTimeout=\"false\""}},
      {"minUploadRate",
       size(&ConnectorConfig::min_upload_rate),
       "Bytes per second that a request body must bring on average, over each 20 s or less; 0 does "
       "not look.",
       {.name = "none"}},
      {"writeTimeout",
       duration(&ConnectorConfig::write_timeout, Limit::optional),
       "How long a client may take nothing of the answer before it is cut off. -1 waits for ever.",
       {.name = "connectionTimeout"}},
      {"asyncTimeout", duration(&ConnectorConfig::async_timeout, Limit::optional),
       "How long a suspended answer may take before it is answered with 503. -1 waits for ever."}};
}

std::vector<Attribute> protocol_attributes() {
  return {
      {"continueResponseTiming",
       enumeration(
           &ConnectorConfig::continue_response_timing,
           {{"immediately", ContinueTiming::immediately}, {"onRead", ContinueTiming::on_read}}),
       "When `Expect: 100-continue` is answered: at once, or when the endpoint first reads."},
      {"allowTrace", boolean(&ConnectorConfig::allow_trace),
       "Answers TRACE; otherwise it is refused with 405."},
      {"encodedSolidusHandling",
       enumeration(&ConnectorConfig::encoded_solidus_handling,
                   {{"reject", SolidusHandling::reject},
                    {"decode", SolidusHandling::decode},
                    {"passthrough", SolidusHandling::passthrough}}),
       "What becomes of `%2f` in a path: 400, a slash, or left as it is."},
      {"encodedReverseSolidusHandling",
       enumeration(&ConnectorConfig::encoded_reverse_solidus_handling,
                   {{"reject", SolidusHandling::reject},
                    {"decode", SolidusHandling::decode},
                    {"passthrough", SolidusHandling::passthrough}}),
       "What becomes of `%5c` in a path. Refused by default, because programs behind a path may "
       "take a backslash for a slash and so leave the folder that was checked.",
       {.fallback = "decode"}},
      {"allowBackslash", boolean(&ConnectorConfig::allow_backslash),
       "Reads `\\` in a path as `/`; otherwise it is refused with 400."},
      {"useSendfile", boolean(&ConnectorConfig::use_sendfile),
       "Lets the kernel send files where nothing has to change them."},
      {"server", or_else("no such header", text(&ConnectorConfig::server)),
       "Value of the Server header."}};
}

Field networks(std::vector<std::string> ConnectorConfig::*member) {
  Field field = list(member);
  field.type = "list of addresses and blocks of them";
  field.store = [member](ConfigElement& element, const Text& text) -> std::optional<FieldError> {
    auto& items = as<ConnectorConfig>(element).*member;
    items.clear();
    for (const Item& item : split_list(text.value)) {
      if (!server::AddressBlock::parse(item.text))
        return FieldError{'\'' + std::string(item.text) +
                              "' is not an address or a block of them, such as 10.0.0.0/8 or "
                              "fc00::/7",
                          item.offset};
      items.emplace_back(item.text);
    }
    return std::nullopt;
  };
  return field;
}

std::vector<Attribute> proxy_attributes() {
  return {
      {"proxyProtocol",
       enumeration(&ConnectorConfig::proxy_protocol, {{"off", ProxyProtocol::off},
                                                      {"optional", ProxyProtocol::optional},
                                                      {"required", ProxyProtocol::required}}),
       "Takes the client's address from the header of HAProxy's PROXY protocol, version 1 or 2, "
       "in front of TLS and HTTP. `required` refuses connections without it, and all that are "
       "not from `proxyProtocolTrusted`; `optional` serves those as they are, and reads a "
       "header where a trusted peer begins with one.",
       {.name = "none"}},
      {"proxyProtocolTrusted",
       networks(&ConnectorConfig::proxy_protocol_trusted),
       "The proxies that may say where a client is, as in `10.0.0.0/8, fd00::1`. Whoever "
       "connects through a Unix domain socket always may.",
       {.name = "none"}},
      {"scheme", text(&ConnectorConfig::scheme),
       "The scheme that applications see, for a proxy that ends TLS."},
      {"secure", boolean(&ConnectorConfig::secure),
       "Whether applications see the request as secure: `true` is `scheme=\"https\"`."},
      {"proxyName", or_else("from the Host header", text(&ConnectorConfig::proxy_name)),
       "The server name that applications see."},
      {"proxyPort",
       or_else("from the Host header", integer(&ConnectorConfig::proxy_port, 0, 65'535)),
       "The server port that applications see; 0 is not set."},
      {"redirectPort", integer(&ConnectorConfig::redirect_port, 0, 65'535),
       "The port of TLS that plain requests are sent to where a `<SecurityConstraint>` wants "
       "them encrypted; with 0 they get 403."}};
}

std::shared_ptr<const Element> connector_element() {
  std::vector<Attribute> all;
  for (auto part : {listening_attributes, limit_attributes, time_attributes, protocol_attributes,
                    proxy_attributes, connector_tls_attributes}) {
    for (Attribute& attribute : part()) all.push_back(std::move(attribute));
  }
  return element({.name = "Connector",
                  .meaning = "Listens for connections of HTTP/1.1 and, with `<UpgradeProtocol>`, "
                             "HTTP/2; plain or with TLS.",
                  .attributes = std::move(all),
                  .children = connector_tls_children(),
                  .tomcat = "the same",
                  .make = fresh<ConnectorConfig>()});
}

std::shared_ptr<const Element> access_log_element() {
  return element(
      {.name = "AccessLog",
       .meaning = "Writes a line for every exchange, from a thread that no request waits for.",
       .attributes =
           {{"enabled", boolean(&AccessLogConfig::enabled), "`false` keeps it from being opened."},
            {"pattern", text(&AccessLogConfig::pattern),
             "`common`, `combined`, `json`, or a pattern in Tomcat's language, with "
             "`%{SSL_PROTOCOL}x` and its like of httpd."},
            {"directory", path(&AccessLogConfig::directory),
             "Folder of the files, relative to the server's folder; made when it is missing."},
            {"prefix", text(&AccessLogConfig::prefix), "How file names begin."},
            {"suffix", text(&AccessLogConfig::suffix), "How file names end."},
            {"fileDateFormat", text(&AccessLogConfig::file_date_format),
             "The date between prefix and suffix; its smallest unit says how often a new file "
             "begins."},
            {"rotatable", boolean(&AccessLogConfig::rotatable),
             "`false` writes to prefix and suffix for ever, without a date."},
            {"renameOnRotate", boolean(&AccessLogConfig::rename_on_rotate),
             "Adds the date only when the file is finished."},
            {"maxDays", integer(&AccessLogConfig::max_days, -1, 36'500),
             "Finished files older than this are deleted; -1 keeps them."},
            {"buffered", boolean(&AccessLogConfig::buffered), "`false` writes every line at once."},
            {"conditionIf", text(&AccessLogConfig::condition_if),
             "Logs only exchanges whose request has this attribute."},
            {"conditionUnless",
             text(&AccessLogConfig::condition_unless),
             "Logs only exchanges whose request has not this attribute.",
             {.name = "conditionUnless, condition"}},
            {"queueLimit",
             size(&AccessLogConfig::queue_limit),
             "Bytes that wait for the writer; beyond it lines are dropped, counted, and their "
             "number written down.",
             {.name = "none"}}},
       .tomcat = "`<Valve className=\"org.apache.catalina.valves.AccessLogValve\">`, which is read "
                 "as this",
       .valve_class = "org.apache.catalina.valves.AccessLogValve",
       .make = fresh<AccessLogConfig>()});
}

std::shared_ptr<const Element> alias_element() {
  return element({.name = "Alias",
                  .meaning = "Another name of the host, as content: exact, or `*.example.org` for "
                             "every name with one more label.",
                  .text = text(&LocatedText::text),
                  .tomcat = "the same",
                  .make = fresh<LocatedText>()});
}

std::shared_ptr<const Element> context_element() {
  std::vector<Attribute> attributes = {
      {"path", required(text(&ContextConfig::path)),
       "Where it stands below the host: nothing for the root, or as in `/shop`."},
      {"docBase", or_else("the folder of its name, or none", path(&ContextConfig::doc_base)),
       "The application's folder, absolute or relative to `appBase`. Without it the folder in "
       "`appBase` counts that has the context's name (`hello` for `/hello`, `a#b` for `/a/b`, "
       "`ROOT` for the root) and an app.xml; where there is none, it has no folder."}};
  for (Attribute& one : application_attributes()) attributes.push_back(std::move(one));
  return element({.name = "Context",
                  .meaning =
                      "An application declared here instead of by an app.xml; takes all that "
                      "`<Application>` takes.",
                  .attributes = std::move(attributes),
                  .children = application_children(),
                  .tomcat = "the same",
                  .make = fresh<ContextConfig>()});
}

std::shared_ptr<const Element> host_element() {
  return element(
      {.name = "Host",
       .meaning = "A virtual host: the applications that one host name leads to.",
       .attributes =
           {{"name", required(text(&HostConfig::name)),
             "The host name; letter case does not count."},
            {"appBase",
             path(&HostConfig::app_base),
             "The folder whose subfolders are applications.",
             {.fallback = "webapps"}},
            {"workDir", path(&HostConfig::work_dir),
             "Where the copies of libraries are put that are in use, and the work folders of "
             "applications."},
            {"autoDeploy", boolean(&HostConfig::auto_deploy),
             "Deploys, redeploys and undeploys as folders and libraries appear, change and "
             "vanish."},
            {"deployOnStartup", boolean(&HostConfig::deploy_on_startup),
             "Deploys what is in `appBase` when the server starts."},
            {"autoDeployInterval",
             duration(&HostConfig::auto_deploy_interval),
             "How often changes are looked for, and how long a file must rest before it counts.",
             {.name = "backgroundProcessorDelay", .fallback = "10 s"}},
            {"startTimeout",
             duration(&HostConfig::start_timeout, Limit::optional),
             "The `startTimeout` of applications that have none of their own, and how long the "
             "host's filters may take to be created. -1 waits for ever.",
             {.name = "none"}},
            {"failCtxIfServletStartFails",
             boolean(&HostConfig::fail_if_endpoint_fails),
             "The same of applications that do not say it themselves.",
             {.fallback = "false"}}},
       .children = {any_number(&HostConfig::aliases, alias_element()),
                    any_number(&HostConfig::libraries, library_element()),
                    any_number(&HostConfig::filters, filter_element()),
                    any_number(&HostConfig::access_logs, access_log_element()),
                    any_number(&HostConfig::mime_mappings, mime_mapping_element()),
                    at_most_one(&HostConfig::error_report, error_report_element(true)),
                    at_most_one(&HostConfig::realm, realm_element()),
                    any_number(&HostConfig::contexts, context_element())},
       .tomcat = "the same",
       .make = fresh<HostConfig>()});
}

std::shared_ptr<const Element> engine_element() {
  return element({.name = "Engine",
                  .meaning = "Chooses the host of a request.",
                  .attributes = {{"name",
                                  text(&EngineConfig::name),
                                  "Its name in logs.",
                                  {.fallback = "Catalina in the server.xml it ships"}},
                                 {"defaultHost",
                                  text(&EngineConfig::default_host),
                                  "The `<Host>` of requests whose host name nobody has.",
                                  {.fallback = "none; required"}},
                                 {"jvmRoute", or_else("nothing", text(&EngineConfig::jvm_route)),
                                  "What stands behind a dot in session cookies, by which load "
                                  "balancers find this server again; letters, digits, `-` and "
                                  "`_`."}},
                  .children = {any_number(&EngineConfig::libraries, library_element()),
                               any_number(&EngineConfig::filters, filter_element()),
                               any_number(&EngineConfig::access_logs, access_log_element()),
                               at_most_one(&EngineConfig::realm, realm_element()),
                               any_number(&EngineConfig::hosts, host_element(), 1)},
                  .tomcat = "the same",
                  .make = fresh<EngineConfig>()});
}

std::shared_ptr<const Element> service_element() {
  return element({.name = "Service",
                  .meaning = "Connectors and the engine behind them.",
                  .attributes = {{"name",
                                  text(&ServiceConfig::name),
                                  "Its name in logs.",
                                  {.fallback = "Catalina in the server.xml it ships"}}},
                  .children = {any_number(&ServiceConfig::executors, executor_element()),
                               any_number(&ServiceConfig::connectors, connector_element(), 1),
                               exactly_one(&ServiceConfig::engine, engine_element())},
                  .tomcat = "the same",
                  .make = fresh<ServiceConfig>()});
}

}  // namespace

std::shared_ptr<const Element> server_schema() {
  return element(
      {.name = "Server",
       .meaning = "The root of server.xml.",
       .attributes =
           {{"pidFile",
             or_else("none", path(&ServerConfig::pid_file)),
             "Where the process id is written while the server runs; relative to the server's "
             "folder.",
             {.name = "CATALINA_PID"}},
            {"control",
             or_else("none", path(&ServerConfig::control)),
             "The Unix domain socket that `margay status`, `reload` and `stop` talk to, for this "
             "user "
             "alone; relative to the server's folder.",
             {.name = "port, shutdown"}},
            {"drainDelay",
             duration(&ServerConfig::drain_delay),
             "How long a server that was told to stop still takes connections as before, while the "
             "filter `health` says DOWN, so that load balancers go elsewhere.",
             {.name = "none"}},
            {"gracefulStopAwaitMillis",
             duration(&ServerConfig::graceful_stop_await),
             "How long a stop waits for the exchanges that are under way.",
             {.name = "the same, on Service", .fallback = "0"}},
            {"loopStallWarning",
             duration(&ServerConfig::loop_stall_warning),
             "An endpoint that holds an event loop longer is named in the log; 0 does not look.",
             {.name = "none"}},
            {"workerStallWarning",
             duration(&ServerConfig::worker_stall_warning),
             "An endpoint that holds a worker longer is named in the log; 0 does not look.",
             {.name = "threshold of StuckThreadDetectionValve", .fallback = "600 s"}}},
       .children = {exactly_one(&ServerConfig::service, service_element(),
                                "this server has one service; put further connectors, executors "
                                "and hosts into the first")},
       .tomcat = "the same",
       .make = fresh<ServerConfig>()});
}

}  // namespace container
