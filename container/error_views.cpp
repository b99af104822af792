// Pages for errors that no <ErrorPage> answers: templates and files, found by their names.
#include "container/error_views.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include <margay/template_folder.h>

#include "server/status.h"

namespace container {

namespace {

namespace fs = std::filesystem;
using kainjow::mustache::data;

constexpr std::uintmax_t kMostBytes = 256 * 1024;

// "404", "4xx" and "5xx".
bool is_view_name(std::string_view name) {
  if (name == "4xx" || name == "5xx") return true;
  return name.size() == 3 && (name[0] == '4' || name[0] == '5') && name[1] >= '0' &&
         name[1] <= '9' && name[2] >= '0' && name[2] <= '9';
}

// The pages in a folder, by the names of views.
template <class Each>
void each_page(const fs::path& folder, Each&& each) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().extension() == ".html" && entry.is_regular_file(ignored) &&
        is_view_name(entry.path().stem().string()))
      each(entry.path());
}

std::string read(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return std::move(text).str();
}

void check_size(const fs::path& file) {
  if (fs::file_size(file) > kMostBytes)
    throw std::runtime_error("the error page " + file.string() + " is longer than 256 KiB");
}

void set(data& into, const char* name, std::string_view value) {
  if (!value.empty()) into.set(name, std::string(value));
}

// What an application tells of its errors, as texts or as objects with `field` and `message`.
data error_list(std::string_view json) {
  data list(data::type::list);
  const auto errors = nlohmann::json::parse(json, nullptr, false);
  if (!errors.is_array()) return list;
  for (const auto& error : errors) {
    data one(data::type::object);
    if (error.is_string()) one.set("message", error.get<std::string>());
    if (error.is_object())
      for (const auto& [name, member] : error.items())
        one.set(name, member.is_string() ? member.get<std::string>() : member.dump());
    list.push_back(one);
  }
  return list;
}

}  // namespace

ErrorViews ErrorViews::of_application(const fs::path& templates, const fs::path& pages) {
  ErrorViews views;
  const margay::detail::TemplateFolder folder(templates);
  each_page(templates / "error", [&](const fs::path& file) {
    check_size(file);
    const std::string name = file.stem().string();
    views.views_[name].compiled = folder.compile("error/" + name);
  });
  each_page(pages / "error", [&](const fs::path& file) {
    check_size(file);
    const auto [at, fresh] = views.views_.try_emplace(file.stem().string());
    if (fresh) at->second.text = read(file);
  });
  std::error_code ignored;
  if (fs::is_regular_file(templates / "error.html", ignored))
    views.views_["error"].compiled = folder.compile("error");
  return views;
}

ErrorViews ErrorViews::of_host(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    throw std::runtime_error("there is no folder " + folder.string());
  ErrorViews views;
  const margay::detail::TemplateFolder templates(folder);
  each_page(folder, [&](const fs::path& file) {
    check_size(file);
    const std::string name = file.stem().string();
    views.views_[name].compiled = templates.compile(name);
  });
  if (fs::is_regular_file(folder / "error.html", ignored))
    views.views_["error"].compiled = templates.compile("error");
  return views;
}

std::vector<fs::path> ErrorViews::files_of_application(const fs::path& templates,
                                                       const fs::path& pages) {
  std::vector<fs::path> files;
  const auto add = [&](const fs::path& file) { files.push_back(file); };
  each_page(templates / "error", add);
  each_page(pages / "error", add);
  std::error_code ignored;
  for (const char* name : {"error.html", "layout.html"})
    if (fs::is_regular_file(templates / name, ignored)) add(templates / name);
  return files;
}

std::vector<fs::path> ErrorViews::files_of_host(const fs::path& folder) {
  std::vector<fs::path> files;
  each_page(folder, [&](const fs::path& file) { files.push_back(file); });
  std::error_code ignored;
  if (fs::is_regular_file(folder / "error.html", ignored)) files.push_back(folder / "error.html");
  return files;
}

const ErrorViews::View* ErrorViews::find(int status) const {
  const auto by_name = [this](std::string_view name) {
    const auto at = views_.find(name);
    return at == views_.end() ? nullptr : &at->second;
  };
  if (const View* view = by_name(std::to_string(status)); view != nullptr) return view;
  if (status >= 400 && status <= 599)
    if (const View* view = by_name(status < 500 ? "4xx" : "5xx"); view != nullptr) return view;
  return by_name("error");
}

void render_error_view(const ErrorViews::View& view, const ErrorReport& report, std::string& out) {
  if (view.compiled == nullptr) {
    out += view.text;
    return;
  }
  data attributes(data::type::object);
  attributes.set("timestamp", timestamp(report.now));
  attributes.set("status", std::to_string(report.status));
  const std::string_view reason = server::reason_phrase(report.status);
  attributes.set("error", std::string(reason.empty() ? "Error" : reason));
  set(attributes, "path", report.path);
  set(attributes, "message", report.message);
  set(attributes, "exception", report.exception);
  set(attributes, "trace", report.trace);
  set(attributes, "server", report.server_info);
  if (!report.errors.empty()) attributes.set("errors", error_list(report.errors));
  // Rendering changes nothing of a template without lambdas, of which there are none here.
  view.compiled->mustache->render(attributes, [&](const std::string& piece) { out += piece; });
}

}  // namespace container
