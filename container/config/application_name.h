// The name of an application's folder says its context path, and the other way round, as in Tomcat.
#pragma once

#include <string>
#include <string_view>

namespace container {

struct ApplicationName {
  std::string path;     // "" or `/a/b`
  std::string version;  // empty: none
};

// `ROOT` is the root application, `a#b` is /a/b, and `##version` may follow either.
ApplicationName parse_application_name(std::string_view folder);

// The folder's name for a context path, without a version: `a#b` for /a/b.
std::string folder_name(std::string_view context_path);

}  // namespace container
