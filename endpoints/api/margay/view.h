// Views of a Dispatcher from Mustache templates. Not part of plugin.h, as it needs kainjow-mustache
// (Debian: libkainjow-mustache-dev).
#pragma once

#include <sys/stat.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <margay/config.h>
#include <margay/handler_call.h>
#include <kainjow/mustache.hpp>

namespace margay {

namespace detail {

// A file as it was when it was read.
struct ReadFile {
  std::filesystem::path path;
  timespec modified{};
  off_t size = 0;
  ino_t inode = 0;

  bool operator==(const ReadFile& other) const {
    return path == other.path && size == other.size && inode == other.inode &&
           modified.tv_sec == other.modified.tv_sec && modified.tv_nsec == other.modified.tv_nsec;
  }
  static std::optional<ReadFile> of(const std::filesystem::path& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
    return ReadFile{path, found.st_mtim, found.st_size, found.st_ino};
  }
};

// A template with its layout and partials, in one piece.
struct CompiledView {
  std::vector<ReadFile> files;  // what it was made from
  std::unique_ptr<kainjow::mustache::mustache> mustache;
  std::string_view type;

  bool is_current() const {
    for (const ReadFile& file : files)
      if (ReadFile::of(file.path) != file) return false;
    return true;
  }
};

inline kainjow::mustache::data mustache_data(const nlohmann::json& value) {
  using kainjow::mustache::data;
  switch (value.type()) {
    case nlohmann::json::value_t::object: {
      data object(data::type::object);
      for (const auto& [name, member] : value.items()) object.set(name, mustache_data(member));
      return object;
    }
    case nlohmann::json::value_t::array: {
      data list(data::type::list);
      for (const auto& member : value) list.push_back(mustache_data(member));
      return list;
    }
    case nlohmann::json::value_t::string: {
      const auto& text = value.get_ref<const std::string&>();
      return text.empty() ? data(false) : data(text);
    }
    case nlohmann::json::value_t::boolean:
      return data(value.get<bool>());
    case nlohmann::json::value_t::null:
      return data(false);
    default:
      return data(value.dump());
  }
}

}  // namespace detail

// Mustache templates (mustache(5)) in a folder of the application. The view "posts/show" is
// posts/show.html there; a name with an extension is that file. {{name}} is escaped for HTML,
// {{{name}}} is not; an empty text, null and false are nothing for {{#name}}, and text for
// {{^name}}.
//
// {{> name}} stands for another template, put in its place when the template is read. A template
// that begins with {{! layout: name }} is put into that one, where it says {{> content}}.
//
// Each view is read once; a render asks at most every `check` whether its files have changed. At
// most 1024 views are kept, further ones are read each time; a file has at most 1 MiB, and partials
// are at most 16 deep. Many threads at once.
class Templates : public Views {
 public:
  explicit Templates(const Config& config, std::string_view folder = "templates",
                     std::chrono::milliseconds check = std::chrono::seconds(1))
      : folder_(std::filesystem::path(config.folder()) / folder), check_(check) {
    if (!std::filesystem::is_directory(folder_))
      throw std::runtime_error("there is no folder " + folder_.string() + " for templates");
  }

  void render(const View& view, Response& response) const override {
    const auto compiled = find(view.name);
    std::string text;
    const auto data = detail::mustache_data(view.model);
    // Rendering changes nothing of a template without lambdas, which JSON does not have.
    compiled->mustache->render(data, [&](const std::string& piece) { text += piece; });
    if (response.header("Content-Type").empty()) response.type(compiled->type);
    response.write(text);
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Compiled = std::shared_ptr<const detail::CompiledView>;
  struct Kept {
    Compiled view;
    Clock::time_point checked;
  };
  static constexpr std::size_t kMostViews = 1024;
  static constexpr off_t kMostBytes = 1024 * 1024;
  static constexpr int kDeepest = 16;

  Compiled find(const std::string& name) const {
    const auto now = Clock::now();
    Compiled known;
    {
      const std::shared_lock lock(mutex_);
      const auto at = kept_.find(name);
      if (at != kept_.end()) {
        if (now - at->second.checked < check_) return at->second.view;
        known = at->second.view;
      }
    }
    if (known == nullptr || !known->is_current()) known = compile(name);
    const std::unique_lock lock(mutex_);
    if (kept_.size() < kMostViews || kept_.contains(name)) kept_[name] = {known, now};
    return known;
  }

  Compiled compile(const std::string& name) const {
    auto compiled = std::make_shared<detail::CompiledView>();
    const std::string text = read(name, *compiled, std::nullopt, 0);
    compiled->mustache = std::make_unique<kainjow::mustache::mustache>(text);
    if (!compiled->mustache->is_valid())
      throw std::runtime_error("template '" + name + "' (" + file_of(name).string() +
                               "): " + compiled->mustache->error_message());
    compiled->type = type_of(file_of(name).extension().string());
    if (compiled->type.starts_with("text/plain"))
      compiled->mustache->set_custom_escape([](const std::string& plain) { return plain; });
    return compiled;
  }

  // The text of a template with its layout and partials; `content` is what a layout is around.
  std::string read(const std::string& name, detail::CompiledView& into,
                   const std::optional<std::string>& content, int depth) const {
    if (depth > kDeepest)
      throw std::runtime_error("template '" + name + "': more than 16 partials within one another");
    std::string text = load(name, into);
    const std::string layout = layout_of(text);
    if (!layout.empty()) text.erase(0, text.find("}}") + 2);
    if (!layout.empty() && text.starts_with('\n')) text.erase(0, 1);
    std::string whole;
    for (std::size_t at = 0;;) {
      const std::size_t open = text.find("{{>", at);
      const std::size_t close = text.find("}}", open);
      if (close == text.npos) {
        whole.append(text, at);
        break;
      }
      whole.append(text, at, open - at);
      const std::string partial(
          detail::trimmed(std::string_view(text).substr(open + 3, close - open - 3)));
      whole += partial == "content" && content ? *content : read(partial, into, content, depth + 1);
      at = close + 2;
    }
    return layout.empty() ? whole : read(layout, into, whole, depth + 1);
  }

  std::string load(const std::string& name, detail::CompiledView& into) const {
    const std::filesystem::path path = file_of(name);
    const auto file = detail::ReadFile::of(path);
    if (!file) throw std::runtime_error("template '" + name + "' is missing: " + path.string());
    if (file->size > kMostBytes)
      throw std::runtime_error("template '" + name + "' is longer than 1 MiB: " + path.string());
    into.files.push_back(*file);
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return std::move(text).str();
  }

  // What stands behind "{{! layout:" at the very beginning; empty: none.
  static std::string layout_of(const std::string& text) {
    constexpr std::string_view kMark = "layout:";
    if (!text.starts_with("{{!")) return {};
    const auto close = text.find("}}");
    if (close == text.npos) return {};
    std::string_view comment = detail::trimmed(std::string_view(text).substr(3, close - 3));
    if (!comment.starts_with(kMark)) return {};
    return std::string(detail::trimmed(comment.substr(kMark.size())));
  }

  // Names may come from a path, so nothing leads out of the folder.
  std::filesystem::path file_of(const std::string& name) const {
    bool good = !name.empty() && name.front() != '/';
    for (const auto& part : std::filesystem::path(name))
      good = good && !part.empty() && part.string().front() != '.';
    if (!good || name.find('\0') != name.npos || name.find('\\') != name.npos)
      throw std::runtime_error("'" + name + "' is no name of a template");
    std::filesystem::path path = folder_ / name;
    if (!path.has_extension()) path += ".html";
    return path;
  }

  static std::string_view type_of(std::string_view extension) {
    using Row = std::pair<std::string_view, std::string_view>;
    static constexpr std::array kTypes{Row{".txt", "text/plain;charset=utf-8"},
                                       Row{".xml", "application/xml"}, Row{".svg", "image/svg+xml"},
                                       Row{".rss", "application/rss+xml"}};
    for (const auto& [its, type] : kTypes)
      if (its == extension) return type;
    return "text/html;charset=utf-8";
  }

  std::filesystem::path folder_;
  std::chrono::milliseconds check_;
  mutable std::shared_mutex mutex_;  // guards kept_
  mutable std::map<std::string, Kept, std::less<>> kept_;
};

}  // namespace margay
