#include "database.h"

namespace guestbook {
namespace {

[[noreturn]] void fail(sqlite3* handle, const std::string& what) {
  throw DatabaseError(what + ": " + (handle == nullptr ? "no memory" : sqlite3_errmsg(handle)));
}

}  // namespace

Database::Database(const std::string& file) {
  sqlite3* opened = nullptr;
  const int result = sqlite3_open(file.c_str(), &opened);
  handle_.reset(opened);
  if (result != SQLITE_OK) fail(opened, "cannot open " + file);
  sqlite3_busy_timeout(opened, 2000);
}

void Database::run(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    fail(handle_.get(), sql);
}

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  sqlite3_stmt* made = nullptr;
  const int result = sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  handle_.reset(made);
  if (result != SQLITE_OK) fail(database.handle(), std::string(sql));
}

std::string Statement::Run::text(int column) const {
  sqlite3_stmt* const handle = statement_.handle_.get();
  // Of a text these are its letters.
  const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(handle, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle, column))};
}

void Statement::bind(int place, std::int64_t value) {
  if (sqlite3_bind_int64(handle_.get(), place, value) != SQLITE_OK)
    fail(database_.handle(), "a number");
}

void Statement::bind(int place, std::string_view value) {
  // Not copied: the caller keeps it until the statement has run.
  if (sqlite3_bind_text64(handle_.get(), place, value.data(), value.size(), SQLITE_STATIC,
                          SQLITE_UTF8) != SQLITE_OK)
    fail(database_.handle(), "a text");
}

void Statement::bind(int place, Blob value) {
  if (sqlite3_bind_blob64(handle_.get(), place, value.bytes.data(), value.bytes.size(),
                          SQLITE_STATIC) != SQLITE_OK)
    fail(database_.handle(), "bytes");
}

bool Statement::step() {
  const int result = sqlite3_step(handle_.get());
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) fail(database_.handle(), "the database refuses");
  return false;
}

}  // namespace guestbook
