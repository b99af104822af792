// What app.xml, or <Context> in server.xml, says about one application. Plain values, read once by
// the deployer; `schema` says what each attribute means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "container/config/config_element.h"

namespace container {

struct ParameterConfig : ConfigElement {
  std::string name;
  std::string value;
};

enum class UnloadPolicy : std::uint8_t { automatic, never };

struct LibraryConfig : ConfigElement {
  std::string name;  // never empty once read
  std::string file;  // relative to the application's folder, without `..`
  UnloadPolicy unload = UnloadPolicy::automatic;
};

enum class DispatchChoice : std::uint8_t { declared, worker };

struct EndpointConfig : ConfigElement {
  std::string name;     // never empty once read
  std::string type;     // never empty once read
  std::string library;  // empty: whichever library, or the server itself, has the type
  std::vector<LocatedText> paths;
  DispatchChoice dispatch = DispatchChoice::declared;
  std::optional<SizeBytes> max_body;  // unset: the connector's max_post_size
  std::vector<ParameterConfig> parameters;
};

enum class Dispatcher : std::uint8_t { request, forward, include, error, async };

// Which requests a filter sees. Both lists may be filled; both empty: none.
struct FilterScope : ConfigElement {
  std::vector<LocatedText> paths;
  std::vector<std::string> endpoints;
  std::vector<Dispatcher> dispatchers = {Dispatcher::request};
};

struct FilterConfig : FilterScope {
  std::string name;     // never empty once read
  std::string type;     // never empty once read
  std::string library;  // as for EndpointConfig
  std::vector<ParameterConfig> parameters;
};

struct FilterMappingConfig : FilterScope {
  std::string filter;
};

// The order of filters is the order of the document, over <Filter path> and <FilterMapping> alike.
struct FilterUse {
  const std::string* filter;
  const FilterScope* scope;
};

struct ErrorPageConfig : ConfigElement {
  int status = 0;  // 0: every status without a page of its own
  std::string location;
};

struct ApplicationConfig : ConfigElement {
  std::vector<ParameterConfig> parameters;
  std::vector<LibraryConfig> libraries;
  std::vector<EndpointConfig> endpoints;
  std::vector<FilterConfig> filters;
  std::vector<FilterMappingConfig> filter_mappings;
  std::vector<ErrorPageConfig> error_pages;
  std::vector<LocatedText> welcome_files;
};

// Every use of a filter in document order. Borrows from `application`.
std::vector<FilterUse> filter_uses(const ApplicationConfig& application);

}  // namespace container
