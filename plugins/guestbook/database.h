// SQLite, as little of it as a guestbook needs: a file, prepared statements, errors as exceptions.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace guestbook {

class DatabaseError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Bytes that are no text.
struct Blob {
  std::string_view bytes;
};

// One connection; one thread at a time. Waits two seconds at most for others that have the file.
class Database {
 public:
  explicit Database(const std::string& file);
  // Statements without parameters and rows.
  void run(const char* sql);
  sqlite3* handle() { return handle_.get(); }
  int changes() { return sqlite3_changes(handle_.get()); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

// All that is changed during its life, or, without commit(), nothing of it.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {
    database_.run("BEGIN IMMEDIATE");
  }
  ~Transaction() {
    if (is_open_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit() {
    database_.run("COMMIT");
    is_open_ = false;
  }

 private:
  Database& database_;
  bool is_open_ = true;
};

// A prepared statement, made once and used again. Texts are bound, never pasted into SQL.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);

  // One execution. `values` (integers, texts and blobs, in the order of the question marks) must
  // outlive it.
  class Run {
   public:
    template <class... Values>
    explicit Run(Statement& statement, const Values&... values) : statement_(statement) {
      int place = 0;
      (statement_.bind(++place, values), ...);
    }
    ~Run() { sqlite3_reset(statement_.handle_.get()); }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    // False behind the last row.
    bool next() { return statement_.step(); }
    std::int64_t integer(int column) const {
      return sqlite3_column_int64(statement_.handle_.get(), column);
    }
    // Of a text or a blob; "" for null.
    std::string text(int column) const;
    bool is_null(int column) const {
      return sqlite3_column_type(statement_.handle_.get(), column) == SQLITE_NULL;
    }

   private:
    Statement& statement_;
  };

 private:
  void bind(int place, std::int64_t value);
  void bind(int place, std::string_view value);
  void bind(int place, Blob value);
  bool step();

  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  Database& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

}  // namespace guestbook
