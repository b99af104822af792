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

TEST_CASE("a picture comes with its entry, under a name of its own") {
  const Folder folder;
  Entries entries(folder.file());
  const std::string bytes("\x89PNG\0'); --", 12);
  const guestbook::Picture picture{.type = "image/png", .width = 3, .height = 4, .alt = "A cat"};
  entries.add("Ada", "without");
  CHECK(entries.add("Ada", "with", picture, bytes) == 2);
  CHECK(entries.add("Ada", "with", picture, bytes) == 3);
  const auto page = entries.page(0, 10);
  REQUIRE(page.size() == 3);
  CHECK_FALSE(page[2].picture.has_value());
  REQUIRE(page[1].picture.has_value());
  CHECK(page[1].picture->type == "image/png");
  CHECK(page[1].picture->width == 3);
  CHECK(page[1].picture->height == 4);
  CHECK(page[1].picture->alt == "A cat");
  const std::string name = page[1].picture->name;
  CHECK(name.size() == 32);
  CHECK(name != page[0].picture->name);
  CHECK(entries.find(2)->picture->name == name);
  const auto shown = entries.picture(name);
  REQUIRE(shown.has_value());
  CHECK(shown->type == "image/png");
  CHECK(shown->bytes == bytes);
  CHECK_FALSE(entries.picture("2").has_value());
  CHECK_FALSE(entries.picture("").has_value());
}

TEST_CASE("the oldest picture goes for one that is too many, and all go with their entries") {
  const Folder folder;
  Entries entries(folder.file());
  const guestbook::Picture picture{.type = "image/gif", .width = 1, .height = 1};
  for (int i = 0; i < Entries::kMostPictures; ++i) entries.add("Ada", "with", picture, "x");
  CHECK(entries.find(1)->picture.has_value());
  entries.add("Ada", "with", picture, "x");
  CHECK_FALSE(entries.find(1)->picture.has_value());
  const std::string second = entries.find(2)->picture->name;
  Database(folder.file()).run("UPDATE sqlite_sequence SET seq = 10001 WHERE name = 'entries'");
  entries.add("Ada", "last");
  CHECK_FALSE(entries.find(2).has_value());
  CHECK_FALSE(entries.picture(second).has_value());
  CHECK(entries.find(3)->picture.has_value());
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
