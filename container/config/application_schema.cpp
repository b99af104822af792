// The schema's table of app.xml.
#include <utility>

#include "container/config/application_config.h"
#include "container/config/error_schema.h"
#include "container/config/field.h"
#include "container/config/security_schema.h"
#include "server/ascii.h"

namespace container {
namespace {

constexpr std::string_view fails_as_a_whole =
    "Whether an application whose endpoint cannot be created is not deployed at all. With `false` "
    "that endpoint alone is answered 503, or 404 when it says that it never will work, and is "
    "created when its time is over: the one it named, or 60 s.";
constexpr std::string_view start_limit =
    "How long the parts of the application may take to be created and to start, together. Behind "
    "it the deployment fails, and is taken up again when they are done "
    "after all. -1 waits for ever, and holds up every other deployment meanwhile.";

std::shared_ptr<const Element> listener_element() {
  return element(
      {.name = "Listener",
       .meaning = "Hears of the application's start, before filters, endpoints and WebSockets are "
                  "made, and of its end, when they are gone; in the order of the document, and in "
                  "reverse at the end.",
       .attributes = {{"name", or_as("type", text(&ListenerConfig::name)),
                       "How logs call it; unique within the application."},
                      {"type",
                       or_as("name", text(&ListenerConfig::type)),
                       "The listener type that a library offers under this name.",
                       {"listener-class"}},
                      {"library", or_else("any that has the type", text(&ListenerConfig::library)),
                       "The `<Library>` that has the type; needed only where two have it."}},
       .children = {any_number(&ListenerConfig::parameters, parameter_element())},
       .tomcat = "`<listener>` of web.xml with a ServletContextListener; those of Tomcat itself, "
                 "with `className`, have no effect",
       .make = fresh<ListenerConfig>()});
}

std::shared_ptr<const Element> endpoint_element() {
  return element(
      {.name = "Endpoint",
       .meaning = "Answers the requests whose path matches.",
       .attributes =
           {{"name",
             or_as("type", text(&EndpointConfig::name)),
             "How filters, logs and the status page call it; unique within the application.",
             {"servlet-name"}},
            {"type",
             or_as("name", text(&EndpointConfig::type)),
             "The endpoint type that a library, or the server itself, offers under this name.",
             {"servlet-class"}},
            {"library", or_else("any that has the type", text(&EndpointConfig::library)),
             "The `<Library>` that has the type; needed only where two have it."},
            {"path",
             located_list(&EndpointConfig::paths),
             "URL patterns, as in `<Path>`, separated by commas or white space.",
             {"url-pattern"}},
            {"dispatch",
             enumeration(&EndpointConfig::dispatch, {{"declared", DispatchChoice::declared},
                                                     {"worker", DispatchChoice::worker}}),
             "`worker` runs an endpoint on the pool that says of itself that it never blocks; "
             "`declared` believes it."},
            {"maxBody",
             or_else("`maxPostSize` of the connector",
                     size(&EndpointConfig::max_body, Limit::optional)),
             "Largest request body that is buffered for the endpoint; more is answered with 413. "
             "-1 takes the limit away."},
            {"synchronizeOnSession",
             boolean(&EndpointConfig::synchronize_on_session),
             "Requests of one session run one after another here; see `<Manager>`.",
             {"synchronizeOnSession of Spring's AbstractController"}},
            load_on_startup()},
       .children = {any_number(&EndpointConfig::paths, path_element()),
                    any_number(&EndpointConfig::parameters, parameter_element())},
       .tomcat = "`<servlet>` with `<servlet-mapping>` of web.xml",
       .make = fresh<EndpointConfig>()});
}

// The attributes that say which requests a filter sees.
std::vector<Attribute> scope_attributes() {
  return {{"path",
           located_list(&FilterScope::paths),
           "URL patterns of the requests it sees, separated by commas or white space; `*` is every "
           "request.",
           {"url-pattern"}},
          {"endpoint",
           list(&FilterScope::endpoints),
           "Names of endpoints whose requests it sees, and of WebSockets whose handshakes; these "
           "filters come after all those chosen by path.",
           {"servlet-name"}},
          {"dispatcher",
           list(&FilterScope::dispatchers, {{"REQUEST", Dispatcher::request},
                                            {"FORWARD", Dispatcher::forward},
                                            {"INCLUDE", Dispatcher::include},
                                            {"ERROR", Dispatcher::error},
                                            {"ASYNC", Dispatcher::async}}),
           "The kinds of dispatch it takes part in."}};
}

std::shared_ptr<const Element> filter_mapping_element() {
  std::vector<Attribute> attributes = {{"filter",
                                        required(text(&FilterMappingConfig::filter)),
                                        "The name of a `<Filter>` of the same application.",
                                        {"filter-name"}}};
  for (Attribute& attribute : scope_attributes()) attributes.push_back(std::move(attribute));
  return element({.name = "FilterMapping",
                  .meaning = "Another use of a filter, at this place in the order of the document.",
                  .attributes = std::move(attributes),
                  .children = {any_number<FilterScope>(&FilterScope::paths, path_element())},
                  .tomcat = "`<filter-mapping>` of web.xml",
                  .make = fresh<FilterMappingConfig>()});
}

std::shared_ptr<const Element> error_page_element() {
  return element(
      {.name = "ErrorPage",
       .meaning = "Answers with another page of the application where an error would go out.",
       .attributes = {{"status",
                       or_else("every status without a page of its own",
                               integer(&ErrorPageConfig::status, 0, 599)),
                       "The status, 400 to 599; 0 is every status without a page of its own.",
                       {"error-code"}},
                      {"exceptionType",
                       or_else("none", text(&ErrorPageConfig::exception_type)),
                       "Instead of a status: the name of a C++ type, with its namespaces. Counts "
                       "for what is thrown of it or of a type derived from it, or was caused by "
                       "one; the most derived type first, and before any status.",
                       {"exception-type"}},
                      {"location", required(text(&ErrorPageConfig::location)),
                       "Path of the page within the application; begins with `/`."}},
       .tomcat = "`<error-page>` of web.xml",
       .make = fresh<ErrorPageConfig>()});
}

std::shared_ptr<const Element> welcome_file_element() {
  return element({.name = "WelcomeFile",
                  .meaning = "The name of a file, as content, that stands for the folder it is in; "
                             "the first that exists counts.",
                  .text = text(&LocatedText::text),
                  .tomcat = "`<welcome-file>` of web.xml",
                  .make = fresh<LocatedText>()});
}

}  // namespace

// What plugins call their parameters is theirs; these names are what most people would take.
Field parameter_value() {
  Field field = text(&ParameterConfig::value);
  field.is_secret = [](const ConfigElement& element) {
    const std::string name = server::lowered(as<ParameterConfig>(element).name);
    return name.find("password") != name.npos || name.find("secret") != name.npos;
  };
  return field;
}

std::shared_ptr<const Element> parameter_element() {
  return element(
      {.name = "Parameter",
       .meaning = "A named value that what is around it can read: the application, or an endpoint, "
                  "WebSocket, filter or interceptor, which see the application's as well.",
       .attributes = {{"name", required(text(&ParameterConfig::name)),
                       "The name; unique within the element around it."},
                      {"value", required(parameter_value()),
                       "The value; may be empty. `margay config` shows `****` for one whose name "
                       "has `password` or `secret` in it."}},
       .tomcat = "`<Parameter>` for the application; `<init-param>` of web.xml for the others",
       .make = fresh<ParameterConfig>()});
}

std::shared_ptr<const Element> path_element() {
  return element(
      {.name = "Path",
       .meaning = "A URL pattern, as content: `/exact`, `/prefix/*`, `*.extension`, `/` for what "
                  "nothing else takes, nothing at all for the application's own root, or "
                  "`/users/{id}` and `/files/{path...}` with variables.",
       .text = text(&LocatedText::text),
       .tomcat = "`<url-pattern>` of web.xml",
       .make = fresh<LocatedText>()});
}

std::shared_ptr<const Element> mime_mapping_element() {
  return element({.name = "MimeMapping",
                  .meaning = "The media type of files with an extension, before what the server "
                             "knows of it. Those of a `<Host>` are for all of its applications, "
                             "whose own count before them.",
                  .attributes = {{"extension", required(text(&MimeMappingConfig::extension)),
                                  "What names end with, without the dot and in any case."},
                                 {"type",
                                  required(text(&MimeMappingConfig::type)),
                                  "The Content-Type, such as `text/markdown;charset=utf-8`.",
                                  {"mime-type"}}},
                  .tomcat = "`<mime-mapping>` of web.xml; of a `<Host>`, of its `web.xml.default`",
                  .make = fresh<MimeMappingConfig>()});
}

std::shared_ptr<const Element> library_element() {
  return element(
      {.name = "Library",
       .meaning = "A shared library with types of endpoints, WebSockets, filters and interceptors.",
       .attributes = {{"name",
                       or_else("the file's name without folder, `lib` and extension",
                               text(&LibraryConfig::name)),
                       "How `library` attributes call it; unique among its neighbours."},
                      {"file", required(path(&LibraryConfig::file)),
                       "The `.so` file, relative to the application's folder and inside it."},
                      {"unload",
                       enumeration(&LibraryConfig::unload, {{"auto", UnloadPolicy::automatic},
                                                            {"never", UnloadPolicy::never}}),
                       "`never` keeps the code mapped after its last use, for libraries that leave "
                       "threads or "
                       "callbacks behind."}},
       .tomcat = "a JAR in WEB-INF/lib",
       .make = fresh<LibraryConfig>()});
}

std::shared_ptr<const Element> filter_element() {
  std::vector<Attribute> attributes = {
      {"name",
       or_as("type", text(&FilterConfig::name)),
       "How `<FilterMapping>` and logs call it; unique within the element around it.",
       {"filter-name"}},
      {"type",
       or_as("name", text(&FilterConfig::type)),
       "The filter type that a library, or the server itself, offers under this name.",
       {"filter-class"}},
      {"library", or_else("any that has the type", text(&FilterConfig::library)),
       "The `<Library>` that has the type; needed only where two have it."}};
  for (Attribute& attribute : scope_attributes()) attributes.push_back(std::move(attribute));
  attributes.push_back(load_on_startup());
  return element(
      {.name = "Filter",
       .meaning = "Sees requests on the way to the endpoint and answers on the way back. In an "
                  "application it sees what `path` and `endpoint` say; in `<Engine>` and `<Host>` "
                  "everything unless `path` says less.",
       .attributes = std::move(attributes),
       .children = {any_number<FilterScope>(&FilterScope::paths, path_element()),
                    any_number(&FilterConfig::parameters, parameter_element())},
       .tomcat = "`<filter>` with `<filter-mapping>` of web.xml; `<Valve>` in server.xml",
       .make = fresh<FilterConfig>()});
}

std::vector<Child> application_children() {
  return {any_number(&ApplicationConfig::parameters, parameter_element()),
          any_number(&ApplicationConfig::libraries, library_element()),
          any_number(&ApplicationConfig::listeners, listener_element()),
          any_number(&ApplicationConfig::endpoints, endpoint_element()),
          any_number(&ApplicationConfig::websockets, websocket_element()),
          any_number(&ApplicationConfig::filters, filter_element()),
          any_number(&ApplicationConfig::filter_mappings, filter_mapping_element()),
          any_number(&ApplicationConfig::error_pages, error_page_element()),
          at_most_one(&ApplicationConfig::error_report, error_report_element(false)),
          any_number(&ApplicationConfig::welcome_files, welcome_file_element()),
          any_number(&ApplicationConfig::mime_mappings, mime_mapping_element()),
          any_number(&ApplicationConfig::constraints, security_constraint_element()),
          any_number(&ApplicationConfig::roles, security_role_element()),
          at_most_one(&ApplicationConfig::login, login_config_element()),
          at_most_one(&ApplicationConfig::realm, realm_element()),
          at_most_one(&ApplicationConfig::manager, manager_element())};
}

std::vector<Attribute> application_attributes() {
  return {
      {"denyUncoveredHttpMethods",
       boolean(&ApplicationConfig::deny_uncovered_methods),
       "Refuses methods that no `<SecurityConstraint>` names, where others are named for the "
       "same path.",
       {"`<deny-uncovered-http-methods>`"}},
      {"startTimeout",
       or_else("as the `<Host>` says", duration_or_never(&ApplicationConfig::start_timeout)),
       start_limit,
       {.name = "none"}},
      {"failCtxIfServletStartFails",
       or_else("as the `<Host>` says", boolean(&ApplicationConfig::fail_if_endpoint_fails)),
       fails_as_a_whole},
      {"workDir", or_else("below `workDir` of the `<Host>`", path(&ApplicationConfig::work_dir)),
       "The folder that the application's types may write in, relative to the server's folder; "
       "made when one of them asks for it. Applications must not share one."}};
}

Attribute load_on_startup() {
  return {
      "loadOnStartup",
      or_else("behind all that have one", integer(&StartOrder::load_on_startup, -1, 1'000'000'000)),
      "When it is created: lower numbers first, equal ones in the order of the document; "
      "filters come before endpoints and WebSockets. -1 is as if it were not there.",
      {"load-on-startup"}};
}

std::shared_ptr<const Element> application_schema() {
  return element({.name = "Application",
                  .meaning =
                      "The root of app.xml: one application, in a folder below `appBase`. Its "
                      "`static` folder is served where no endpoint is mapped to `/`.",
                  .attributes = application_attributes(),
                  .children = application_children(),
                  .tomcat = "`<web-app>` of web.xml",
                  .make = fresh<ApplicationConfig>()});
}

}  // namespace container
