// A guestbook: pages from templates, users and entries in SQLite, errors in the site's own look.
// Who may do what stands in app.xml; this asks the server who somebody is.
#include <margay/dispatcher.h>
#include <margay/plugin.h>
#include <margay/realm.h>
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
#include "users.h"

namespace guestbook {
namespace {

constexpr std::size_t kShortestName = 2, kLongestName = 30;            // letters
constexpr std::size_t kShortestPassword = 8, kLongestPassword = 1000;  // bytes
constexpr std::size_t kLongestText = 2000;                             // bytes

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

// What is wrong, in words for who sent it; empty: nothing.
std::string fault_of(const std::string& text) {
  if (text.empty()) return "Please write something.";
  if (text.size() > kLongestText) return "That is too long; 2000 letters are the most.";
  return {};
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

std::string fault_of(const std::string& name, const std::string& password) {
  if (name.size() < kShortestName || name.size() > kLongestName ||
      !std::all_of(name.begin(), name.end(), is_letter))
    return "A name has 2 to 30 letters from a to z, digits, - and _.";
  if (password.size() < kShortestPassword) return "A password has 8 letters at least.";
  if (password.size() > kLongestPassword) return "That password is too long.";
  return {};
}

std::string database_file(const margay::Config& config) {
  const std::filesystem::path file =
      std::filesystem::path(config.folder()) / config.get("database", "data/guestbook.db");
  std::filesystem::create_directories(file.parent_path());
  return file.string();
}

// Gives every page what the layout needs: where the application is, and who looks at it.
class Site : public margay::HandlerInterceptor {
 public:
  void post_handle(margay::Request& request, margay::Response&, margay::View* view) override {
    if (view == nullptr) return;
    view->model["base"] = request.context_path();
    if (!request.principal().empty()) view->model["user"] = request.principal();
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
        users_(database_file(config)),
        page_size_(config.integer<int>("pageSize", 10, 1, 100)) {
    views<margay::Templates>(config);
    intercept<Site>();
    get("/", &Guestbook::list);
    get("/write", &Guestbook::form);
    post("/write", &Guestbook::add);
    get("/login", &Guestbook::log_in);
    get("/register", &Guestbook::sign_up_form);
    post("/register", &Guestbook::sign_up);
    post("/logout", &Guestbook::log_out);
    get("/entries/{id}", &Guestbook::show).produces("text/html");
    get("/entries/{id}", &Guestbook::as_json).produces("application/json");
    get("/error", &Guestbook::error).produces("text/html");
  }

 private:
  using Before = margay::QueryParam<"before", std::optional<std::int64_t>>;
  using Failed = margay::QueryParam<"failed", std::optional<std::string>>;
  using Id = margay::PathParam<"id", std::int64_t>;
  using Answer = std::variant<margay::Redirect, margay::Reply<margay::View>>;

  margay::View list(Before before) { return page(before->value_or(0)); }

  // Only for who has logged in, as app.xml says of /write. What somebody writes who has not is kept
  // by the server while they do.
  margay::View form() { return {"write", {{"title", "Write an entry"}}}; }

  // A good entry is answered with a redirect, so that "reload" does not write it again.
  Answer add(const margay::Request& request, margay::Form<"text"> text) {
    const std::string its_text = trimmed(*text);
    const std::string fault = fault_of(its_text);
    if (fault.empty()) {
      const auto id = entries_.add(request.principal(), its_text);
      return margay::Redirect{"~/#entry-" + std::to_string(id)};
    }
    return margay::Reply{
        422,
        margay::View("write", {{"title", "Write an entry"}, {"fault", fault}, {"text", its_text}})};
  }

  // The page with the form whose fields the server takes itself, at j_security_check.
  Answer log_in(const margay::Request& request, Failed failed) {
    if (!request.principal().empty()) return margay::Redirect{"~/"};
    margay::Model model = {{"title", "Log in"}};
    if (*failed) model["fault"] = "That is no name and password that we know.";
    return margay::Reply{200, margay::View("login", std::move(model))};
  }

  margay::View sign_up_form() { return {"register", {{"title", "Sign up"}}}; }

  Answer sign_up(margay::Request& request, margay::Form<"name"> name,
                 margay::Form<"password"> password) {
    std::string fault = fault_of(*name, *password);
    if (fault.empty()) {
      switch (users_.add(*name, *password)) {
        case Users::Added::yes:
          request.login(*name, *password);
          return margay::Redirect{"~/"};
        case Users::Added::taken:
          fault = "Somebody has that name already.";
          break;
        case Users::Added::full:
          fault = "The book takes no more people.";
          break;
      }
    }
    return margay::Reply{
        422, margay::View("register", {{"title", "Sign up"}, {"fault", fault}, {"name", *name}})};
  }

  margay::Redirect log_out(margay::Request& request) {
    request.logout();
    return {"~/"};
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
  Users users_;
  int page_size_;
};

// The server asks it who may log in.
class Members : public margay::Realm {
 public:
  explicit Members(const margay::Config& config) : users_(database_file(config)) {}

  std::optional<margay::Identity> authenticate(std::string_view user, std::string_view password,
                                               std::string_view) override {
    const auto name = users_.check(user, password);
    if (!name) return std::nullopt;
    return margay::Identity{*name, {"member"}};
  }

 private:
  Users users_;
};

}  // namespace guestbook

MARGAY_PLUGIN("guestbook", "1.0", margay::endpoint<guestbook::Guestbook>("guestbook"),
              margay::realm<guestbook::Members>("members"))
