// What must hold within one application.
#include <algorithm>
#include <set>
#include <utility>

#include "container/config/checks.h"
#include "container/config/element_checks.h"
#include "container/config/quoted.h"
#include "container/config/security_checks.h"
#include "container/config/unique_names.h"
#include "container/config/value.h"
#include "server/ascii.h"

namespace container {
namespace {

// `lib/libhello.so` is `hello`.
std::string stem(std::string_view file) {
  file = file.substr(file.rfind('/') + 1);
  file = file.substr(0, file.find(".so"));
  if (file.starts_with("lib") && file.size() > 3) file.remove_prefix(3);
  return std::string(file);
}

// Whether the path stays below the folder it is relative to.
bool stays_inside(std::string_view path) {
  if (path.starts_with('/')) return false;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (path.substr(0, end) == "..") return false;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return true;
}

UniqueNames check_libraries(std::vector<LibraryConfig>& libraries, Report& report) {
  UniqueNames names("library", report);
  for (LibraryConfig& library : libraries) {
    if (library.name.empty()) library.name = stem(library.file);
    names.add(library.name, position_of(library, "name"));
    const bool given = find_origin(library, "file") != nullptr;
    if (given && (library.file.empty() || !stays_inside(library.file))) {
      report.error(position_of(library, "file"),
                   "attribute 'file' of <Library>: " + in_quotes(library.file) +
                       " is not inside the application's folder; write a relative path "
                       "without '..'");
    }
  }
  return names;
}

bool is_pattern(std::string_view pattern) {
  return pattern.empty() || pattern.starts_with('/') || pattern.starts_with("*.");
}

void check_patterns(const std::vector<LocatedText>& paths, std::string_view element, bool is_filter,
                    Report& report) {
  for (const LocatedText& path : paths) {
    if (is_pattern(path.text) || (is_filter && path.text == "*")) continue;
    report.error(path.position, "URL pattern " + in_quotes(path.text) + " of <" +
                                    std::string(element) + "> must begin with '/' or '*.'" +
                                    (is_filter ? ", or be '*'" : ""));
  }
}

UniqueNames check_endpoints(const ApplicationConfig& application, const UniqueNames& libraries,
                            Report& report) {
  UniqueNames names("endpoint", report);
  UniqueNames patterns("URL pattern", report);
  bool root_taken = false;
  for (const EndpointConfig& endpoint : application.endpoints) {
    check_instance(endpoint, "Endpoint", names, libraries, report);
    check_patterns(endpoint.paths, "Endpoint", false, report);
    for (const LocatedText& path : endpoint.paths) {
      patterns.add(path.text, path.position);
      if (path.text.empty() && std::exchange(root_taken, true)) {
        report.error(path.position, "the application's root is already taken by another <Path>");
      }
    }
    if (endpoint.paths.empty() && !endpoint.name.empty()) {
      report.warning(endpoint.position, "endpoint " + in_quotes(endpoint.name) +
                                            " has no 'path', so no request reaches it");
    }
  }
  return names;
}

void check_listeners(const std::vector<ListenerConfig>& listeners, const UniqueNames& libraries,
                     Report& report) {
  UniqueNames names("listener", report);
  for (const ListenerConfig& listener : listeners) {
    check_instance(listener, "Listener", names, libraries, report);
  }
}

void check_scope(const FilterScope& scope, std::string_view element, const UniqueNames& endpoints,
                 Report& report) {
  check_patterns(scope.paths, element, true, report);
  for (const std::string& endpoint : scope.endpoints) {
    check_reference(scope, "endpoint", endpoint, endpoints, "<Endpoint> or <WebSocket>", report);
  }
}

UniqueNames check_filters(const std::vector<FilterConfig>& filters, const UniqueNames& libraries,
                          Report& report) {
  UniqueNames names("filter", report);
  for (const FilterConfig& filter : filters) {
    check_instance(filter, "Filter", names, libraries, report);
  }
  return names;
}

void check_filter_uses(const ApplicationConfig& application, const UniqueNames& filters,
                       const UniqueNames& endpoints, Report& report) {
  std::set<std::string_view> used;
  for (const FilterMappingConfig& mapping : application.filter_mappings) {
    check_reference(mapping, "filter", mapping.filter, filters, "<Filter>", report);
    check_scope(mapping, "FilterMapping", endpoints, report);
    used.insert(mapping.filter);
    if (mapping.paths.empty() && mapping.endpoints.empty()) {
      report.error(mapping.position, "<FilterMapping> needs 'path' or 'endpoint'");
    }
  }
  for (const FilterConfig& filter : application.filters) {
    check_scope(filter, "Filter", endpoints, report);
    if (filter.paths.empty() && filter.endpoints.empty() && !used.contains(filter.name)) {
      report.warning(filter.position,
                     "filter " + in_quotes(filter.name) +
                         " has neither 'path' nor 'endpoint' nor a <FilterMapping>, so it sees no "
                         "request");
    }
  }
}

void check_pages(const ApplicationConfig& application, Report& report) {
  UniqueNames statuses("the page of status", report);
  UniqueNames exceptions("the page of exception", report);
  for (const ErrorPageConfig& page : application.error_pages) {
    if (page.exception_type.empty())
      statuses.add(std::to_string(page.status), position_of(page, "status"));
    else
      exceptions.add(page.exception_type, position_of(page, "exceptionType"));
    if (!page.exception_type.empty() && find_origin(page, "status"))
      report.error(position_of(page, "exceptionType"),
                   "attribute 'exceptionType' of <ErrorPage>: the page has a 'status' already; "
                   "write one page for each");
    if (page.status != 0 && page.status < 400) {
      report.error(position_of(page, "status"),
                   "attribute 'status' of <ErrorPage>: " + in_quotes(std::to_string(page.status)) +
                       " is no error; write 400 to 599, or 0 for all");
    }
    if (find_origin(page, "location") && !page.location.starts_with('/')) {
      report.error(position_of(page, "location"),
                   "attribute 'location' of <ErrorPage>: " + in_quotes(page.location) +
                       " must begin with '/'");
    }
  }
  for (const LocatedText& file : application.welcome_files) {
    if (file.text.empty() || !stays_inside(file.text)) {
      report.error(file.position, "content of <WelcomeFile>: " + in_quotes(file.text) +
                                      " must be the name of a file, without a '/' before it");
    }
  }
}

bool is_extension(std::string_view text) {
  return !text.empty() && text.size() <= 32 && text.find_first_of("./=, \t\r\n") == text.npos;
}

// "type/subtype", and perhaps parameters; a comma is the end of nothing here.
bool is_media_type(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == 0 || slash == text.npos || slash + 1 == text.size()) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != ','; });
}

void check_constraints(const std::vector<SecurityConstraintConfig>& constraints, Report& report) {
  for (const SecurityConstraintConfig& constraint : constraints) {
    check_patterns(constraint.paths, "SecurityConstraint", false, report);
    if (constraint.paths.empty())
      report.error(
          constraint.position,
          "<SecurityConstraint> needs 'path'; write path=\"/*\" for the whole application");
  }
}

}  // namespace

void check_mime_mappings(std::vector<MimeMappingConfig>& mappings, Report& report) {
  UniqueNames extensions("the media type of extension", report);
  for (MimeMappingConfig& one : mappings) {
    const SourcePosition at = position_of(one, "extension");
    one.extension = server::lowered(one.extension);
    extensions.add(one.extension, at);
    if (find_origin(one, "extension") && !is_extension(one.extension))
      report.error(at, "attribute 'extension' of <MimeMapping>: " + in_quotes(one.extension) +
                           " is none; write what follows the last dot of names, such as md");
    if (find_origin(one, "type") && !is_media_type(one.type))
      report.error(position_of(one, "type"),
                   "attribute 'type' of <MimeMapping>: " + in_quotes(one.type) +
                       " is no media type; write one such as text/markdown");
  }
}

void check_application(ApplicationConfig& application, Report& report) {
  check_parameters(application.parameters, report);
  const UniqueNames libraries = check_libraries(application.libraries, report);
  check_listeners(application.listeners, libraries, report);
  UniqueNames endpoints = check_endpoints(application, libraries, report);
  check_websockets(application, libraries, endpoints, report);
  const UniqueNames filters = check_filters(application.filters, libraries, report);
  check_filter_uses(application, filters, endpoints, report);
  check_pages(application, report);
  check_mime_mappings(application.mime_mappings, report);
  check_constraints(application.constraints, report);
  check_access(application, report);
  if (application.login) check_login(*application.login, report);
  if (application.realm) check_realm(*application.realm, libraries, report);
  if (application.manager) check_manager(*application.manager, report);
}

void check_outer(std::vector<LibraryConfig>& libraries, const std::vector<FilterConfig>& filters,
                 const std::optional<RealmConfig>& realm, Report& report) {
  const UniqueNames known = check_libraries(libraries, report);
  check_filters(filters, known, report);
  if (realm) check_realm(*realm, known, report);
  for (const FilterConfig& filter : filters) {
    check_patterns(filter.paths, "Filter", true, report);
    if (!filter.endpoints.empty()) {
      report.error(position_of(filter, "endpoint"),
                   "attribute 'endpoint' of <Filter>: endpoints are known only within an "
                   "application; move the filter there or write 'path'");
    }
  }
}

std::vector<FilterUse> filter_uses(const ApplicationConfig& application) {
  std::vector<FilterUse> uses;
  for (const FilterConfig& filter : application.filters) {
    if (!filter.paths.empty() || !filter.endpoints.empty()) uses.push_back({&filter.name, &filter});
  }
  for (const FilterMappingConfig& mapping : application.filter_mappings) {
    uses.push_back({&mapping.filter, &mapping});
  }
  std::stable_sort(uses.begin(), uses.end(), [](const FilterUse& a, const FilterUse& b) {
    return stands_before(a.scope->position, b.scope->position);
  });
  return uses;
}

}  // namespace container
