// A folder for the guest book's database, for as long as a test.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

namespace tests {

struct DatabaseFolder {
  DatabaseFolder() { std::filesystem::create_directories(path); }
  ~DatabaseFolder() { std::filesystem::remove_all(path); }
  DatabaseFolder(const DatabaseFolder&) = delete;
  DatabaseFolder& operator=(const DatabaseFolder&) = delete;
  std::string file() const { return (path / "guestbook.db").string(); }

  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("margay-guestbook-" + std::to_string(::getpid()));
};

}  // namespace tests
