// The schema's table of what error answers look like.
#include "container/config/error_schema.h"

#include <utility>

#include "container/config/application_config.h"
#include "container/config/field.h"

namespace container {

namespace {

Field include_choice(IncludeChoice ErrorReportConfig::*member) {
  return enumeration(member, {{"never", IncludeChoice::never},
                              {"always", IncludeChoice::always},
                              {"on-param", IncludeChoice::on_param}});
}

std::vector<Attribute> attributes() {
  return {
      {"showServerInfo",
       boolean(&ErrorReportConfig::show_server_info),
       "Names the server in them.",
       {.fallback = "true"}},
      {"includeMessage",
       enumeration(&ErrorReportConfig::include_message, {{"never", IncludeMessage::never},
                                                         {"sent", IncludeMessage::sent},
                                                         {"always", IncludeMessage::always},
                                                         {"on-param", IncludeMessage::on_param}}),
       "The sentence about what happened. `sent`: what an application wrote for clients, with "
       "`send_error` or a `StatusError`. `always`: what an exception says as well. `on-param`: "
       "the same, for requests with a parameter `message` that is not `false`.",
       {"server.error.include-message of Spring Boot"}},
      {"includeException",
       boolean(&ErrorReportConfig::include_exception),
       "Names the type of what was thrown.",
       {"server.error.include-exception of Spring Boot"}},
      {"includeStacktrace",
       include_choice(&ErrorReportConfig::include_stacktrace),
       "What was thrown, and by what that was caused; `on-param`: for requests with a parameter "
       "`trace`.",
       {"showReport"}},
      {"includeBindingErrors",
       include_choice(&ErrorReportConfig::include_binding_errors),
       "The JSON array that an application has put into the request attribute "
       "`margay.errors`; `on-param`: for requests with a parameter `errors`.",
       {"server.error.include-binding-errors of Spring Boot"}},
      {"includePath",
       include_choice(&ErrorReportConfig::include_path),
       "The path of the request that failed; `on-param`: for requests with a parameter `path`.",
       {"server.error.include-path of Spring Boot"}}};
}

}  // namespace

std::shared_ptr<const Element> error_report_element(bool of_host) {
  Element element{.name = "ErrorReport",
                  .meaning = of_host ? "How error answers look where no application has a page for "
                                       "them."
                                     : "What the application's error answers tell, instead of what "
                                       "the host's `<ErrorReport>` says.",
                  .attributes = attributes(),
                  .tomcat =
                      "`<Valve className=\"org.apache.catalina.valves.ErrorReportValve\">`, "
                      "which is read as this",
                  .valve_class = of_host ? "org.apache.catalina.valves.ErrorReportValve" : "",
                  .make = fresh<ErrorReportConfig>()};
  if (of_host)
    element.attributes.push_back(
        {"views",
         or_else("the built-in page", text(&ErrorReportConfig::views)),
         "A folder of Mustache templates for browsers, relative to the server's base: `404.html`, "
         "else `4xx.html` or `5xx.html`, else `error.html`. Read when the server starts and when "
         "server.xml is read again.",
         {"errorCode.nnn"}});
  return std::make_shared<const Element>(std::move(element));
}

}  // namespace container
