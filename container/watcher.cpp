// Looks at folders, compares stamps, and waits until a difference has held still.
#include "container/watcher.h"

#include <algorithm>
#include <iterator>

namespace container {
namespace {

namespace fs = std::filesystem;
using Kind = FileLook::Kind;

// Copying tools write to a hidden name first.
bool is_library(const std::string& name) {
  return name.size() > 3 && name.ends_with(".so") && name[0] != '.';
}
bool is_page(const std::string& name) { return name.ends_with(".html") && name[0] != '.'; }

}  // namespace

bool Watcher::Watched::has_settled(Sight sight, Time now, std::chrono::milliseconds settle) {
  if (sight.stamps == told) {
    since.reset();
    candidate.reset();
    return false;
  }
  if (!since || sight.stamps != candidate) {
    candidate = std::move(sight.stamps);
    since = now;
    return false;
  }
  if (!sight.whole || now - *since < settle) return false;
  told = std::move(candidate);
  candidate.reset();
  since.reset();
  return true;
}

Watcher::Watcher(WatcherOptions options, const FilesView& view)
    : options_(std::move(options)), view_(view) {
  for (const fs::path& folder : options_.app_bases) bases_.push_back({folder, false, {}});
  if (!options_.server_xml.empty()) server_xml_ = WatchedFile{options_.server_xml, {}};
  for (const fs::path& path : options_.files) files_.push_back({path, {}});
}

Changes Watcher::begin() { return look_around(std::nullopt); }

Changes Watcher::scan(Time now) { return look_around(now); }

// Known applications come first, so that a flood of new names cannot use up the limit before them.
Changes Watcher::look_around(std::optional<Time> now) {
  Changes changes;
  entries_left_ = options_.max_entries;
  over_limit_ = false;
  troubles_.clear();
  for (AppBase& base : bases_) {
    const Kind kind = look(base.folder).kind;
    base.there = kind == Kind::folder;
    if (base.there)
      look_at_known(base, now, changes);
    else if (kind != Kind::unreadable)
      troubles_.insert("there is no folder " + base.folder.string());
  }
  for (AppBase& base : bases_) {
    if (base.there) look_for_new(base, now, changes);
  }
  if (server_xml_) changes.server_xml_changed = look_at_file(*server_xml_, now);
  for (WatchedFile& file : files_)
    if (look_at_file(file, now)) changes.changed_files.push_back(file.path);
  warn(changes);
  return changes;
}

// By name, whatever a listing would say.
void Watcher::look_at_known(AppBase& base, std::optional<Time> now, Changes& changes) {
  for (auto app = base.apps.begin(); app != base.apps.end();) {
    look_at_app(base.folder / app->first, app->second, now, changes);
    app = app->second.is_nothing() ? base.apps.erase(app) : std::next(app);
  }
}

void Watcher::look_for_new(AppBase& base, std::optional<Time> now, Changes& changes) {
  for (const std::string& name : list(base.folder).names) {
    if (options_.ignored(name) || base.apps.contains(name)) continue;
    Watched app;
    look_at_app(base.folder / name, app, now, changes);
    if (!app.is_nothing()) base.apps.emplace(name, std::move(app));
  }
}

void Watcher::look_at_app(const fs::path& folder, Watched& app, std::optional<Time> now,
                          Changes& changes) {
  std::optional<Sight> sight = see_app(folder);
  if (!sight) return;
  const bool was_there = app.told.has_value();
  if (!now) {
    app.told = std::move(sight->stamps);
  } else if (!app.has_settled(std::move(*sight), *now, options_.settle)) {
    return;
  }
  if (app.told)
    (was_there ? changes.changed : changes.added).push_back(folder);
  else if (was_there)
    changes.removed.push_back(folder);
}

// Absent files count as unchanged: an editor that saves by renaming leaves a gap, and no
// configuration cannot be loaded.
bool Watcher::look_at_file(WatchedFile& file, std::optional<Time> now) {
  const FileLook found = look(file.path);
  if (found.kind != Kind::file) return false;
  Sight sight{Stamps{{file.path.filename().string(), found.stamp}}, found.stamp.size > 0};
  if (now) return file.state.has_settled(std::move(sight), *now, options_.settle);
  file.state.told = std::move(sight.stamps);
  return false;
}

// None where the folder cannot be read.
std::optional<Watcher::Sight> Watcher::see_app(const fs::path& folder) {
  const FileLook itself = look(folder);
  if (itself.kind == Kind::unreadable) return std::nullopt;
  if (itself.kind != Kind::folder) return Sight{};
  const FileLook manifest = look(folder / "app.xml");
  if (manifest.kind == Kind::unreadable) return std::nullopt;
  if (manifest.kind != Kind::file) return Sight{};

  Sight sight{Stamps{}, manifest.stamp.size > 0};
  sight.stamps->emplace("", FileStamp{itself.stamp.device, itself.stamp.inode, 0, 0});
  sight.stamps->emplace("app.xml", manifest.stamp);
  for (const char* name : {"rewrite.config", "templates/error.html", "templates/layout.html"})
    if (const FileLook found = look(folder / name); found.kind == Kind::file)
      sight.stamps->emplace(name, found.stamp);
  // Which folder of pages it is: an endpoint keeps the one that was there when it was made.
  if (const FileLook pages = look(folder / "static"); pages.kind == Kind::folder)
    sight.stamps->emplace("static", FileStamp{pages.stamp.device, pages.stamp.inode, 0, 0});
  if (!see_files(folder, "lib", is_library, sight)) return std::nullopt;
  for (const auto& [name, stamp] : *sight.stamps)
    if (name.starts_with("lib/")) sight.whole = sight.whole && stamp.size > 0;
  for (const char* pages : {"templates/error", "static/error"})
    if (!see_files(folder, pages, is_page, sight)) return std::nullopt;
  return sight;
}

// Those of these names in the application's folder `inner`. False where they cannot be read, or not
// all of them under the limit.
bool Watcher::see_files(const fs::path& app, const std::string& inner,
                        bool (*counts)(const std::string& name), Sight& sight) {
  const FileLook itself = look(app / inner);
  if (itself.kind != Kind::folder) return itself.kind != Kind::unreadable;
  const FolderNames listing = list(app / inner);
  if (!listing.trouble.empty() || listing.cut) return false;
  for (const std::string& name : listing.names) {
    if (!counts(name)) continue;
    const FileLook found = look(app / inner / name);
    if (found.kind == Kind::unreadable) return false;
    if (found.kind == Kind::file) sight.stamps->emplace(inner + '/' + name, found.stamp);
  }
  return true;
}

FileLook Watcher::look(const fs::path& path) {
  FileLook found = view_.look(path);
  if (found.kind == Kind::unreadable)
    troubles_.insert("cannot read " + path.string() + ": " + found.trouble);
  return found;
}

FolderNames Watcher::list(const fs::path& folder) {
  FolderNames found = view_.list(folder, entries_left_);
  entries_left_ -= found.names.size();
  over_limit_ = over_limit_ || found.cut;
  if (!found.trouble.empty())
    troubles_.insert("cannot list " + folder.string() + ": " + found.trouble);
  return found;
}

// What was not said of the scan before.
void Watcher::warn(Changes& changes) {
  if (over_limit_)
    troubles_.insert("more than " + std::to_string(options_.max_entries) +
                     " files and folders to watch: applications beyond that are not seen");
  std::set_difference(troubles_.begin(), troubles_.end(), told_troubles_.begin(),
                      told_troubles_.end(), std::back_inserter(changes.warnings));
  told_troubles_ = troubles_;
}

}  // namespace container
