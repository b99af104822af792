// What people have written into the guestbook, and the pictures with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "database.h"
#include "picture.h"

namespace guestbook {

struct Entry {
  std::int64_t id = 0;
  std::string author;
  std::string text;
  std::chrono::sys_seconds written{};
  std::optional<Picture> picture{};
};

// Kept in a SQLite file, pictures as well, so that an entry is there with its picture or not at
// all. Any thread; they take turns, as each call lasts microseconds, or a few milliseconds where
// the bytes of a picture are moved. Throws DatabaseError.
class Entries {
 public:
  static constexpr std::int64_t kMost = 10'000;       // the oldest goes for one that is too many
  static constexpr std::int64_t kMostPictures = 500;  // likewise; its entry stays

  explicit Entries(const std::string& file);

  // The newest first, those older than the entry `before`; 0: from the newest on.
  std::vector<Entry> page(std::int64_t before, int size);
  std::optional<Entry> find(std::int64_t id);
  // Gives its id.
  std::int64_t add(std::string_view author, std::string_view text);
  // The same with a picture, which gets a name that nobody can guess and that is never used again.
  std::int64_t add(std::string_view author, std::string_view text, const Picture& picture,
                   std::string_view bytes);
  std::int64_t count();

  struct Shown {
    std::string type, bytes;
  };
  // By the name that it has got.
  std::optional<Shown> picture(std::string_view name);

 private:
  static Entry entry_of(const Statement::Run& row);
  std::int64_t store(std::string_view author, std::string_view text);

  std::mutex mutex_;  // guards all below
  Database database_;
  Statement page_, find_, add_, trim_, count_;
  Statement add_picture_, find_picture_, trim_pictures_, trim_old_pictures_;
};

}  // namespace guestbook
