// What the cache of files keeps, for how long, and what it lets go.
#include "endpoints/file_cache.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace endpoints {
namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }

  std::unique_ptr<ServedFile> open(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
    const int file = ::open((path / name).c_str(), O_RDONLY | O_CLOEXEC);
    struct stat about {};
    REQUIRE(::fstat(file, &about) == 0);
    return std::make_unique<ServedFile>(file, about, "text/plain");
  }
  std::unique_ptr<ServedFile> load(const std::string& name, const std::string& text) const {
    auto file = open(name, text);
    REQUIRE(file->load());
    return file;
  }

  fs::path path = fs::temp_directory_path() / ("margay-file-cache-" + std::to_string(::getpid()));
};

bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) != -1; }

}  // namespace

TEST_CASE("a loaded file has its bytes and holds no descriptor") {
  const Folder folder;
  auto file = folder.open("a", "hello");
  const int descriptor = file->descriptor();
  CHECK(file->load());
  CHECK(file->bytes() == "hello");
  CHECK(file->tag().starts_with("W/\"5-"));
  CHECK(file->modified().ends_with(" GMT"));
  CHECK_FALSE(is_open(descriptor));
}

TEST_CASE("a file that shrank before it was read is of no use") {
  const Folder folder;
  auto file = folder.open("a", "hello");
  fs::resize_file(folder.path / "a", 2);
  CHECK_FALSE(file->load());
}

TEST_CASE("a name is looked up again when its time is over") {
  const Folder folder;
  FileCache cache({.ttl = 5000});
  CHECK(cache.find("a", 100) == nullptr);
  cache.keep("a", folder.load("a", "hello"), 100);
  REQUIRE(cache.find("a", 5099) != nullptr);
  CHECK(cache.find("a", 5099)->bytes() == "hello");
  CHECK(cache.find("b", 5099) == nullptr);
  CHECK(cache.find("a", 5100) == nullptr);
  CHECK(cache.find("a", 100) == nullptr);  // gone, not only old
}

TEST_CASE("an open file that changes in place is noticed at once") {
  const Folder folder;
  FileCache cache({.ttl = 5000});
  cache.keep("a", folder.open("a", "hello"), 0);
  CHECK(cache.find("a", 1) != nullptr);
  std::ofstream(folder.path / "a", std::ios::app) << "!";
  CHECK(cache.find("a", 1) == nullptr);
}

TEST_CASE("beyond its bytes the cache lets go what was not used for longest") {
  const Folder folder;
  FileCache cache({.bytes = 24 * 1024, .ttl = 5000});
  for (const char* name : {"a", "b"})
    cache.keep(name, folder.load(name, std::string(10'000, 'x')), 0);
  REQUIRE(cache.find("a", 1) != nullptr);
  cache.keep("c", folder.load("c", std::string(10'000, 'x')), 1);
  CHECK(cache.find("a", 1) != nullptr);
  CHECK(cache.find("b", 1) == nullptr);
  CHECK(cache.find("c", 1) != nullptr);
}

TEST_CASE("one file larger than the whole cache is served and then forgotten") {
  const Folder folder;
  FileCache cache({.bytes = 1024, .ttl = 5000});
  CHECK(cache.keep("a", folder.load("a", std::string(9000, 'x')), 0).bytes().size() == 9000);
  cache.keep("b", folder.load("b", "small"), 0);
  CHECK(cache.find("a", 1) == nullptr);
  CHECK(cache.find("b", 1) != nullptr);
}

TEST_CASE("open files are limited, and closed when they go") {
  const Folder folder;
  FileCache cache({.open_files = 2, .ttl = 5000});
  const int first = cache.keep("a", folder.open("a", "1"), 0).descriptor();
  cache.keep("loaded", folder.load("l", "0"), 0);
  cache.keep("b", folder.open("b", "2"), 0);
  CHECK(is_open(first));
  cache.keep("c", folder.open("c", "3"), 0);
  CHECK_FALSE(is_open(first));
  CHECK(cache.find("a", 1) == nullptr);
  CHECK(cache.find("loaded", 1) != nullptr);
  CHECK(cache.find("c", 1) != nullptr);
}

}  // namespace endpoints
