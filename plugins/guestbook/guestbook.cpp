// A guestbook: pages from templates, users, entries and pictures in SQLite, errors in the site's
// own look. Who may do what stands in app.xml; this asks the server who somebody is.
#include <margay/dispatcher.h>
#include <margay/plugin.h>
#include <margay/realm.h>
#include <margay/view.h>

#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "entries.h"
#include "picture.h"
#include "rules.h"
#include "users.h"

namespace guestbook {
namespace {

// Of a form with a picture. How long it may be as a whole is said in app.xml, by `maxBody`: so this
// holds what has been received already, and a picture that is too large can be refused with words.
margay::MultipartConfig form_limits() {
  constexpr std::size_t kMost = std::size_t{1} << 30U;
  return {.max_file_size = kMost,
          .max_request_size = kMost,
          .file_size_threshold = kMost,  // in memory, where the body is
          .max_part_count = 10};
}

std::string formatted(std::chrono::sys_seconds when, const char* form) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[64];
  return {text, std::strftime(text, sizeof text, form, &utc)};
}

std::string database_file(const margay::Config& config) {
  const std::filesystem::path file =
      std::filesystem::path(config.folder()) / config.get("database", "data/guestbook.db");
  std::filesystem::create_directories(file.parent_path());
  return file.string();
}

// Gives every page what the layout needs: where the application is, and who looks at it. So a page
// is for one visitor, and no cache between may keep it for others.
class Site : public margay::HandlerInterceptor {
 public:
  void post_handle(margay::Request& request, margay::Response& response,
                   margay::View* view) override {
    if (view == nullptr) return;
    response.header("Cache-Control", "private, no-cache");
    view->model["base"] = request.context_path();
    if (!request.principal().empty()) view->model["user"] = request.principal();
  }
};

}  // namespace

// How they look in JSON and in templates. Paths are within the application.
void to_json(nlohmann::json& json, const Picture& picture) {
  json = {{"path", "/pictures/" + picture.name},
          {"type", picture.type},
          {"width", picture.width},
          {"height", picture.height},
          {"alt", picture.alt}};
}
void to_json(nlohmann::json& json, const Entry& entry) {
  json = {{"id", entry.id},
          {"author", entry.author},
          {"text", entry.text},
          {"written", formatted(entry.written, "%Y-%m-%dT%H:%M:%SZ")},
          {"day", formatted(entry.written, "%d %B %Y")}};
  if (entry.picture) json["picture"] = *entry.picture;
}

class Guestbook : public margay::Dispatcher {
 public:
  explicit Guestbook(const margay::Config& config)
      : Dispatcher(config),
        entries_(database_file(config)),
        users_(database_file(config)),
        page_size_(config.integer<int>("pageSize", 10, 1, 100)),
        largest_picture_(static_cast<std::size_t>(config.size("largestPicture", 2 << 20))) {
    multipart(form_limits());
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
    get("/pictures/{name}", &Guestbook::picture);
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
  margay::View form() { return {"write", writing({})}; }

  // A good entry is answered with a redirect, so that "reload" does not write it again. Another one
  // comes back with what is wrong; but for the file, which no page may choose.
  Answer add(const margay::Request& request, margay::Form<"text"> text,
             margay::Form<"alt", std::optional<std::string>> alt,
             margay::FormFile<"picture", std::optional<margay::Part>> file) {
    const std::string its_text = tidied(*text), its_alt = tidied(alt->value_or(""));
    const std::string fault = fault_of_text(its_text), alt_fault = fault_of_alt(its_alt);
    std::optional<Picture> picture;
    std::string picture_fault;
    if (file) {
      picture = read_picture(file->content());
      picture_fault = fault_of(*file, picture);
    }
    if (fault.empty() && alt_fault.empty() && picture_fault.empty()) {
      if (picture) picture->alt = its_alt;
      const std::int64_t id =
          picture ? entries_.add(request.principal(), its_text, *picture, file->content())
                  : entries_.add(request.principal(), its_text);
      return margay::Redirect{"~/#entry-" + std::to_string(id)};
    }
    if (file && picture_fault.empty()) picture_fault = "Please choose the picture once more.";
    return margay::Reply{422, margay::View("write", writing({{"fault", fault},
                                                             {"text", its_text},
                                                             {"picture_fault", picture_fault},
                                                             {"alt_fault", alt_fault},
                                                             {"alt", its_alt}}))};
  }

  std::string fault_of(const margay::Part& file, const std::optional<Picture>& picture) const {
    if (file.size() > largest_picture_)
      return "That picture is too large; " + size_in_words(largest_picture_) + " are the most.";
    if (!picture) return "That is no picture that we can show: we take PNG, JPEG, GIF and WebP.";
    return {};
  }

  // What the form shows beside what was written.
  margay::Model writing(margay::Model model) const {
    model["title"] = "Write an entry";
    model["largest"] = largest_picture_;
    model["largest_in_words"] = size_in_words(largest_picture_);
    return model;
  }

  // The bytes are a stranger's: they have the type that we have seen, and a browser must not look
  // for another one in them. A name is used once, so they can be kept for good.
  void picture(margay::PathParam<"name"> name, margay::Response& response) {
    const auto shown = entries_.picture(*name);
    if (!shown) throw margay::StatusError(404, "There is no such picture.");
    response.type(shown->type)
        .header("X-Content-Type-Options", "nosniff")
        .header("Cache-Control", "public, max-age=31536000, immutable")
        .header("Content-Length", std::to_string(shown->bytes.size()));
    response.write(shown->bytes);
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
    std::string fault = fault_of_member(*name, *password);
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
    const char* const title = status == 404   ? "Nothing here"
                              : status == 413 ? "That is too much at once"
                              : status < 500  ? "That did not work"
                                              : "Our mistake";
    return {"error", {{"title", title}, {"status", status}, {"message", request.error_message()}}};
  }

  margay::View page(std::int64_t before) {
    auto found = entries_.page(before, page_size_ + 1);
    const bool more = found.size() > static_cast<std::size_t>(page_size_);
    if (more) found.pop_back();
    margay::Model model =
        writing({{"count", entries_.count()}, {"entries", found}, {"newest", before == 0}});
    model["title"] = "Guestbook";
    if (more) model["older"] = found.back().id;
    return {"list", std::move(model)};
  }

  Entries entries_;
  Users users_;
  int page_size_;
  std::size_t largest_picture_;
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
