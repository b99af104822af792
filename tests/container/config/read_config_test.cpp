// Whole files to structs.
#include "container/config/read_config.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

namespace container {
namespace {

using namespace std::chrono_literals;

ServerConfig server(std::string_view text, const Substitutions& substitutions = {}) {
  std::vector<Diagnostic> warnings;
  ServerConfig config = parse_server_config(text, "server.xml", substitutions, warnings);
  CHECK(warnings.empty());
  return config;
}

ApplicationConfig application(std::string_view text) {
  std::vector<Diagnostic> warnings;
  ApplicationConfig config = parse_application_config(text, "app.xml", {}, warnings);
  CHECK(warnings.empty());
  return config;
}

std::vector<std::string> warnings_of(std::string_view text) {
  std::vector<Diagnostic> warnings;
  parse_server_config(text, "server.xml", {}, warnings);
  std::vector<std::string> lines;
  for (Diagnostic warning : warnings) {
    CHECK_FALSE(warning.excerpt.empty());
    warning.excerpt.clear();
    lines.push_back(to_string(warning));
  }
  return lines;
}

std::string what(std::string_view text) {
  std::vector<Diagnostic> warnings;
  try {
    parse_server_config(text, "server.xml", {}, warnings);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

constexpr std::string_view smallest = R"(<Server><Service><Connector/>
  <Engine><Host name="localhost"/></Engine></Service></Server>)";

}  // namespace

TEST_CASE("the smallest server.xml has every default") {
  const ServerConfig config = server(smallest);
  CHECK(config.graceful_stop_await == 30s);
  REQUIRE(config.service.connectors.size() == 1);
  const ConnectorConfig& connector = config.service.connectors[0];
  CHECK(connector.port == 8080);
  CHECK(connector.max_connections == 8192);
  CHECK(connector.max_http_header_size == 8192);
  CHECK(connector.max_post_size == 2'097'152);
  CHECK(connector.max_keep_alive_requests == -1);
  CHECK(connector.keep_alive_timeout == 20s);
  CHECK(connector.encoded_reverse_solidus_handling == SolidusHandling::reject);
  CHECK(connector.origins.empty());
  CHECK(to_string(connector.position) == "server.xml:1:18");
  CHECK(config.service.engine.default_host == "localhost");
  REQUIRE(config.service.engine.hosts.size() == 1);
  CHECK(config.service.engine.hosts[0].app_base == "apps");
}

TEST_CASE("a connector that is switched off is none, and its files need not be there") {
  const ServerConfig config = server(R"(<Server><Service>
    <Connector port="1234" enabled="${tls?false:true}"/>
    <Connector port="1234" enabled="${tls?true:false}" SSLEnabled="true"/>
    <Engine><Host name="localhost"/></Engine></Service></Server>)");
  REQUIRE(config.service.connectors.size() == 1);
  CHECK_FALSE(config.service.connectors[0].ssl_enabled);
}

TEST_CASE("a server.xml with much in it") {
  const ServerConfig config = server(R"(<?xml version="1.0" encoding="UTF-8"?>
<Server pidFile="run/margay.pid" control="run/control" gracefulStopAwaitMillis="5000">
  <Service name="S">
    <Executor name="workers" maxThreads="20" minSpareThreads="2" maxIdleTime="5min"/>
    <Executor name="few" maxThreads="4"/>
    <Connector port="0" address="127.0.0.1" executor="workers" connectionTimeout="5s"
               maxPostSize="-1" writeTimeout="-1" allowedTrailerHeaders="x-sum, x-end"
               encodedSolidusHandling="decode" continueResponseTiming="onRead" server="M &amp; Co"/>
    <Connector unixDomainSocketPath="/tmp/m.sock" unixDomainSocketPathPermissions="rw-rw----" executor="few"/>
    <Engine name="E" defaultHost="WWW.example.org">
      <Filter type="headers"><Parameter name="X-A" value="1"/></Filter>
      <Host name="www.example.org" appBase="/srv/apps" autoDeployInterval="250">
        <Alias>example.org</Alias>
        <Alias>*.example.net</Alias>
        <AccessLog pattern="json"/>
        <ErrorReport showServerInfo="true"/>
        <Context path="/shop" docBase="shop"><Endpoint type="files" path="/*"/></Context>
      </Host>
    </Engine>
  </Service>
</Server>)");
  CHECK(config.pid_file == "run/margay.pid");
  CHECK(config.control == "run/control");
  CHECK(config.graceful_stop_await == 5s);
  const ServiceConfig& service = config.service;
  REQUIRE(service.executors.size() == 2);
  CHECK(service.executors[0].max_threads == 20);
  CHECK(service.executors[0].max_idle_time == 5min);
  CHECK(service.executors[0].name_prefix == "margay-exec-");
  REQUIRE(service.connectors.size() == 2);
  const ConnectorConfig& connector = service.connectors[0];
  CHECK(connector.port == 0);
  CHECK(connector.executor == "workers");
  CHECK(connector.connection_timeout == 5s);
  CHECK(connector.keep_alive_timeout == 5s);
  CHECK(connector.max_post_size == unlimited);
  CHECK(connector.write_timeout == no_timeout);
  CHECK(connector.allowed_trailer_headers == std::vector<std::string>{"x-sum", "x-end"});
  CHECK(connector.encoded_solidus_handling == SolidusHandling::decode);
  CHECK(connector.continue_response_timing == ContinueTiming::on_read);
  CHECK(connector.server == "M & Co");
  CHECK(service.connectors[1].unix_domain_socket_path == "/tmp/m.sock");
  REQUIRE(service.engine.filters.size() == 1);
  CHECK(service.engine.filters[0].name == "headers");
  REQUIRE(service.engine.hosts.size() == 1);
  const HostConfig& host = service.engine.hosts[0];
  CHECK(host.auto_deploy_interval == 250ms);
  REQUIRE(host.aliases.size() == 2);
  CHECK(host.aliases[1].text == "*.example.net");
  CHECK(to_string(host.aliases[1].position) == "server.xml:14:9");
  REQUIRE(host.error_report);
  CHECK(host.error_report->show_server_info);
  REQUIRE(host.contexts.size() == 1);
  CHECK(host.contexts[0].path == "/shop");
  REQUIRE(host.contexts[0].endpoints.size() == 1);
  CHECK(host.contexts[0].endpoints[0].paths.at(0).text == "/*");
}

TEST_CASE("an app.xml with everything") {
  const ApplicationConfig config = application(R"(<Application>
  <Parameter name="greeting" value=""/>
  <Library file="lib/libgreet.so"/>
  <Library file="other.so" name="else" unload="never"/>
  <Filter name="first" type="headers" path="/*"/>
  <Endpoint type="greet" library="greet" path="/greet, /greet/{name}" dispatch="worker" maxBody="64KiB">
    <Path>/hello</Path>
    <Path></Path>
    <Parameter name="tone" value="warm"/>
  </Endpoint>
  <Endpoint name="files" path="/"/>
  <FilterMapping filter="second" endpoint="greet, files" dispatcher="ERROR"/>
  <Filter name="second" type="headers" path="*" dispatcher="REQUEST, FORWARD INCLUDE ASYNC"/>
  <ErrorPage status="404" location="/missing.html"/>
  <ErrorPage location="/error.html"/>
  <WelcomeFile> index.html </WelcomeFile>
</Application>)");
  REQUIRE(config.parameters.size() == 1);
  CHECK(config.parameters[0].value == "");
  REQUIRE(config.libraries.size() == 2);
  CHECK(config.libraries[0].name == "greet");
  CHECK(config.libraries[1].name == "else");
  CHECK(config.libraries[1].unload == UnloadPolicy::never);
  REQUIRE(config.endpoints.size() == 2);
  const EndpointConfig& greet = config.endpoints[0];
  CHECK(greet.name == "greet");
  CHECK(greet.dispatch == DispatchChoice::worker);
  CHECK(greet.max_body == 65'536);
  REQUIRE(greet.paths.size() == 4);
  CHECK(greet.paths[1].text == "/greet/{name}");
  CHECK(to_string(greet.paths[1].position) == "app.xml:6:56");
  CHECK(to_string(greet.paths[2].position) == "app.xml:7:5");
  CHECK(greet.paths[3].text == "");
  CHECK(to_string(greet.parameters.at(0).position) == "app.xml:9:5");
  CHECK(to_string(position_of(greet.parameters.at(0), "value")) == "app.xml:9:35");
  CHECK(config.endpoints[1].type == "files");
  CHECK_FALSE(config.endpoints[1].max_body);

  const std::vector<FilterUse> uses = filter_uses(config);
  REQUIRE(uses.size() == 3);
  CHECK(*uses[0].filter == "first");
  CHECK(uses[0].scope->dispatchers == std::vector{Dispatcher::request});
  CHECK(*uses[1].filter == "second");
  CHECK(uses[1].scope->endpoints == std::vector<std::string>{"greet", "files"});
  CHECK(uses[1].scope->dispatchers == std::vector{Dispatcher::error});
  CHECK(*uses[2].filter == "second");
  CHECK(uses[2].scope->dispatchers.size() == 4);

  REQUIRE(config.error_pages.size() == 2);
  CHECK(config.error_pages[0].status == 404);
  CHECK(config.error_pages[1].status == 0);
  CHECK(config.welcome_files.at(0).text == "index.html");
}

TEST_CASE("values remember where they came from") {
  const Substitutions substitutions{.definitions = {{"port", "9"}}, .environment = {{"A", "::1"}}};
  const ServerConfig config = server(R"(<Server><Service>
    <Connector port="${port}" address="${A}" maxHeaderCount="${n:-7}" connectionTimeout="1s"/>
    <Engine><Host name="localhost"/></Engine></Service></Server>)",
                                     substitutions);
  const ConnectorConfig& connector = config.service.connectors.at(0);
  CHECK(connector.port == 9);
  CHECK(connector.max_header_count == 7);
  REQUIRE(find_origin(connector, "port"));
  CHECK(find_origin(connector, "port")->kind == Origin::Kind::definition);
  CHECK(find_origin(connector, "port")->name == "port");
  CHECK(to_string(find_origin(connector, "port")->position) == "server.xml:2:22");
  CHECK(find_origin(connector, "address")->kind == Origin::Kind::environment);
  CHECK(find_origin(connector, "maxHeaderCount")->kind == Origin::Kind::file);
  CHECK(find_origin(connector, "keepAliveTimeout")->kind == Origin::Kind::attribute);
  CHECK_FALSE(find_origin(connector, "loops"));
  CHECK(to_string(position_of(connector, "loops")) == "server.xml:2:5");
}

TEST_CASE("an executor that nobody uses is warned about") {
  CHECK(warnings_of(R"(<Server><Service>
  <Executor name="spare"/>
  <Connector port="0"/>
  <Engine defaultHost="localhost"><Host name="localhost"/></Engine>
</Service></Server>)") ==
        std::vector<std::string>{"server.xml:2:19: warning: no <Connector> uses this <Executor>; "
                                 "name it there with executor='spare'"});
}

TEST_CASE("unknown codes of an access log's pattern are warned about") {
  CHECK(warnings_of(R"(<Server><Service><Connector/><Engine>
  <AccessLog pattern="%h %y"/>
  <Host name="localhost">
    <AccessLog pattern="%h %s"/>
    <AccessLog pattern="%{x}k" enabled="false"/>
  </Host></Engine></Service></Server>)") ==
        std::vector<std::string>{
            "server.xml:2:23: warning: attribute 'pattern' of <AccessLog>: there is no code '%y'; "
            "it is logged between question marks"});
}

TEST_CASE("Tomcat's names are warned about, each once and by name") {
  const std::vector<std::string> warnings = warnings_of(R"(<Server port="8005">
  <Listener className="org.apache.catalina.core.AprLifecycleListener"/>
  <Service>
    <Connector port="8443" compression="on" maxThreads="150" socket.rxBufSize="1"/>
    <Engine>
      <Cluster className="org.apache.catalina.ha.tcp.SimpleTcpCluster"/>
      <Valve className="com.example.Own"/>
      <Host name="localhost"/>
    </Engine>
  </Service>
</Server>)");
  CHECK(warnings ==
        std::vector<std::string>{
            "server.xml:1:9: warning: attribute 'port' of <Server> is Tomcat's and has no effect: "
            "signals and 'margay stop' end the server; nothing listens for that",
            "server.xml:2:3: warning: 'AprLifecycleListener' in <Server> is Tomcat's and has no "
            "effect: there is nothing to prepare",
            "server.xml:4:28: warning: attribute 'compression' of <Connector> is Tomcat's and has "
            "no effect: write <Filter type=\"compression\"> with the same parameter",
            "server.xml:4:45: warning: attribute 'maxThreads' of <Connector> is Tomcat's and has "
            "no effect: set it on an <Executor> and name that in 'executor'",
            "server.xml:4:62: warning: attribute 'socket.rxBufSize' of <Connector> is Tomcat's and "
            "has no effect: the system's own value holds",
            "server.xml:6:7: warning: <Cluster> in <Engine> is Tomcat's and has no effect: "
            "servers do not form clusters here",
            "server.xml:7:7: warning: 'Own' in <Engine> is Tomcat's and has no effect: there are "
            "no Java classes here; filters go into <Filter>"});
}

TEST_CASE("a <Listener> with a class is Tomcat's, one without is the application's") {
  CHECK(warnings_of(R"(<Server><Service><Connector port="0"/><Engine><Host name="localhost">
  <Context path="/a"><Library file="a.so"/>
    <Listener className="org.example.Mine"/>
    <Listener type="pool"/>
  </Context></Host></Engine></Service></Server>)") ==
        std::vector<std::string>{
            "server.xml:3:5: warning: 'Mine' in <Context> is Tomcat's and has no effect: there are "
            "no Java classes here; filters go into <Filter>"});
}

TEST_CASE("Tomcat's valves are warned about, with what to write instead") {
  const auto warning = [](const std::string& valve) {
    const auto all = warnings_of(
        "<Server><Service><Connector/><Engine><Host name='localhost'>\n"
        "<Valve className='org.apache.catalina.valves." +
        valve + "'/></Host></Engine></Service></Server>");
    REQUIRE(all.size() == 1);
    const std::string begin =
        "server.xml:2:1: warning: '" + valve + "' in <Host> is Tomcat's and has no effect: ";
    CHECK(all[0].substr(0, begin.size()) == begin);
    return all[0].substr(begin.size());
  };
  CHECK(warning("RemoteIpValve") ==
        "write <Filter type=\"remote-ip\" path=\"/*\">, its attributes as <Parameter>s of the same "
        "names");
  CHECK(warning("HealthCheckValve") == "write <Filter type=\"health\" path=\"/health\"/>");
  CHECK(warning("StuckThreadDetectionValve") ==
        "write 'workerStallWarning' on <Server>; its threshold is 5 s by default");
  for (const char* other : {"SemaphoreValve", "CrawlerSessionManagerValve", "SSLValve",
                            "LoadBalancerDrainingValve", "JsonErrorReportValve"})
    CHECK(warning(other).find("no Java classes") == std::string::npos);
}

TEST_CASE("Tomcat's realms are realms") {
  const ServerConfig config = server(R"(<Server><Service><Connector/>
  <Engine><Host name="localhost"/>
    <Realm className="org.apache.catalina.realm.LockOutRealm" lockOutTime="60">
      <Realm className="org.apache.catalina.realm.MemoryRealm" pathname="users.xml"/>
    </Realm>
  </Engine></Service></Server>)");
  REQUIRE(config.service.engine.realm.has_value());
  const RealmConfig& realm = *config.service.engine.realm;
  CHECK(realm.type == "lockout");
  CHECK(realm.failure_count == 5);
  CHECK(realm.lock_out_time == std::chrono::seconds(60));
  REQUIRE(realm.realms.size() == 1);
  CHECK(realm.realms[0].type == "memory");
  CHECK(realm.realms[0].pathname == "users.xml");
}

TEST_CASE("Tomcat's access log valve is an access log") {
  const ServerConfig config = server(R"(<Server><Service><Connector/>
  <Engine><Host name="localhost">
    <Valve className="org.apache.catalina.valves.AccessLogValve" directory="logs"
           prefix="localhost_access_log" suffix=".txt"
           pattern="%h %l %u %t &quot;%r&quot; %s %b" />
  </Host></Engine></Service></Server>)");
  const auto& logs = config.service.engine.hosts.at(0).access_logs;
  REQUIRE(logs.size() == 1);
  CHECK(logs[0].prefix == "localhost_access_log");
  CHECK(logs[0].pattern == "%h %l %u %t \"%r\" %s %b");
}

TEST_CASE("an endpoint and a filter that nothing reaches are warned about") {
  std::vector<Diagnostic> warnings;
  parse_application_config(
      "<Application>\n  <Endpoint type='a'/>\n  <Filter type='b'/>\n"
      "</Application>",
      "app.xml", {}, warnings);
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0].message == "endpoint 'a' has no 'path', so no request reaches it");
  CHECK(warnings[1].message ==
        "filter 'b' has neither 'path' nor 'endpoint' nor a <FilterMapping>, so it sees no "
        "request");
}

TEST_CASE("an error shows its line and a caret") {
  CHECK(what("<Server>\n\t<Servise/>\n</Server>") ==
        "server.xml:1:1: error: <Server> needs <Service>\n"
        "<Server>\n"
        "^\n"
        "server.xml:2:2: error: <Servise> is not known in <Server>; did you mean <Service>?\n"
        "\t<Servise/>\n"
        "\t^");
}

TEST_CASE("fifty errors are told, the others counted") {
  std::string text = "<Server>";
  for (int i = 0; i < 1000; ++i) text += "<x/>";
  text += "</Server>";
  std::vector<Diagnostic> warnings;
  try {
    parse_server_config(text, "server.xml", {}, warnings);
    FAIL("must throw");
  } catch (const ConfigError& error) {
    CHECK(error.diagnostics().size() == 50);
    CHECK(std::string_view(error.what()).ends_with("\nand 951 more"));
  }
}

TEST_CASE("files are read, and what cannot be read is said") {
  const auto folder =
      std::filesystem::temp_directory_path() / ("margay-config-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto file = folder / "server.xml";
  std::ofstream(file) << smallest;
  std::vector<Diagnostic> warnings;
  CHECK(read_server_config(file, {}, warnings).service.connectors.size() == 1);

  const auto message = [&](const std::filesystem::path& path) -> std::string {
    try {
      read_server_config(path, {}, warnings);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return {};
  };
  CHECK(message(folder / "none.xml") ==
        (folder / "none.xml").string() + ": error: cannot be opened: No such file or directory");
  CHECK(message(folder) == folder.string() + ": error: is a folder, not a file");
  std::ofstream(file) << std::string(max_config_file_size + 1, ' ');
  CHECK(message(file) == file.string() +
                             ": error: the file is larger than 1 MiB; configuration "
                             "that long is surely a mistake");
  std::filesystem::remove_all(folder);
}

TEST_CASE("a server is found though the rest of its server.xml is wrong") {
  const std::filesystem::path file = std::filesystem::temp_directory_path() /
                                     ("margay-address-" + std::to_string(::getpid()) + ".xml");
  const auto address = [&](std::string_view text) {
    std::ofstream(file) << text;
    return read_server_address(file, {.definitions = {{"run", "/run/x"}}, .environment = {}});
  };
  CHECK(address("<Server control='${run}/sock' pidFile='pid'><Nonsense/></Server>").control ==
        "/run/x/sock");
  CHECK(address("<Server control='${run}/sock' pidFile='pid'/>").pid_file == "pid");
  CHECK(address(smallest).control.empty());
  CHECK_THROWS_WITH_AS(address("<Application/>"), doctest::Contains("not <Server>"), ConfigError);
  CHECK_THROWS_AS(address("<Server control='a'"), ConfigError);
  CHECK_THROWS_WITH_AS(address("<Server control='${none}'/>"), doctest::Contains("control"),
                       ConfigError);
  std::filesystem::remove(file);
}

TEST_CASE("hostile files take no more than linear time") {
  const auto started = std::chrono::steady_clock::now();
  std::vector<std::string> texts(5);
  for (int i = 0; i < 150'000; ++i) texts[0] += "<a>";
  for (int i = 0; i < 80'000; ++i) texts[1] += "<Endpoit/>";
  texts[1] = "<Server>" + texts[1] + "</Server>";
  for (int i = 0; i < 80'000; ++i) texts[2] += " a" + std::to_string(i) + "=''";
  texts[2] = "<Server" + texts[2] + "/>";
  for (int i = 0; i < 200'000; ++i) texts[3] += "&lt;$";
  texts[3] = "<Server pidFile='" + texts[3] + "'/>";
  for (int i = 0; i < 200'000; ++i) texts[4] += "<!--";
  for (const std::string& text : texts) {
    REQUIRE(text.size() <= max_config_file_size);
    CHECK_FALSE(what(text).empty());
  }
  CHECK(std::chrono::steady_clock::now() - started < 20s);
}

}  // namespace container
