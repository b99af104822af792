// Sessions in a file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "container/session_store.h"
#include "server/log.h"

namespace container {

// A line that names the format; then each session behind a mark, its size and its CRC-32, all
// numbers little-endian.
std::string write_sessions(const std::vector<SessionRecord>& all);
// Calls `each` for the records that are whole, and `bad` for what is none, with its offset; reading
// goes on behind the next mark.
void read_sessions(std::string_view bytes, const std::function<void(SessionRecord)>& each,
                   const std::function<void(std::size_t offset, const char* why)>& bad);

// Written beside itself, to the disk, and then moved into its place, with mode 0600: a crash leaves
// the file of before or the new one.
class SessionFile final : public SessionStore {
 public:
  SessionFile(std::filesystem::path file, server::Log log)
      : file_(std::move(file)), log_(std::move(log)) {}

  void load(const std::function<void(SessionRecord)>& each) override;
  void save(const std::vector<SessionRecord>& all) override;

 private:
  const std::filesystem::path file_;
  server::Log log_;
};

}  // namespace container
