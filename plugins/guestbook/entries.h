// What people have written into the guestbook.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "database.h"

namespace guestbook {

struct Entry {
  std::int64_t id = 0;
  std::string author;
  std::string text;
  std::chrono::sys_seconds written{};
};

// Kept in a SQLite file. Any thread; they take turns, as each call lasts microseconds. Throws
// DatabaseError.
class Entries {
 public:
  static constexpr std::int64_t kMost = 10'000;  // the oldest goes for one that is too many

  explicit Entries(const std::string& file);

  // The newest first, those older than the entry `before`; 0: from the newest on.
  std::vector<Entry> page(std::int64_t before, int size);
  std::optional<Entry> find(std::int64_t id);
  // Gives its id.
  std::int64_t add(std::string_view author, std::string_view text);
  std::int64_t count();

 private:
  static Entry entry_of(const Statement::Run& row);

  std::mutex mutex_;  // guards all below
  Database database_;
  Statement page_, find_, add_, trim_, count_;
};

}  // namespace guestbook
