#include "entries.h"

#include <limits>

namespace guestbook {
namespace {

// The statements below cannot be prepared before their table is there.
Database open(const std::string& file) {
  Database database(file);
  database.run("PRAGMA journal_mode = WAL");  // readers do not wait for the writer
  database.run("PRAGMA synchronous = NORMAL");
  database.run(
      "CREATE TABLE IF NOT EXISTS entries ("
      "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
      "  author TEXT NOT NULL,"
      "  text TEXT NOT NULL,"
      "  written INTEGER NOT NULL)");  // seconds since 1970
  // The bytes are last, so that what lists entries does not read them.
  database.run(
      "CREATE TABLE IF NOT EXISTS pictures ("
      "  entry INTEGER PRIMARY KEY,"
      "  name TEXT NOT NULL UNIQUE,"
      "  type TEXT NOT NULL,"
      "  width INTEGER NOT NULL,"
      "  height INTEGER NOT NULL,"
      "  alt TEXT NOT NULL,"
      "  bytes BLOB NOT NULL)");
  return database;
}

std::string select(const char* which) {
  return std::string(
             "SELECT id, author, text, written, name, type, width, height, alt"
             " FROM entries LEFT JOIN pictures ON entry = id ") +
         which;
}

}  // namespace

Entries::Entries(const std::string& file)
    : database_(open(file)),
      page_(database_, select("WHERE id < ? ORDER BY id DESC LIMIT ?")),
      find_(database_, select("WHERE id = ?")),
      add_(database_, "INSERT INTO entries (author, text, written) VALUES (?, ?, ?) RETURNING id"),
      trim_(database_, "DELETE FROM entries WHERE id <= ?"),
      count_(database_, "SELECT count(*) FROM entries"),
      add_picture_(database_,
                   "INSERT INTO pictures (entry, name, type, width, height, alt, bytes)"
                   " VALUES (?, lower(hex(randomblob(16))), ?, ?, ?, ?, ?)"),
      find_picture_(database_, "SELECT type, bytes FROM pictures WHERE name = ?"),
      trim_pictures_(database_,
                     "DELETE FROM pictures WHERE entry <= (SELECT entry FROM pictures"
                     " ORDER BY entry DESC LIMIT 1 OFFSET ?)"),
      trim_old_pictures_(database_, "DELETE FROM pictures WHERE entry <= ?") {}

std::vector<Entry> Entries::page(std::int64_t before, int size) {
  const std::scoped_lock lock(mutex_);
  std::vector<Entry> found;
  Statement::Run rows(page_, before == 0 ? std::numeric_limits<std::int64_t>::max() : before,
                      std::int64_t{size});
  while (rows.next()) found.push_back(entry_of(rows));
  return found;
}

std::optional<Entry> Entries::find(std::int64_t id) {
  const std::scoped_lock lock(mutex_);
  Statement::Run row(find_, id);
  if (!row.next()) return std::nullopt;
  return entry_of(row);
}

std::int64_t Entries::add(std::string_view author, std::string_view text) {
  const std::scoped_lock lock(mutex_);
  Transaction transaction(database_);
  const std::int64_t id = store(author, text);
  transaction.commit();
  return id;
}

std::int64_t Entries::add(std::string_view author, std::string_view text, const Picture& picture,
                          std::string_view bytes) {
  const std::scoped_lock lock(mutex_);
  Transaction transaction(database_);
  const std::int64_t id = store(author, text);
  Statement::Run(add_picture_, id, std::string_view(picture.type), std::int64_t{picture.width},
                 std::int64_t{picture.height}, std::string_view(picture.alt), Blob{bytes})
      .next();
  Statement::Run(trim_pictures_, kMostPictures).next();
  transaction.commit();
  return id;
}

std::int64_t Entries::store(std::string_view author, std::string_view text) {
  const auto now =
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()).time_since_epoch();
  std::int64_t id = 0;
  {
    Statement::Run row(add_, author, text, std::int64_t{now.count()});
    while (row.next()) id = row.integer(0);  // to the end, or nothing is stored
  }
  Statement::Run(trim_, id - kMost).next();
  Statement::Run(trim_old_pictures_, id - kMost).next();
  return id;
}

std::optional<Entries::Shown> Entries::picture(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  Statement::Run row(find_picture_, name);
  if (!row.next()) return std::nullopt;
  return Shown{row.text(0), row.text(1)};
}

std::int64_t Entries::count() {
  const std::scoped_lock lock(mutex_);
  Statement::Run row(count_);
  return row.next() ? row.integer(0) : 0;
}

Entry Entries::entry_of(const Statement::Run& row) {
  Entry entry{row.integer(0), row.text(1), row.text(2),
              std::chrono::sys_seconds(std::chrono::seconds(row.integer(3)))};
  if (!row.is_null(4))
    entry.picture = Picture{.type = row.text(5),
                            .width = static_cast<std::uint32_t>(row.integer(6)),
                            .height = static_cast<std::uint32_t>(row.integer(7)),
                            .alt = row.text(8),
                            .name = row.text(4)};
  return entry;
}

}  // namespace guestbook
