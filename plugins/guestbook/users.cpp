#include "users.h"

#include "password.h"

namespace guestbook {
namespace {

Database open(const std::string& file) {
  Database database(file);
  database.run("PRAGMA journal_mode = WAL");
  database.run(
      "CREATE TABLE IF NOT EXISTS users ("
      "  name TEXT PRIMARY KEY COLLATE NOCASE,"
      "  password TEXT NOT NULL) WITHOUT ROWID");
  return database;
}

}  // namespace

Users::Users(const std::string& file)
    : database_(open(file)),
      find_(database_, "SELECT name, password FROM users WHERE name = ?"),
      add_(database_, "INSERT OR IGNORE INTO users (name, password) VALUES (?, ?)"),
      count_(database_, "SELECT count(*) FROM users") {}

Users::Added Users::add(std::string_view name, std::string_view password) {
  if (find(name)) return Added::taken;  // costs no hash
  if (is_full()) return Added::full;
  const std::string hash = hash_of(password);
  const std::scoped_lock lock(mutex_);
  Statement::Run(add_, name, hash).next();
  return database_.changes() == 1 ? Added::yes : Added::taken;
}

bool Users::is_full() {
  const std::scoped_lock lock(mutex_);
  Statement::Run row(count_);
  return row.next() && row.integer(0) >= kMost;
}

std::optional<std::string> Users::check(std::string_view name, std::string_view password) {
  std::optional<Stored> user = find(name);
  const bool right = matches(user ? std::string_view(user->password) : "", password);
  if (!right) return std::nullopt;
  return std::move(user->name);
}

std::optional<Users::Stored> Users::find(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  Statement::Run row(find_, name);
  if (!row.next()) return std::nullopt;
  return Stored{row.text(0), row.text(1)};
}

}  // namespace guestbook
