// What is said about server.xml files that cannot be used.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "container/config/read_config.h"

namespace container {
namespace {

struct Broken {
  const char* what;
  std::string text;
  std::vector<std::string> errors;  // from the line on
};

const std::vector<Broken> broken_files = {
    {"unknown attribute",
     R"(<Server>
  <Service>
    <Connector prot="8080"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:16: error: attribute 'prot' is not known in <Connector>; did you mean 'port'?"}},
    {"wrong case",
     R"(<Server>
  <Service>
    <Connector MaxConnections="5"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:16: error: attribute 'MaxConnections' is not known in <Connector>; did you mean "
      "'maxConnections'?"}},
    {"attribute of another element",
     R"(<Server>
  <Service>
    <Connector appBase="apps"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:16: error: attribute 'appBase' is not known in <Connector>; it belongs to <Host>"}},
    {"attribute that nothing has",
     R"(<Server>
  <Service>
    <Connector flavour="mint"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:16: error: attribute 'flavour' is not known in <Connector>"}},
    {"unknown element",
     R"(<Server>
  <Service>
    <Connector/>
    <Exekutor name="x"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"4:5: error: <Exekutor> is not known in <Service>; did you mean <Executor>?"}},
    {"element in the wrong place",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine><Host name="localhost">
      <Connector port="1"/>
    </Host></Engine>
  </Service>
</Server>
)",
     {"5:7: error: <Connector> is not known in <Host>; it belongs into <Service>"}},
    {"misspelled element in the wrong place",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine><Host name="localhost">
      <Conector port="1"/>
    </Host></Engine>
  </Service>
</Server>
)",
     {"5:7: error: <Conector> is not known in <Host>; did you mean <Connector>? it belongs into "
      "<Service>"}},
    {"element that nothing has",
     R"(<Server>
  <Service>
    <Connector/>
    <Teapot/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"4:5: error: <Teapot> is not known in <Service>; it takes <Executor>, <Connector> and "
      "<Engine>"}},
    {"wrong root",
     R"(<Application/>
)",
     {"1:1: error: the root element is <Application>, where <Server> must be"}},
    {"no integer",
     R"(<Server>
  <Service>
    <Connector port="http"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:22: error: attribute 'port' of <Connector>: 'http' is not an integer; write an integer "
      "from 0 to 65535"}},
    {"integer out of range",
     R"(<Server>
  <Service>
    <Connector port="65536"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:22: error: attribute 'port' of <Connector>: '65536' is out of range; write an integer "
      "from 0 to 65535"}},
    {"no size",
     R"(<Server>
  <Service>
    <Connector maxPostSize="2 MiB"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:29: error: attribute 'maxPostSize' of <Connector>: '2 MiB' is not a size; write bytes or "
      "a number with KB, KiB, MB, MiB, GB or GiB, as in 64KiB, or -1 for no limit"}},
    {"size too large",
     R"(<Server>
  <Service>
    <Connector maxPostSize="99999999999GiB"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:29: error: attribute 'maxPostSize' of <Connector>: '99999999999GiB' is too large; write "
      "bytes or a number with KB, KiB, MB, MiB, GB or GiB, as in 64KiB, or -1 for no limit"}},
    {"minus one where a limit must be",
     R"(<Server>
  <Service>
    <Connector maxHttpHeaderSize="-1"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:35: error: attribute 'maxHttpHeaderSize' of <Connector>: '-1' is not a size; write bytes "
      "or a number with KB, KiB, MB, MiB, GB or GiB, as in 64KiB"}},
    {"no time",
     R"(<Server>
  <Service>
    <Connector connectionTimeout="20 seconds"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:35: error: attribute 'connectionTimeout' of <Connector>: '20 seconds' is not a time; "
      "write milliseconds or a number with ms, s, min, h or d, as in 20s, or -1 for no limit"}},
    {"no boolean",
     R"(<Server>
  <Service>
    <Connector tcpNoDelay="yes"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:28: error: attribute 'tcpNoDelay' of <Connector>: 'yes' is neither true nor false"}},
    {"no such word",
     R"(<Server>
  <Service>
    <Connector encodedSolidusHandling="rejekt"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:40: error: attribute 'encodedSolidusHandling' of <Connector>: 'rejekt' is not one of "
      "reject, decode, passthrough; did you mean 'reject'?"}},
    {"attribute twice",
     R"(<Server>
  <Service>
    <Connector port="1"
               port="2"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"4:16: error: attribute 'port' is given twice"}},
    {"several at once, in order",
     R"(<Server>
  <Service>
    <Connector port="x" loops="y"/>
    <Connector port="z" colour="red"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:22: error: attribute 'port' of <Connector>: 'x' is not an integer; write an integer from "
      "0 to 65535",
      "3:32: error: attribute 'loops' of <Connector>: 'y' is not an integer; write an integer from "
      "0 to 1024",
      "4:22: error: attribute 'port' of <Connector>: 'z' is not an integer; write an integer from "
      "0 to 65535",
      "4:25: error: attribute 'colour' is not known in <Connector>"}},
    {"text where none is allowed",
     R"(<Server>
  <Service>
    <Connector/>
    port = 8080
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"4:5: error: <Service> takes no text; values are attributes"}},
    {"second service",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
  <Service/>
</Server>
)",
     {"6:3: error: a second <Service>; this server has one service; put further connectors, "
      "executors and hosts into the first"}},
    {"missing elements",
     R"(<Server>
  <Service/>
</Server>
)",
     {"2:3: error: <Service> needs at least one <Connector>",
      "2:3: error: <Service> needs <Engine>"}},
    {"missing attribute",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine><Host/><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"4:13: error: <Host> needs the attribute 'name'"}},
    {"unknown default host",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine defaultHost="locahost"><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"4:26: error: 'defaultHost' of <Engine>: there is no <Host> with the name 'locahost'; did "
      "you mean 'localhost'?"}},
    {"default host by default",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine><Host name="example.org"/></Engine>
  </Service>
</Server>
)",
     {"4:5: error: 'defaultHost' of <Engine>: there is no <Host> with the name 'localhost'"}},
    {"host name twice",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine><Host name="localhost"/>
      <Host name="b"><Alias>LOCALHOST</Alias></Host></Engine>
  </Service>
</Server>
)",
     {"5:22: error: host name 'localhost' is already on line 4"}},
    {"wildcard host",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine><Host name="localhost"/><Host name="*.example.org"/></Engine>
  </Service>
</Server>
)",
     {"4:49: error: attribute 'name' of <Host>: '*.example.org' is not a host name; names with '*' "
      "go into <Alias>"}},
    {"bad alias",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine><Host name="localhost">
      <Alias>www.*.org</Alias>
    </Host></Engine>
  </Service>
</Server>
)",
     {"5:7: error: content of <Alias>: 'www.*.org' is not a host name; write one as in "
      "www.example.org or *.example.org"}},
    {"port twice",
     R"(<Server>
  <Service>
    <Connector port="8081"/>
    <Connector address="127.0.0.1" port="8081"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"4:42: error: port 8081 is already the <Connector>'s on line 3"}},
    {"unknown executor",
     R"(<Server>
  <Service>
    <Executor name="workers"/>
    <Connector executor="worker"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"4:26: error: there is no <Executor> with the name 'worker'; did you mean 'workers'?"}},
    {"executor with too few threads",
     R"(<Server>
  <Service>
    <Executor name="w" maxThreads="5" minSpareThreads="10"/>
    <Connector executor="w"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:56: error: 'minSpareThreads' (10) of <Executor> is above 'maxThreads' (5)"}},
    {"context path twice",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine><Host name="localhost">
      <Context path="/a"/>
      <Context path="/a"/>
    </Host></Engine>
  </Service>
</Server>
)",
     {"6:22: error: context path '/a' is already on line 5"}},
    {"root context twice",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine><Host name="localhost">
      <Context path=""/>
      <Context path=""/>
    </Host></Engine>
  </Service>
</Server>
)",
     {"6:22: error: the root context is already on line 5"}},
    {"bad context path",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine><Host name="localhost">
      <Context path="a/"/>
    </Host></Engine>
  </Service>
</Server>
)",
     {"5:22: error: attribute 'path' of <Context>: 'a/' must be empty, or begin and not end with "
      "'/'"}},
    {"endpoint of an outer filter",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine><Host name="localhost">
      <Filter type="headers" endpoint="a"/>
    </Host></Engine>
  </Service>
</Server>
)",
     {"5:40: error: attribute 'endpoint' of <Filter>: endpoints are known only within an "
      "application; move the filter there or write 'path'"}},
    {"valve that guarded something",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine><Host name="localhost">
      <Valve className="org.apache.catalina.valves.RemoteCIDRValve" allow="127.0.0.1/8"/>
    </Host></Engine>
  </Service>
</Server>
)",
     {"5:7: error: 'RemoteCIDRValve' in <Host> is Tomcat's and not supported: write <Filter "
      "type=\"remote-cidr\" path=\"/*\"> with <Parameter name=\"allow\" value=\"127.0.0.0/8, "
      "::1\"/>, blocks of addresses"}},
    {"filter by its class",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine><Host name="localhost">
      <Filter className="org.apache.catalina.filters.CorsFilter" type="cors" path="/*"/>
    </Host></Engine>
  </Service>
</Server>
)",
     {"5:15: error: attribute 'className' of <Filter> is Tomcat's and not supported: write 'type', "
      "as in type=\"cors\""}},
    {"no proxies",
     R"(<Server>
  <Service>
    <Connector proxyProtocol="on" proxyProtocolTrusted="10.0.0.0/8, proxy.example.org"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:31: error: attribute 'proxyProtocol' of <Connector>: 'on' is not one of off, optional, "
      "required",
      "3:69: error: attribute 'proxyProtocolTrusted' of <Connector>: 'proxy.example.org' is not an "
      "address or a block of them, such as 10.0.0.0/8 or fc00::/7"}},
    {"valve in the wrong place",
     R"(<Server>
  <Service>
    <Connector/>
    <Valve className="org.apache.catalina.valves.AccessLogValve"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"4:5: error: 'AccessLogValve' is not known in <Service>; it belongs into <Engine> and "
      "<Host>"}},
    {"unknown name",
     R"(<Server>
  <Service>
    <Connector port="${prt}"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:22: error: attribute 'port' of <Connector>: 'prt' is neither defined with -Dprt=... nor "
      "in the environment; write ${prt:-default} to allow that"}},
    {"name without end",
     R"(<Server>
  <Service>
    <Connector port="${port"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:22: error: attribute 'port' of <Connector>: '${' without '}'; write '$$' for a plain "
      "'$'"}},
    {"bad name",
     R"(<Server>
  <Service>
    <Connector port="8${p q}"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:23: error: attribute 'port' of <Connector>: what '${' begins is no name to look up; "
      "write ${name}, ${name:-default} or ${name?then:else}"}},
    {"default within a default",
     R"(<Server>
  <Service>
    <Connector port="${a:-${b}}"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:22: error: attribute 'port' of <Connector>: what follows the name in '${a}' cannot hold "
      "another "
      "'${'"}},
    {"wrong closing tag",
     R"(<Server>
  <Service>
  </Server>
</Service>
)",
     {"3:3: error: </Server> where </Service> must close the element of line 2"}},
    {"element not closed",
     R"(<Server>
  <Service>
    <Connector/>
)",
     {"2:3: error: <Service> is never closed; write </Service> or end the tag with '/>'"}},
    {"closing tag too many",
     R"(<Server/>
</Server>
)",
     {"2:1: error: </Server> closes nothing; remove it"}},
    {"attribute without quotes",
     R"(<Server>
  <Service name=x/>
</Server>
)",
     {"2:17: error: an attribute must be written as name=\"value\", with white space before it"}},
    {"stray less-than sign",
     R"(<Server>
  < Service/>
</Server>
)",
     {"2:4: error: this is not the beginning of a tag; write '<' as &lt; in text"}},
    {"comment without end",
     R"(<Server>
  <!-- <Service/>
</Server>
)",
     {"2:3: error: this comment does not end with '-->'"}},
    {"tag without end",
     R"(<Server>
  <Service)",
     {"2:10: error: this tag does not end with '>'"}},
    {"document type",
     R"(<!DOCTYPE Server [<!ENTITY x "y">]>
<Server>&x;</Server>
)",
     {"1:1: error: document type declarations are not read; remove it",
      "2:1: error: <Server> needs <Service>",
      "2:9: error: '&x;' is no entity of XML itself, and others are not read; write '&' as &amp;",
      "2:9: error: <Server> takes no text; values are attributes"}},
    {"unknown entity",
     R"(<Server>
  <Service>
    <Connector server="a&nbsp;b"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:25: error: '&nbsp;' is no entity of XML itself, and others are not read; write '&' as "
      "&amp;"}},
    {"plain ampersand",
     R"(<Server>
  <Service>
    <Connector server="a & b"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"3:26: error: '&' must be written as &amp;"}},
    {"nothing listens",
     R"(<Server>
  <Service>
    <Connector enabled="false"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
)",
     {"2:3: error: every <Connector> is switched off; set 'enabled' of one to true"}},
    {"access log patterns that are none",
     R"(<Server>
  <Service>
    <Connector/>
    <Engine>
      <AccessLog pattern="%h %{Referer %s"/>
      <Host name="localhost"><AccessLog pattern="%{QQ}t"/></Host>
    </Engine>
  </Service>
</Server>
)",
     {"5:27: error: attribute 'pattern' of <AccessLog>: '%{Referer %s' has no '}' behind its name; "
      "write it as in %{User-Agent}i",
      "6:50: error: attribute 'pattern' of <AccessLog>: the date pattern \"QQ\" has the letter "
      "'Q'; known are yMdHhkKmsSEazZX, other text goes between single quotes"}},
    {"empty file", R"()", {"1:1: error: the file has no root element"}},
};

std::vector<std::string> errors_of(const std::string& text) {
  std::vector<std::string> errors;
  std::vector<Diagnostic> warnings;
  try {
    parse_server_config(text, "f.xml", {}, warnings);
  } catch (const ConfigError& error) {
    for (Diagnostic diagnostic : error.diagnostics()) {
      diagnostic.excerpt.clear();
      errors.push_back(to_string(diagnostic));
    }
  }
  return errors;
}

}  // namespace

TEST_CASE("every broken server.xml is refused with place and reason") {
  for (const Broken& broken : broken_files) {
    CAPTURE(broken.what);
    const std::vector<std::string> errors = errors_of(broken.text);
    REQUIRE(errors.size() == broken.errors.size());
    for (std::size_t i = 0; i < errors.size(); ++i) CHECK(errors[i] == "f.xml:" + broken.errors[i]);
  }
}

}  // namespace container
