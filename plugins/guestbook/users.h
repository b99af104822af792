// Who may write into the guestbook.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "database.h"

namespace guestbook {

// Kept in the SQLite file of the entries. Any thread. Throws DatabaseError, and what password.h
// throws.
class Users {
 public:
  static constexpr std::int64_t kMost = 10'000;  // and those who sign up at the same moment

  explicit Users(const std::string& file);

  enum class Added { yes, taken, full };
  Added add(std::string_view name, std::string_view password);
  // The name as it was written when it was added; {}: no such user, or another password, which
  // take the same time.
  std::optional<std::string> check(std::string_view name, std::string_view password);

 private:
  struct Stored {
    std::string name, password;
  };
  std::optional<Stored> find(std::string_view name);
  bool is_full();

  std::mutex mutex_;  // guards all below, and is not held while passwords are hashed
  Database database_;
  Statement find_, add_, count_;
};

}  // namespace guestbook
