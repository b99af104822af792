// Folder names to context paths, and back.
#include "container/config/application_name.h"

#include <algorithm>

namespace container {

ApplicationName parse_application_name(std::string_view folder) {
  ApplicationName name;
  if (const auto mark = folder.find("##"); mark != std::string_view::npos) {
    name.version = folder.substr(mark + 2);
    folder = folder.substr(0, mark);
  }
  if (folder.empty() || folder == "ROOT") return name;
  // Tomcat takes `ROOT#a` for /a as well.
  if (folder.starts_with("ROOT#")) folder.remove_prefix(5);
  name.path = '/' + std::string(folder);
  std::replace(name.path.begin(), name.path.end(), '#', '/');
  return name;
}

std::string folder_name(std::string_view context_path) {
  if (context_path.empty()) return "ROOT";
  std::string name(context_path.substr(1));
  std::replace(name.begin(), name.end(), '/', '#');
  return name;
}

}  // namespace container
