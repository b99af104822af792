// The session tables of all contexts, which outlive their applications, and the files that keep
// them over a restart.
#pragma once

#include <chrono>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <string>

#include "container/mapping.h"
#include "container/session_store.h"
#include "container/session_table.h"
#include "server/log.h"

namespace container {

// Control thread; files are written on a thread of their own.
class SessionRegistry {
 public:
  // Relative paths of files start at `base`.
  SessionRegistry(std::filesystem::path base, server::Log log, SessionTable::SocketCloser closer)
      : base_(std::move(base)), log_(std::move(log)), closer_(std::move(closer)) {}

  // The table of a context, by host and context path; made when it is asked for first.
  std::shared_ptr<SessionTable> table(const std::string& scope);
  // Reads the files that the mapping names and nobody read yet; before it serves.
  void prepare(const Mapping& mapping);
  // Ends the sessions of contexts that the mapping has no more, and empties their files.
  void retain(const Mapping& mapping);
  // Ends what is over, a slice of each table of the mapping, and begins to write files whose time
  // has come.
  void tick(const Mapping& mapping);
  // Writes the files a last time; no exchange is left.
  void stop();

 private:
  struct Entry {
    std::shared_ptr<SessionTable> table;
    SessionKeeping keeping;
    std::unique_ptr<SessionStore> store;  // null: nothing is kept
    std::chrono::steady_clock::time_point next_save{};
    std::future<std::string> saving;  // gives what went wrong
  };

  void restore(const Entry& entry, const SessionRules& rules, SessionMoment now) const;
  void sweep(const Application& application) const;
  void save_in_time(Entry& entry);
  bool finish_saving(Entry& entry, bool wait);

  const std::filesystem::path base_;
  server::Log log_;
  SessionTable::SocketCloser closer_;
  std::map<std::string, Entry> entries_;
};

}  // namespace container
