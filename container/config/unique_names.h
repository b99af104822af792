// Names that may be given once.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "container/config/report.h"

namespace container {

class UniqueNames {
 public:
  // `what` begins the message: `endpoint`, `host name or alias`. Borrows the report.
  UniqueNames(std::string what, Report& report) : what_(std::move(what)), report_(report) {}

  // Reports a name that is already there. An empty one is passed over.
  void add(std::string_view name, const SourcePosition& position) {
    if (name.empty()) return;
    const auto [entry, fresh] = names_.emplace(name, position);
    if (!fresh) {
      report_.error(position, what_ + " '" + std::string(name) + "' is already on line " +
                                  std::to_string(entry->second.line));
    }
  }

  bool contains(std::string_view name) const { return names_.find(name) != names_.end(); }

  std::vector<std::string_view> names() const {
    std::vector<std::string_view> all;
    for (const auto& [name, position] : names_) all.push_back(name);
    return all;
  }

 private:
  const std::string what_;
  Report& report_;
  std::map<std::string, SourcePosition, std::less<>> names_;
};

}  // namespace container
