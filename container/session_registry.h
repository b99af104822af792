// The session tables of all contexts, which outlive their applications.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "container/mapping.h"
#include "container/session_table.h"

namespace container {

// Control thread.
class SessionRegistry {
 public:
  explicit SessionRegistry(SessionTable::SocketCloser closer) : closer_(std::move(closer)) {}

  // The table of a context, by host and context path; made when it is asked for first.
  std::shared_ptr<SessionTable> table(const std::string& scope);
  // Ends what is over, a slice of each table of the mapping.
  void sweep(const Mapping& mapping);
  // Ends the sessions of contexts that the mapping has no more.
  void retain(const Mapping& mapping);

 private:
  SessionTable::SocketCloser closer_;
  std::map<std::string, std::shared_ptr<SessionTable>> tables_;
};

}  // namespace container
