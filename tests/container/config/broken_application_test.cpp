// What is said about app.xml files that cannot be used.
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
    {"text behind the root",
     R"(<Application/>
  and more
)",
     {"2:3: error: text outside of the root element"}},
    {"two roots",
     R"(<Application/>
<Application/>
)",
     {"2:1: error: a second root element; the file must have only one"}},
    {"control character",
     "<Application>\n\x01</Application>\n",
     {"2:1: error: a control character is not allowed in XML; remove it"}},
    {"not UTF-8",
     "<Application>\n  <WelcomeFile>caf\xE9.html</WelcomeFile>\n</Application>\n",
     {"2:19: error: this is not UTF-8; save the file as UTF-8"}},
    {"columns are characters",
     R"(<Application>
  <WelcomeFile>über.html</WelcomeFile><!-- größer --><Welcome/>
</Application>
)",
     {"2:54: error: <Welcome> is not known in <Application>; did you mean <WelcomeFile>?"}},
    {"a tab is one column",
     "<Application>\n\t<Endpoint type=\"files\" path=\"/\"\tpaht=\"/x\"/>\n</Application>\n",
     {"2:34: error: attribute 'paht' is not known in <Endpoint>; did you mean 'path'?"}},
    {"CRLF",
     "<Application>\r\n  <Endpoint type=\"files\" path=\"/\"/>\r\n  <Endpoint "
     "tpye=\"files\"/>\r\n</Application>\r\n",
     {"3:3: error: <Endpoint> needs the attribute 'type' or 'name'",
      "3:13: error: attribute 'tpye' is not known in <Endpoint>; did you mean 'type'?"}},
    {"byte order mark",
     "\xEF\xBB\xBF<Applikation/>\n",
     {"1:1: error: the root element is <Applikation>, where <Application> must be"}},
    {"endpoint without a type",
     R"(<Application>
  <Endpoint path="/"/>
</Application>
)",
     {"2:3: error: <Endpoint> needs the attribute 'type' or 'name'"}},
    {"listener without a type, twice the same, of no library",
     R"(<Application>
  <Listener/>
  <Listener type="pool"/>
  <Listener type="pool" library="none"/>
  <Listener type="x"><Parameter name="a" value=""/><Parameter name="a" value=""/></Listener>
</Application>
)",
     {"2:3: error: <Listener> needs the attribute 'type' or 'name'",
      "4:19: error: listener 'pool' is already on line 3",
      "4:34: error: there is no <Library> with the name 'none'",
      "5:69: error: parameter 'a' is already on line 5"}},
    {"an order, a time and a decision that are none",
     R"(<Application startTimeout="soon" failCtxIfServletStartFails="maybe">
  <Endpoint type="a" path="/a" loadOnStartup="first"/>
  <Filter type="f" path="/*" loadOnStartup="-2"/>
</Application>
)",
     {"1:28: error: attribute 'startTimeout' of <Application>: 'soon' is not a time; write "
      "milliseconds or a number with ms, s, min, h or d, as in 20s, or -1 for no limit",
      "1:62: error: attribute 'failCtxIfServletStartFails' of <Application>: 'maybe' is neither "
      "true nor false",
      "2:47: error: attribute 'loadOnStartup' of <Endpoint>: 'first' is not an integer; write an "
      "integer from -1 to 1000000000",
      "3:45: error: attribute 'loadOnStartup' of <Filter>: '-2' is out of range; write an integer "
      "from -1 to 1000000000"}},
    {"endpoint name twice",
     R"(<Application>
  <Endpoint type="a" path="/a"/>
  <Endpoint name="a" type="b" path="/b"/>
</Application>
)",
     {"3:19: error: endpoint 'a' is already on line 2"}},
    {"pattern twice",
     R"(<Application>
  <Endpoint type="a" path="/a, /x"/>
  <Endpoint type="b" path="/b /x"/>
</Application>
)",
     {"3:31: error: URL pattern '/x' is already on line 2"}},
    {"bad pattern",
     R"(<Application>
  <Endpoint type="a"><Path>a/*</Path></Endpoint>
</Application>
)",
     {"2:22: error: URL pattern 'a/*' of <Endpoint> must begin with '/' or '*.'"}},
    {"unknown library",
     R"(<Application>
  <Library file="lib/libgreet.so"/>
  <Endpoint type="a" library="great" path="/a"/>
</Application>
)",
     {"3:31: error: there is no <Library> with the name 'great'; did you mean 'greet'?"}},
    {"library outside",
     R"(<Application>
  <Library file="../libgreet.so"/>
</Application>
)",
     {"2:18: error: attribute 'file' of <Library>: '../libgreet.so' is not inside the "
      "application's folder; write a relative path without '..'"}},
    {"unknown filter",
     R"(<Application>
  <Filter type="headers" path="/*"/>
  <FilterMapping filter="header" path="/a"/>
</Application>
)",
     {"3:26: error: there is no <Filter> with the name 'header'; did you mean 'headers'?"}},
    {"mapping of nothing",
     R"(<Application>
  <Filter type="headers"/>
  <FilterMapping filter="headers"/>
</Application>
)",
     {"3:3: error: <FilterMapping> needs 'path' or 'endpoint'"}},
    {"unknown endpoint of a filter",
     R"(<Application>
  <Endpoint type="files" path="/"/>
  <Filter type="headers" endpoint="file"/>
</Application>
)",
     {"3:36: error: there is no <Endpoint> or <WebSocket> with the name 'file'; did you mean "
      "'files'?"}},
    {"unknown dispatcher",
     R"(<Application>
  <Filter type="headers" path="*" dispatcher="REQUEST, EROR"/>
</Application>
)",
     {"2:56: error: attribute 'dispatcher' of <Filter>: 'EROR' is not one of REQUEST, FORWARD, "
      "INCLUDE, ERROR, ASYNC; did you mean 'ERROR'?"}},
    {"status that is no error",
     R"(<Application>
  <ErrorPage status="200" location="/ok.html"/>
</Application>
)",
     {"2:22: error: attribute 'status' of <ErrorPage>: '200' is no error; write 400 to 599, or 0 "
      "for all"}},
    {"extension twice, with a dot, and no media type",
     R"(<Application>
  <MimeMapping extension="md" type="text/markdown"/>
  <MimeMapping extension="MD" type="text/plain"/>
  <MimeMapping extension=".x" type="x"/>
</Application>
)",
     {"3:27: error: the media type of extension 'md' is already on line 2",
      "4:27: error: attribute 'extension' of <MimeMapping>: '.x' is none; write what follows the "
      "last dot of names, such as md",
      "4:37: error: attribute 'type' of <MimeMapping>: 'x' is no media type; write one such as "
      "text/markdown"}},
    {"bad location",
     R"(<Application>
  <ErrorPage location="oops.html"/>
</Application>
)",
     {"2:24: error: attribute 'location' of <ErrorPage>: 'oops.html' must begin with '/'"}},
    {"parameter twice",
     R"(<Application>
  <Parameter name="a" value="1"/>
  <Parameter name="a" value="2"/>
</Application>
)",
     {"3:20: error: parameter 'a' is already on line 2"}},
    {"child of a text element",
     R"(<Application>
  <WelcomeFile><b>index.html</b></WelcomeFile>
</Application>
)",
     {"2:3: error: content of <WelcomeFile>: '' must be the name of a file, without a '/' before "
      "it",
      "2:16: error: <b> is not known in <WelcomeFile>; it takes no elements"}},
    {"web.xml",
     R"(<web-app>
  <servlet/>
</web-app>
)",
     {"1:1: error: the root element is <web-app>, where <Application> must be"}},
};

std::vector<std::string> errors_of(const std::string& text) {
  std::vector<std::string> errors;
  std::vector<Diagnostic> warnings;
  try {
    parse_application_config(text, "f.xml", {}, warnings);
  } catch (const ConfigError& error) {
    for (Diagnostic diagnostic : error.diagnostics()) {
      diagnostic.excerpt.clear();
      errors.push_back(to_string(diagnostic));
    }
  }
  return errors;
}

}  // namespace

TEST_CASE("every broken app.xml is refused with place and reason") {
  for (const Broken& broken : broken_files) {
    CAPTURE(broken.what);
    const std::vector<std::string> errors = errors_of(broken.text);
    REQUIRE(errors.size() == broken.errors.size());
    for (std::size_t i = 0; i < errors.size(); ++i) CHECK(errors[i] == "f.xml:" + broken.errors[i]);
  }
}

}  // namespace container
