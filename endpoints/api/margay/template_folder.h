// Mustache templates in a folder: read with their layouts and partials. Needs kainjow-mustache.
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <margay/text.h>
#include <kainjow/mustache.hpp>

namespace margay::detail {

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

// Nothing but the folder's path; any thread.
class TemplateFolder {
 public:
  explicit TemplateFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}
  const std::filesystem::path& path() const { return folder_; }

  // Throws std::runtime_error, which names the template and what is wrong with it.
  std::shared_ptr<const CompiledView> compile(const std::string& name) const {
    auto compiled = std::make_shared<CompiledView>();
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

 private:
  static constexpr off_t kMostBytes = 1024 * 1024;
  static constexpr int kDeepest = 16;
  static constexpr std::size_t kMostFiles = 256;  // that make one page, each as often as it is used

  // The text of a template with its layout and partials; `content` is what a layout is around.
  std::string read(const std::string& name, CompiledView& into,
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
      const std::string partial(trimmed(std::string_view(text).substr(open + 3, close - open - 3)));
      whole += partial == "content" && content ? *content : read(partial, into, content, depth + 1);
      at = close + 2;
    }
    return layout.empty() ? whole : read(layout, into, whole, depth + 1);
  }

  std::string load(const std::string& name, CompiledView& into) const {
    const std::filesystem::path path = file_of(name);
    const auto file = ReadFile::of(path);
    if (!file) throw std::runtime_error("template '" + name + "' is missing: " + path.string());
    if (file->size > kMostBytes)
      throw std::runtime_error("template '" + name + "' is longer than 1 MiB: " + path.string());
    if (into.files.size() == kMostFiles)
      throw std::runtime_error("template '" + name + "' is one of more than 256 in one page");
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
    std::string_view comment = trimmed(std::string_view(text).substr(3, close - 3));
    if (!comment.starts_with(kMark)) return {};
    return std::string(trimmed(comment.substr(kMark.size())));
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
};

}  // namespace margay::detail
