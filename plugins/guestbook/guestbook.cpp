// A guestbook: pages from templates, entries in SQLite, errors in the site's own look.
#include <margay/dispatcher.h>
#include <margay/plugin.h>
#include <margay/view.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "entries.h"

namespace guestbook {
namespace {

constexpr std::size_t kLongestName = 60;    // bytes
constexpr std::size_t kLongestText = 2000;  // bytes

std::string formatted(std::chrono::sys_seconds when, const char* form) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[64];
  return {text, std::strftime(text, sizeof text, form, &utc)};
}

// Without white space at both ends.
std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin));
}

// What is wrong with an entry, in words for its author; empty: nothing.
std::string fault_of(const std::string& author, const std::string& text) {
  if (author.empty()) return "Please say who you are.";
  if (author.size() > kLongestName) return "That name is too long.";
  if (text.empty()) return "Please write something.";
  if (text.size() > kLongestText) return "That is too long; 2000 letters are the most.";
  return {};
}

std::string database_file(const margay::Config& config) {
  const std::filesystem::path file =
      std::filesystem::path(config.folder()) / config.get("database", "data/guestbook.db");
  std::filesystem::create_directories(file.parent_path());
  return file.string();
}

// Gives every page what the layout needs: where the application is.
class Site : public margay::HandlerInterceptor {
 public:
  void post_handle(margay::Request& request, margay::Response&, margay::View* view) override {
    if (view != nullptr) view->model["base"] = request.context_path();
  }
};

}  // namespace

// How entries look in JSON and in templates.
void to_json(nlohmann::json& json, const Entry& entry) {
  json = {{"id", entry.id},
          {"author", entry.author},
          {"text", entry.text},
          {"written", formatted(entry.written, "%Y-%m-%dT%H:%M:%SZ")},
          {"day", formatted(entry.written, "%d %B %Y")}};
}

class Guestbook : public margay::Dispatcher {
 public:
  explicit Guestbook(const margay::Config& config)
      : Dispatcher(config),
        entries_(database_file(config)),
        page_size_(config.integer<int>("pageSize", 10, 1, 100)) {
    views<margay::Templates>(config);
    intercept<Site>();
    get("/", &Guestbook::list);
    post("/entries", &Guestbook::add);
    get("/entries/{id}", &Guestbook::show).produces("text/html");
    get("/entries/{id}", &Guestbook::as_json).produces("application/json");
    get("/error", &Guestbook::error).produces("text/html");
  }

 private:
  using Before = margay::QueryParam<"before", std::optional<std::int64_t>>;
  using Id = margay::PathParam<"id", std::int64_t>;

  margay::View list(Before before) { return page(before->value_or(0)); }

  // A good entry is answered with a redirect, so that "reload" does not write it again.
  std::variant<margay::Redirect, margay::Reply<margay::View>> add(margay::Form<"author"> author,
                                                                  margay::Form<"text"> text) {
    const std::string its_author = trimmed(*author);
    const std::string its_text = trimmed(*text);
    const std::string fault = fault_of(its_author, its_text);
    if (fault.empty()) {
      const auto id = entries_.add(its_author, its_text);
      return margay::Redirect{"~/#entry-" + std::to_string(id)};
    }
    margay::View again = page(0);
    again.model.update({{"fault", fault}, {"author", its_author}, {"text", its_text}});
    return margay::Reply{422, std::move(again)};
  }

  margay::View show(Id id) {
    const auto entry = entries_.find(*id);
    if (!entry) throw margay::StatusError(404, "There is no such entry.");
    return {"entry", {{"title", entry->author}, {"entry", *entry}}};
  }
  std::optional<Entry> as_json(Id id) { return entries_.find(*id); }

  margay::View error(const margay::Request& request) {
    const int status = request.error_status();
    const char* const title = status == 404  ? "Nothing here"
                              : status < 500 ? "That did not work"
                                             : "Our mistake";
    return {"error", {{"title", title}, {"status", status}, {"message", request.error_message()}}};
  }

  margay::View page(std::int64_t before) {
    auto found = entries_.page(before, page_size_ + 1);
    const bool more = found.size() > static_cast<std::size_t>(page_size_);
    if (more) found.pop_back();
    margay::Model model = {{"title", "Guestbook"},
                           {"count", entries_.count()},
                           {"entries", found},
                           {"newest", before == 0}};
    if (more) model["older"] = found.back().id;
    return {"list", std::move(model)};
  }

  Entries entries_;
  int page_size_;
};

}  // namespace guestbook

MARGAY_PLUGIN("guestbook", "1.0", margay::endpoint<guestbook::Guestbook>("guestbook"))
