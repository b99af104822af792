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
  return database;
}

}  // namespace

Entries::Entries(const std::string& file)
    : database_(open(file)),
      page_(database_,
            "SELECT id, author, text, written FROM entries WHERE id < ? ORDER BY id DESC LIMIT ?"),
      find_(database_, "SELECT id, author, text, written FROM entries WHERE id = ?"),
      add_(database_, "INSERT INTO entries (author, text, written) VALUES (?, ?, ?) RETURNING id"),
      trim_(database_, "DELETE FROM entries WHERE id <= ?"),
      count_(database_, "SELECT count(*) FROM entries") {}

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
  const auto now =
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()).time_since_epoch();
  const std::scoped_lock lock(mutex_);
  std::int64_t id = 0;
  {
    Statement::Run row(add_, author, text, std::int64_t{now.count()});
    while (row.next()) id = row.integer(0);  // to the end, or nothing is stored
  }
  Statement::Run(trim_, id - kMost).next();
  return id;
}

std::int64_t Entries::count() {
  const std::scoped_lock lock(mutex_);
  Statement::Run row(count_);
  return row.next() ? row.integer(0) : 0;
}

Entry Entries::entry_of(const Statement::Run& row) {
  return {row.integer(0), row.text(1), row.text(2),
          std::chrono::sys_seconds(std::chrono::seconds(row.integer(3)))};
}

}  // namespace guestbook
