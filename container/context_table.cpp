// Checks context paths when an application list is published; looking up is NameTable's.
#include "container/context_table.h"

namespace container {

tl::expected<ContextTable, std::string> ContextTable::build(std::span<const ContextEntry> entries) {
  ContextTable table;
  for (const ContextEntry& entry : entries) {
    const std::string& path = entry.path;
    if (!path.empty() && path.front() != '/')
      return tl::unexpected("context path '" + path + "' must begin with '/': write '/" + path +
                            "'");
    if (path.ends_with('/')) {
      return tl::unexpected("context path '" + path + "' must not end with '/': write '" +
                            path.substr(0, path.find_last_not_of('/') + 1) + "'");
    }
    if (path.find("//") != std::string::npos)
      return tl::unexpected("context path '" + path + "' has an empty segment");
    if (table.paths_.insert(path, entry.index))
      return tl::unexpected("context path '" + path + "' is given twice");
  }
  return table;
}

}  // namespace container
