// The watcher over a staged file system for timing and accidents, and over real folders for what
// kernels really do.
#include "container/watcher.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace {

namespace fs = std::filesystem;
using tests::TemporaryFolder;
using namespace std::chrono_literals;
using container::Changes;
using container::DiskView;
using container::FileLook;
using container::FilesView;
using container::FolderNames;
using container::Watcher;
using container::WatcherOptions;

using Paths = std::vector<fs::path>;

// A tree of files in memory; what is listed as broken cannot be read.
class StagedView final : public FilesView {
 public:
  void write(const fs::path& path, std::uint64_t size = 10) {
    for (fs::path folder = path.parent_path(); folder != "/"; folder = folder.parent_path())
      if (!looks_.contains(folder))
        looks_[folder] = {FileLook::Kind::folder, {1, ++inodes_, 0, 0}, {}};
    const std::uint64_t inode = looks_.contains(path) ? looks_[path].stamp.inode : ++inodes_;
    looks_[path] = {FileLook::Kind::file, {1, inode, size, ++clock_}, {}};
  }
  void remove(const fs::path& path) {
    std::erase_if(looks_, [&](const auto& entry) { return is_below(entry.first, path); });
  }
  void rename(const fs::path& from, const fs::path& to) {
    std::map<fs::path, FileLook> moved;
    for (const auto& [path, look] : looks_)
      if (is_below(path, from))
        moved[path == from ? to : to / path.lexically_relative(from)] = look;
    remove(from);
    looks_.merge(moved);
  }
  void break_down(const fs::path& path) { broken_.insert(path); }
  void repair(const fs::path& path) { broken_.erase(path); }

  FileLook look(const fs::path& path) const override {
    if (broken_.contains(path)) return {FileLook::Kind::unreadable, {}, "broken"};
    const auto found = looks_.find(path);
    return found == looks_.end() ? FileLook{} : found->second;
  }
  FolderNames list(const fs::path& folder, std::size_t limit) const override {
    if (broken_.contains(folder / "*")) return {{}, false, "broken"};
    FolderNames found;
    for (const auto& [path, look] : looks_) {
      if (path.parent_path() != folder) continue;
      if (found.names.size() == limit) return {found.names, true, {}};
      found.names.push_back(path.filename().string());
    }
    return found;
  }

 private:
  static bool is_below(const fs::path& path, const fs::path& parent) {
    return path == parent || path.string().starts_with(parent.string() + "/");
  }

  std::map<fs::path, FileLook> looks_;
  std::set<fs::path> broken_;
  std::uint64_t inodes_ = 0;
  std::int64_t clock_ = 0;
};

// A watcher over /apps with one application there from the start, scanned every second.
class Stage {
 public:
  explicit Stage(WatcherOptions options = {.app_bases = {"/apps"},
                                           .server_xml = "/conf/server.xml"})
      : options_(std::move(options)) {
    view.write("/apps/shop/app.xml");
    view.write("/apps/shop/lib/shop.so");
    view.write("/conf/server.xml");
  }
  Changes begin() { return watcher().begin(); }
  Changes scan(std::chrono::milliseconds after = 1s) { return watcher().scan(now_ += after); }
  // The changes of two scans a second apart; the first must not report any.
  Changes settled() {
    CHECK(scan().empty());
    return scan();
  }

  StagedView view;

 private:
  Watcher& watcher() {
    if (!watcher_) watcher_.emplace(options_, view);
    return *watcher_;
  }

  WatcherOptions options_;
  std::optional<Watcher> watcher_;
  Watcher::Time now_{1h};
};

void write(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("the beginning reports what is there, and then nothing until something changes") {
  Stage stage;
  const Changes first = stage.begin();
  CHECK(first.added == Paths{"/apps/shop"});
  CHECK_FALSE(first.server_xml_changed);
  for (int round = 0; round < 3; ++round) CHECK(stage.scan().empty());
}

TEST_CASE("applications appear, change and vanish") {
  Stage stage;
  stage.begin();
  SUBCASE("appear") {
    stage.view.write("/apps/blog/app.xml");
    CHECK(stage.settled().added == Paths{"/apps/blog"});
  }
  SUBCASE("change by their library") {
    stage.view.write("/apps/shop/lib/shop.so");
    const Changes changes = stage.settled();
    CHECK(changes.changed == Paths{"/apps/shop"});
    CHECK(changes.added.empty());
  }
  SUBCASE("change by a further library") {
    stage.view.write("/apps/shop/lib/more.so");
    CHECK(stage.settled().changed == Paths{"/apps/shop"});
  }
  SUBCASE("change by a library less") {
    stage.view.remove("/apps/shop/lib/shop.so");
    CHECK(stage.settled().changed == Paths{"/apps/shop"});
  }
  SUBCASE("change by their manifest") {
    stage.view.write("/apps/shop/app.xml");
    CHECK(stage.settled().changed == Paths{"/apps/shop"});
  }
  SUBCASE("vanish with their folder") {
    stage.view.remove("/apps/shop");
    CHECK(stage.settled().removed == Paths{"/apps/shop"});
  }
  SUBCASE("vanish with their manifest") {
    stage.view.remove("/apps/shop/app.xml");
    CHECK(stage.settled().removed == Paths{"/apps/shop"});
  }
  CHECK(stage.scan().empty());
}

TEST_CASE("a folder of pages counts as a whole, its files do not") {
  Stage stage;
  stage.begin();
  stage.view.write("/apps/shop/static/index.html");
  CHECK(stage.settled().changed == Paths{"/apps/shop"});
  stage.view.write("/apps/shop/static/more.html");
  CHECK(stage.settled().empty());
}

TEST_CASE("pages for errors are part of an application, also when they are empty") {
  Stage stage;
  stage.view.write("/apps/shop/static/index.html");
  stage.begin();
  for (const char* page : {"templates/error.html", "templates/layout.html",
                           "templates/error/404.html", "static/error/5xx.html"}) {
    CAPTURE(std::string(page));
    stage.view.write(fs::path("/apps/shop") / page, 0);
    CHECK(stage.settled().changed == Paths{"/apps/shop"});
    stage.view.remove(fs::path("/apps/shop") / page);
    CHECK(stage.settled().changed == Paths{"/apps/shop"});
  }
  for (const char* other : {"templates/notes.html", "static/error/a.css", "static/404.html"})
    stage.view.write(fs::path("/apps/shop") / other);
  CHECK(stage.settled().empty());
}

TEST_CASE("what is no part of an application is no change") {
  Stage stage;
  stage.view.write("/apps/shop/static/page.html");
  stage.begin();
  stage.view.write("/apps/shop/static/index.html");
  stage.view.write("/apps/shop/lib/readme.txt");
  stage.view.write("/apps/shop/lib/.shop.so.Xy12");
  stage.view.write("/apps/notes/readme.txt");
  stage.view.write("/apps/file.txt");
  stage.view.write("/apps/.incoming/app.xml");
  CHECK(stage.settled().empty());
}

TEST_CASE("a file that still grows is not taken") {
  Stage stage;
  stage.begin();
  for (std::uint64_t size = 100; size < 1000; size += 100) {
    stage.view.write("/apps/shop/lib/shop.so", size);
    CHECK(stage.scan().empty());
  }
  CHECK(stage.scan().changed == Paths{"/apps/shop"});
}

TEST_CASE("stillness counts from the first look at the new state, not before half a second") {
  Stage stage;
  stage.begin();
  stage.view.write("/apps/shop/lib/shop.so");
  CHECK(stage.scan().empty());
  CHECK(stage.scan(250ms).empty());
  CHECK(stage.scan(249ms).empty());
  CHECK(stage.scan(1ms).changed == Paths{"/apps/shop"});
}

TEST_CASE("an empty library or manifest is a copy that has not begun") {
  Stage stage;
  stage.begin();
  stage.view.write("/apps/shop/lib/shop.so", 0);
  stage.view.write("/apps/blog/app.xml", 0);
  for (int round = 0; round < 5; ++round) CHECK(stage.scan().empty());
  stage.view.write("/apps/shop/lib/shop.so", 7);
  stage.view.write("/apps/blog/app.xml", 7);
  const Changes changes = stage.settled();
  CHECK(changes.changed == Paths{"/apps/shop"});
  CHECK(changes.added == Paths{"/apps/blog"});
}

TEST_CASE("a change taken back before it settles was none") {
  Stage stage;
  stage.begin();
  stage.view.rename("/apps/shop", "/elsewhere");
  CHECK(stage.scan().empty());
  stage.view.rename("/elsewhere", "/apps/shop");
  for (int round = 0; round < 3; ++round) CHECK(stage.scan().empty());
}

TEST_CASE("a folder replaced by renaming is changed, even when a scan falls into the gap") {
  Stage stage;
  stage.begin();
  stage.view.write("/new/app.xml");
  stage.view.write("/new/lib/shop.so");
  stage.view.remove("/apps/shop");
  SUBCASE("no gap") {}
  SUBCASE("a gap") { CHECK(stage.scan().empty()); }
  stage.view.rename("/new", "/apps/shop");
  const Changes changes = stage.settled();
  CHECK(changes.changed == Paths{"/apps/shop"});
  CHECK(changes.removed.empty());
}

TEST_CASE("server.xml and further files are watched alike, and may be gone for a while") {
  Stage stage({.app_bases = {"/apps"}, .server_xml = "/conf/server.xml", .files = {"/opt/one.so"}});
  stage.view.write("/opt/one.so");
  stage.begin();
  stage.view.write("/conf/server.xml");
  CHECK(stage.settled().server_xml_changed);
  stage.view.write("/opt/one.so");
  CHECK(stage.settled().changed_files == Paths{"/opt/one.so"});
  stage.view.remove("/conf/server.xml");
  for (int round = 0; round < 3; ++round) CHECK(stage.scan().empty());
  stage.view.write("/conf/server.xml", 0);
  for (int round = 0; round < 3; ++round) CHECK(stage.scan().empty());
  stage.view.write("/conf/server.xml");
  CHECK(stage.settled().server_xml_changed);
}

TEST_CASE("what cannot be read stays as it was and is reported once") {
  Stage stage;
  stage.begin();
  fs::path broken;
  SUBCASE("an appBase") { broken = "/apps"; }
  SUBCASE("an application") { broken = "/apps/shop"; }
  SUBCASE("a manifest") { broken = "/apps/shop/app.xml"; }
  SUBCASE("a listing of libraries") { broken = "/apps/shop/lib/*"; }
  SUBCASE("a library") { broken = "/apps/shop/lib/shop.so"; }
  stage.view.break_down(broken);
  const Changes first = stage.scan();
  CHECK(first.empty());
  CHECK(first.warnings.size() == 1);
  for (int round = 0; round < 3; ++round) {
    const Changes later = stage.scan();
    CHECK(later.empty());
    CHECK(later.warnings.empty());
  }
  stage.view.repair(broken);
  CHECK(stage.settled().empty());
  stage.view.break_down(broken);
  CHECK(stage.scan().warnings == first.warnings);
}

TEST_CASE("an appBase that is gone undeploys nothing") {
  Stage stage;
  stage.begin();
  stage.view.rename("/apps", "/unmounted");
  CHECK(stage.scan().warnings == std::vector<std::string>{"there is no folder /apps"});
  for (int round = 0; round < 3; ++round) CHECK(stage.scan().empty());
  stage.view.rename("/unmounted", "/apps");
  CHECK(stage.settled().empty());
}

TEST_CASE("beyond the limit new applications are not seen, known ones still are") {
  Stage stage({.app_bases = {"/apps"}, .server_xml = {}, .max_entries = 20});
  stage.begin();
  for (int number = 0; number < 50; ++number)
    stage.view.write("/apps/a" + std::to_string(number) + "/readme");
  stage.view.write("/apps/zebra/app.xml");
  const Changes flooded = stage.scan();
  CHECK(flooded.empty());
  REQUIRE(flooded.warnings.size() == 1);
  CHECK(flooded.warnings[0].find("more than 20 files") == 0);
  const Changes later = stage.scan();
  CHECK(later.empty());
  CHECK(later.warnings.empty());
  stage.view.write("/apps/shop/lib/shop.so");
  CHECK(stage.settled().changed == Paths{"/apps/shop"});
  stage.view.remove("/apps/shop");
  CHECK(stage.settled().removed == Paths{"/apps/shop"});
}

TEST_CASE("real folders: copies, renames, links and loops") {
  const TemporaryFolder folder;
  write(folder / "apps/shop/app.xml", "<app/>");
  write(folder / "apps/shop/lib/shop.so", "ELF one");
  write(folder / "server.xml", "<Server/>");
  const DiskView disk;
  Watcher watcher({.app_bases = {folder / "apps"}, .server_xml = folder / "server.xml"}, disk);
  Watcher::Time now(1h);
  CHECK(watcher.begin().added == Paths{folder / "apps/shop"});
  const auto settled = [&] {
    CHECK(watcher.scan(now += 1s).empty());
    return watcher.scan(now += 1s);
  };

  SUBCASE("a library replaced by one of the same size and time") {
    const auto time = fs::last_write_time(folder / "apps/shop/lib/shop.so");
    write(folder / "new.so", "ELF two");
    fs::last_write_time(folder / "new.so", time);
    fs::rename(folder / "new.so", folder / "apps/shop/lib/shop.so");
    CHECK(settled().changed == Paths{folder / "apps/shop"});
  }
  SUBCASE("a library written in place within the same second") {
    const timespec times[2] = {{1000, 1}, {1000, 1}};
    const timespec later[2] = {{1000, 2}, {1000, 2}};
    const fs::path library = folder / "apps/shop/lib/shop.so";
    REQUIRE(utimensat(AT_FDCWD, library.c_str(), times, 0) == 0);
    CHECK(settled().changed == Paths{folder / "apps/shop"});
    REQUIRE(utimensat(AT_FDCWD, library.c_str(), later, 0) == 0);
    CHECK(settled().changed == Paths{folder / "apps/shop"});
  }
  SUBCASE("a link that is turned to another folder") {
    write(folder / "v1/app.xml", "<app/>");
    write(folder / "v2/app.xml", "<app/>");
    fs::create_directory_symlink(folder / "v1", folder / "apps/linked");
    CHECK(settled().added == Paths{folder / "apps/linked"});
    fs::create_directory_symlink(folder / "v2", folder / "turn");
    fs::rename(folder / "turn", folder / "apps/linked");
    CHECK(settled().changed == Paths{folder / "apps/linked"});
    fs::remove_all(folder / "v2");
    CHECK(settled().removed == Paths{folder / "apps/linked"});
  }
  SUBCASE("a link that leads to itself") {
    fs::create_directory_symlink(folder / "apps/loop", folder / "apps/loop");
    const Changes changes = watcher.scan(now += 1s);
    CHECK(changes.empty());
    REQUIRE(changes.warnings.size() == 1);
    CHECK(changes.warnings[0].find("cannot read " + (folder / "apps/loop").string()) == 0);
    CHECK(watcher.scan(now += 1s).warnings.empty());
  }
  SUBCASE("an editor that saves by renaming") {
    write(folder / "server.xml~", "<Server />");
    fs::rename(folder / "server.xml~", folder / "server.xml");
    CHECK(settled().server_xml_changed);
  }
  SUBCASE("a pipe called app.xml blocks nothing") {
    fs::create_directories(folder / "apps/pipe");
    REQUIRE(mkfifo((folder / "apps/pipe/app.xml").c_str(), 0600) == 0);
    CHECK(settled().empty());
  }
  CHECK(watcher.scan(now += 1s).empty());
}
