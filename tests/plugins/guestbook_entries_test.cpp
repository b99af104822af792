// The entries of the sample "guestbook": order, pages, limits, and texts that would like to be SQL.
#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "plugins/guestbook/entries.h"
#include "tests/plugins/database_folder.h"

using guestbook::Database;
using guestbook::DatabaseError;
using guestbook::Entries;
using guestbook::Entry;

namespace {

using Folder = tests::DatabaseFolder;

std::vector<std::int64_t> ids(const std::vector<Entry>& entries) {
  std::vector<std::int64_t> found;
  for (const Entry& entry : entries) found.push_back(entry.id);
  return found;
}

using Ids = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("entries come newest first, page by page") {
  const Folder folder;
  Entries entries(folder.file());
  CHECK(entries.page(0, 10).empty());
  for (int i = 0; i < 5; ++i) entries.add("Ada", "text");
  CHECK(ids(entries.page(0, 3)) == Ids{5, 4, 3});
  CHECK(ids(entries.page(3, 3)) == Ids{2, 1});
  CHECK(entries.page(1, 3).empty());
  CHECK(entries.count() == 5);
}

TEST_CASE("texts stay what they are, and stay") {
  const Folder folder;
  const std::string text("'); DROP TABLE entries; --\0 \xc3\xa4", 30);
  {
    Entries entries(folder.file());
    CHECK(entries.add("O'Neil", text) == 1);
  }
  Entries entries(folder.file());
  const auto found = entries.find(1);
  REQUIRE(found.has_value());
  CHECK(found->author == "O'Neil");
  CHECK(found->text == text);
  CHECK_FALSE(entries.find(2).has_value());
}

TEST_CASE("the oldest goes for one that is too many") {
  const Folder folder;
  Entries entries(folder.file());
  entries.add("Ada", "first");
  Database(folder.file()).run("UPDATE sqlite_sequence SET seq = 10000 WHERE name = 'entries'");
  CHECK(entries.add("Ada", "last") == Entries::kMost + 1);
  CHECK(ids(entries.page(0, 10)) == Ids{Entries::kMost + 1});
}

TEST_CASE("concurrency: many write at once and all is there") {
  const Folder folder;
  Entries entries(folder.file());
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([&] {
      for (int j = 0; j < 10; ++j) entries.add("Ada", "text");
    });
  for (std::thread& writer : writers) writer.join();
  CHECK(entries.count() == 40);
}

TEST_CASE("a file that cannot be is said by name") {
  CHECK_THROWS_WITH_AS(Entries("/nowhere/at/all.db"),
                       doctest::Contains("cannot open /nowhere/at/all.db"), DatabaseError);
}
