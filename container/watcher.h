// Tells the control thread what changed in the deployment folders, by looking again and again
// (inotify is blind on NFS).
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "container/files_view.h"

namespace container {

struct WatcherOptions {
  std::vector<std::filesystem::path> app_bases;
  std::filesystem::path server_xml;  // empty: none
  std::vector<std::filesystem::path>
      files{};  // others that server.xml names, such as a single library
  // Names in an appBase to pass over (deployIgnore); hidden ones are what copying tools leave for a
  // while.
  std::function<bool(std::string_view)> ignored = [](std::string_view name) {
    return name.starts_with('.');
  };
  // How long a file must have kept its size, time and inode to count as copied.
  std::chrono::milliseconds settle{500};
  // Names looked at per scan, over all folders. Beyond it new applications are not seen and a
  // warning says so once; known ones are still watched.
  std::size_t max_entries = 10'000;
};

// An application folder is one in an appBase that holds app.xml.
struct Changes {
  std::vector<std::filesystem::path> added;
  std::vector<std::filesystem::path> changed;
  std::vector<std::filesystem::path> removed;
  bool server_xml_changed = false;
  std::vector<std::filesystem::path> changed_files;
  std::vector<std::string> warnings;  // sentences, each once until the trouble is over

  bool empty() const {
    return added.empty() && changed.empty() && removed.empty() && !server_xml_changed &&
           changed_files.empty();
  }
};

// What counts in an application folder: app.xml, rewrite.config, lib/*.so, the pages for errors
// (*.html in templates/error and static/error, templates/error.html and its layout.html), and which
// folder it and its `static` are (a link may point elsewhere). A change is reported once it has
// settled; so is the absence of a folder, since replacing one by rename leaves a gap. What cannot
// be read stays as it was: an unmounted disk undeploys nothing. One thread.
class Watcher {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // The view must outlive this.
  Watcher(WatcherOptions options, const FilesView& view);

  // Takes what is there as known and reports every application as added. To be called before the
  // first deployment, so that whatever changes while it is being loaded is a change.
  Changes begin();

  // To be called every autoDeployInterval or so.
  Changes scan(Time now);

 private:
  using Stamps = std::map<std::string, FileStamp>;

  // What one look at something gave: its stamps, or none where it is absent.
  struct Sight {
    std::optional<Stamps> stamps;
    bool whole = true;  // false: a file is still empty
  };

  // One watched thing: what was told of it last, and what it has turned into since.
  struct Watched {
    std::optional<Stamps> told;
    std::optional<Stamps> candidate;
    std::optional<Time> since;  // when the candidate was first seen; none: nothing differs

    bool is_nothing() const { return !told && !since; }
    // Takes a look into account; true when it makes a difference that has held still, which is then
    // told.
    bool has_settled(Sight sight, Time now, std::chrono::milliseconds settle);
  };

  struct AppBase {
    std::filesystem::path folder;
    bool there = false;  // in this scan
    std::map<std::string, Watched> apps;
  };

  struct WatchedFile {
    std::filesystem::path path;
    Watched state;
  };

  // No time: the first look, which takes things as they are.
  Changes look_around(std::optional<Time> now);
  void look_at_known(AppBase& base, std::optional<Time> now, Changes& changes);
  void look_for_new(AppBase& base, std::optional<Time> now, Changes& changes);
  void look_at_app(const std::filesystem::path& folder, Watched& app, std::optional<Time> now,
                   Changes& changes);
  bool look_at_file(WatchedFile& file, std::optional<Time> now);
  std::optional<Sight> see_app(const std::filesystem::path& folder);
  bool see_files(const std::filesystem::path& app, const std::string& inner,
                 bool (*counts)(const std::string& name), Sight& sight);
  FileLook look(const std::filesystem::path& path);
  FolderNames list(const std::filesystem::path& folder);
  void warn(Changes& changes);

  const WatcherOptions options_;
  const FilesView& view_;
  std::vector<AppBase> bases_;
  std::optional<WatchedFile> server_xml_;
  std::vector<WatchedFile> files_;
  std::set<std::string> troubles_;       // of this scan, as sentences
  std::set<std::string> told_troubles_;  // of the scan before
  std::size_t entries_left_ = 0;         // of this scan
  bool over_limit_ = false;              // in this scan
};

}  // namespace container
