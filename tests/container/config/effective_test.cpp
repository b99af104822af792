// The effective configuration reads back as what it was printed from.
#include "container/config/effective.h"

#include <doctest/doctest.h>

#include "container/config/read_config.h"

namespace container {
namespace {

constexpr std::string_view rich_server = R"(<Server gracefulStopAwaitMillis="5s">
  <Service>
    <Executor name="w"/>
    <Connector port="${port}" maxPostSize="-1" asyncTimeout="-1" server="a &lt;&quot;$$&amp;&#9;'b"
               allowedTrailerHeaders="a b" address="" executor="w" keepAliveTimeout="1s"/>
    <Connector port="${other:-0}" connectionTimeout="1500" proxyName="x--y-"/>
    <Engine>
      <Filter type="a" path="/x /y"/>
      <Host name="localhost" appBase="${APPS}">
        <Alias>*.example.org</Alias>
        <AccessLog pattern="%h &quot;%r&quot; $${x}"/>
        <ErrorReport/>
        <Context path="">
          <Filter type="first" path="*"/>
          <FilterMapping filter="second" endpoint="e" dispatcher="ERROR ASYNC"/>
          <Filter name="second" type="t" path="/z"/>
          <Endpoint name="e" type="t" maxBody="-1"><Path/><Path>/a</Path></Endpoint>
          <WebSocket name="w" type="t" path="/w" origins="https://a.example same-origin"
                     subprotocols="b a" maxFrameSize="1KiB" overflow="dropOldest" pingInterval="0">
            <Interceptor type="z"><Parameter name="p" value="v"/></Interceptor>
            <Interceptor type="a"/>
          </WebSocket>
          <ErrorPage location="/e"/>
          <WelcomeFile>a b, c.html</WelcomeFile>
        </Context>
      </Host>
    </Engine>
  </Service>
</Server>)";

ServerConfig parse(std::string_view text, const Substitutions& substitutions = {}) {
  std::vector<Diagnostic> warnings;
  return parse_server_config(text, "conf/s--.xml", substitutions, warnings);
}

std::string without_comments(std::string text) {
  for (std::size_t at = 0; (at = text.find("<!--", at)) != std::string::npos;) {
    text.erase(at, text.find("-->", at) + 3 - at);
  }
  return text;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

const Substitutions substitutions{.definitions = {{"port", "9000"}},
                                  .environment = {{"APPS", "/srv/$apps"}}};

}  // namespace

TEST_CASE("what is printed reads back as the same configuration") {
  const std::string first = effective_configuration(parse(rich_server, substitutions));
  const ServerConfig again = parse(first);
  CHECK(without_comments(effective_configuration(again)) == without_comments(first));

  const ConnectorConfig& connector = again.service.connectors.at(0);
  CHECK(connector.port == 9000);
  CHECK(connector.server == "a <\"$&\t'b");
  CHECK(connector.max_post_size == unlimited);
  CHECK(connector.async_timeout == no_timeout);
  CHECK(again.service.connectors.at(1).keep_alive_timeout == std::chrono::milliseconds(1500));
  const HostConfig& host = again.service.engine.hosts.at(0);
  CHECK(host.app_base == "/srv/$apps");
  CHECK(host.access_logs.at(0).pattern == "%h \"%r\" ${x}");
  const ContextConfig& context = host.contexts.at(0);
  CHECK(context.path == "");
  CHECK(context.endpoints.at(0).max_body == unlimited);
  CHECK(context.endpoints.at(0).paths.at(0).text == "");
  CHECK(context.welcome_files.at(0).text == "a b, c.html");
  std::vector<std::string> order;
  for (const FilterUse& use : filter_uses(context)) order.push_back(*use.filter);
  CHECK(order == std::vector<std::string>{"first", "second", "second"});
}

TEST_CASE("every attribute has its origin beside it") {
  const std::string text = effective_configuration(parse(rich_server, substitutions));
  CHECK(contains(text, "port                             -Dport, conf/s- -.xml:4:22\n"));
  CHECK(contains(text, "appBase                     environment APPS, conf/s- -.xml:9:39\n"));
  CHECK(contains(text, "keepAliveTimeout                 as connectionTimeout\n"));
  CHECK(contains(text, "maxHeaderCount                   default\n"));
  CHECK(contains(text, "unixDomainSocketPath             not set\n"));
  CHECK(contains(text, "\n        maxHeaderCount=\"100\"\n"));
}

TEST_CASE("an application is printed likewise") {
  std::vector<Diagnostic> warnings;
  const ApplicationConfig config = parse_application_config(
      "<Application><Library file='lib/liba.so'/><Endpoint type='t' path='/'/></Application>",
      "app.xml", {}, warnings);
  const std::string text = effective_configuration(config);
  const ApplicationConfig again = parse_application_config(text, "again.xml", {}, warnings);
  CHECK(warnings.empty());
  CHECK(again.libraries.at(0).name == "a");
  CHECK(again.endpoints.at(0).paths.at(0).text == "/");
  CHECK(without_comments(effective_configuration(again)) == without_comments(text));
}

TEST_CASE("secrets are not shown, and count all the same") {
  const auto read = [](const std::string& password) {
    return parse(
        "<Server><Service><Connector SSLEnabled='true'><SSLHostConfig>"
        "<Certificate certificateFile='c' certificateKeyPassword='" +
        password +
        "'/></SSLHostConfig></Connector><Engine><Host name='localhost'><Context path='/a'>"
        "<Parameter name='dbPassword' value='" +
        password +
        "'/><Parameter name='user' value='me'/></Context></Host></Engine>"
        "</Service></Server>");
  };
  const ServerConfig one = read("hunter2"), other = read("hunter3");
  const std::string shown = effective_configuration(one);
  CHECK_FALSE(contains(shown, "hunter2"));
  CHECK(contains(shown, "certificateKeyPassword=\"****\""));
  CHECK(contains(shown, "name=\"dbPassword\"\n"));
  CHECK(contains(shown, "value=\"me\""));
  CHECK(shown == effective_configuration(other));
  const auto connector = [](const ServerConfig& config) {
    return values_text("Connector", config.service.connectors.at(0));
  };
  const auto context = [](const ServerConfig& config) {
    return values_text("Context", config.service.engine.hosts.at(0).contexts.at(0));
  };
  CHECK(connector(one) != connector(other));
  CHECK(context(one) != context(other));
  const std::string none = effective_configuration(read(""));
  CHECK(contains(none, "certificateKeyPassword  "));
}

}  // namespace container
