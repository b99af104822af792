// Views of a Dispatcher from Mustache templates. Not part of plugin.h, as it needs kainjow-mustache
// (Debian: libkainjow-mustache-dev).
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <string_view>

#include <margay/config.h>
#include <margay/handler_call.h>
#include <margay/template_folder.h>

namespace margay {

namespace detail {

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
// {{csrf}} is the token of the filter `csrf` where there is one, unless the model has that name.
//
// Each view is read once; a render asks at most every `check` whether its files have changed. At
// most 1024 views are kept, further ones are read each time; a file has at most 1 MiB, and partials
// are at most 16 deep and 256 in one page. Many threads at once.
class Templates : public Views {
 public:
  explicit Templates(const Config& config, std::string_view folder = "templates",
                     std::chrono::milliseconds check = std::chrono::seconds(1))
      : folder_(std::filesystem::path(config.folder()) / folder), check_(check) {
    if (!std::filesystem::is_directory(folder_.path()))
      throw std::runtime_error("there is no folder " + folder_.path().string() + " for templates");
  }

  void render(const View& view, Response& response) const override {
    const auto compiled = find(view.name);
    std::string text;
    auto data = detail::mustache_data(view.model);
    // Only a template that comes to it asks for the token, as who asks gets a session.
    if (!view.model.contains(kToken))
      data.set(kToken, kainjow::mustache::lambda{[&](const std::string&) {
                 const margay_str token =
                     response.host().attribute(&response.exchange(), str("margay.csrf.token"));
                 return std::string(margay::view(token));
               }});
    // Rendering changes nothing of a template: this lambda gives nothing that could fail.
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
  static constexpr const char* kToken = "csrf";

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
    if (known == nullptr || !known->is_current()) known = folder_.compile(name);
    const std::unique_lock lock(mutex_);
    if (kept_.size() < kMostViews || kept_.contains(name)) kept_[name] = {known, now};
    return known;
  }

  detail::TemplateFolder folder_;
  std::chrono::milliseconds check_;
  mutable std::shared_mutex mutex_;  // guards kept_
  mutable std::map<std::string, Kept, std::less<>> kept_;
};

}  // namespace margay
