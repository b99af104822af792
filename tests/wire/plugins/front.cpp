// A front controller with a handler for each thing that it can do, and one that is set up wrong.
#include <margay/dispatcher.h>
#include <margay/plugin.h>
#include <margay/view.h>

#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace {

struct Post {
  int id = 0;
  std::string title;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Post, id, title)

// What a parameter of one's own is made of.
struct User {
  std::string name;
};

struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct VeryBroken : Broken {
  using Broken::Broken;
};
struct Unknown : std::exception {
  const char* what() const noexcept override { return "unknown to all handlers"; }
};

std::mutex mutex;   // guards trail
std::string trail;  // what interceptors have done; any thread

void note(const std::string& text) {
  const std::scoped_lock lock(mutex);
  trail += text + " ";
}

// Notes its moments under a name; refuses where the query says so.
class Noting : public margay::HandlerInterceptor {
 public:
  explicit Noting(std::string name) : name_(std::move(name)) {}
  bool pre_handle(margay::Request& request, margay::Response& response) override {
    note("pre-" + name_);
    if (request.parameter("throw") == name_) throw Broken("thrown by pre-" + name_);
    if (request.parameter("stop") != name_) return true;
    response.status(403).write("stopped by " + name_);
    return false;
  }
  void post_handle(margay::Request& request, margay::Response&, margay::View* view) override {
    note("post-" + name_);
    if (request.parameter("after") == name_) throw Broken("thrown by post-" + name_);
    if (view != nullptr) view->model["by"] = name_;
  }
  void after_completion(margay::Request& request, margay::Response&,
                        const std::exception* error) override {
    note("after-" + name_ + (error == nullptr ? "" : "(" + std::string(error->what()) + ")"));
    if (request.parameter("complete") == name_) throw Broken("thrown by after-" + name_);
  }
  void suspended(margay::Request&, margay::Response&) override { note("suspended-" + name_); }

 private:
  std::string name_;
};

class Posts {
 public:
  margay::View show(margay::PathParam<"id", int> id) const {
    return {"posts/show", {{"id", *id}, {"title", "<b>\"Bread & butter\"</b>"}}};
  }
  std::optional<Post> as_json(margay::PathParam<"id", int> id) const {
    if (*id > 99) return std::nullopt;
    return Post{*id, "Bread"};
  }
  margay::Reply<Post> add(margay::JsonBody<Post> post, const margay::Request& request) {
    return {
        201, *post, {{"Location", std::string(request.path()) + "/" + std::to_string(post->id)}}};
  }
};

class Front : public margay::Dispatcher {
 public:
  explicit Front(const margay::Config& config) : Dispatcher(config) {
    views<margay::Templates>(config, "templates", std::chrono::milliseconds(0));
    map_paths();
    map_parameters();
    map_results();
    map_errors();
    map_interceptors();
  }

 private:
  void map_paths() {
    auto posts = group("/posts");
    posts.get("/{id}", &Posts::as_json).produces("application/json");
    posts.get("/{id}", &Posts::show).produces("text/html");
    posts.get("/new", [] { return "the form"; });
    posts.put("/{id}", [](margay::PathParam<"id"> id) { return "put " + std::string(*id); });
    posts.post("", &Posts::add);
    posts.post("", [](margay::Form<"title"> title) { return "form " + *title; })
        .consumes("application/x-www-form-urlencoded");
    get("/", [] { return "root"; });
    get("/tree/*", [](margay::Request& request) { return "below " + std::string(request.path()); });
    get("/tree/{a}/{b...}", [](margay::PathParam<"a"> a, margay::PathParam<"b"> b) {
      return std::string(*a) + "|" + std::string(*b);
    });
    get("/tree/a/b", [] { return "literal"; });
    get("/cached", [] { return "kept"; }).cache_seconds(60);
    get("/fresh", [] { return "new"; }).cache_seconds(0);
    any("/any", [](margay::Request& request) { return std::string(request.method()); });
    auto admin = actions("/admin/*");
    admin.action("list", &Front::list).action("remove", [] { return "removed"; });
    admin.action("", [] { return "overview"; }).cache_seconds(0);
    actions("/read/*").action("list", &Front::list).methods({"GET", "HEAD"});
  }

  std::string list(margay::QueryParam<"page", std::optional<int>> page) {
    return "page " + std::to_string(page->value_or(1));
  }

  void map_parameters() {
    get("/sum", [](margay::QueryParam<"n", std::vector<int>> all, margay::QueryParam<"unit"> unit) {
      int sum = 0;
      for (const int n : *all) sum += n;
      return std::to_string(sum) + " " + *unit;
    });
    get("/who", [](User user, margay::Header<"X-Level", int> level,
                   const margay::CookieValue<"taste", std::optional<std::string>>& taste) {
      return user.name + " " + std::to_string(*level) + " " + taste->value_or("plain");
    });
    get("/visits", [](margay::HttpSession session) {
      const int visits = session.get<int>("visits").value_or(0) + 1;
      session.set("visits", visits);
      return "visit " + std::to_string(visits);
    });
    get("/visited",
        [](std::optional<margay::HttpSession> session) { return session ? "known" : "unknown"; });
    get("/flag/{on}", [](margay::PathParam<"on", bool> on) { return on ? "on" : "off"; });
    post("/form", [](margay::Form<"a", std::optional<int>> a, margay::Form<"b"> b) {
      return *b + " " + std::to_string(a->value_or(-1));
    });
  }

  void map_results() {
    get("/go", [] { return margay::Redirect{"~/there"}; });
    get("/nothing", [] { return margay::Status{204}; });
    get("/either", [](margay::QueryParam<"n", int> n) -> std::variant<Post, margay::Redirect> {
      if (*n == 0) return margay::Redirect{"/zero", 302};
      return Post{*n, "either"};
    });
    get("/plain", [](margay::Model& model) { model["title"] = "by <name>"; });
    get("/mixed", [](margay::Model& model) {
      model = {{"title", "first"}, {"more", {"a", "b"}}};
      return margay::View{"plain", {{"title", "second"}}};
    });
    get("/missing", [] { return margay::View{"not/there"}; });
    get("/traversal", [] { return margay::View{"../app"}; });
    get("/later", [this](margay::Async async, margay::QueryParam<"text"> text) {
      worker_ = std::thread([its = std::move(async), said = *text]() mutable {
        its.run([said](margay::Response& response) {
          response.write(said);
          response.finish();
        });
      });
      worker_.join();
    });
    get("/later/broken", [](margay::Async) { throw Broken("later"); });
    get("/tagged", [](margay::Request& request, margay::Response& response) {
      if (margay::check_not_modified(request, response, "\"v7\"",
                                     margay::LastModified(std::chrono::seconds(784111777))))
        return;
      response.write("whole");
    });
    put("/tagged", [](margay::Request& request, margay::Response& response) {
      if (!margay::check_not_modified(request, response, "\"v7\"")) response.write("changed");
    });
    put("/dated", [](margay::Request& request, margay::Response& response) {
      if (!margay::check_not_modified(request, response, "",
                                      margay::LastModified(std::chrono::seconds(784111777))))
        response.write("changed");
    });
  }

  void map_errors() {
    on_error<std::exception>([](const std::exception& error, margay::Response& response) {
      if (dynamic_cast<const Unknown*>(&error) != nullptr ||
          dynamic_cast<const margay::ParameterError*>(&error) != nullptr ||
          dynamic_cast<const margay::StatusError*>(&error) != nullptr)
        throw;
      response.status(500).write(std::string("global exception: ") + error.what());
    });
    auto errors = group("/errors");
    errors.on_error<Broken>([](const Broken& error) {
      return margay::Reply{418, std::string("broken: ") + error.what()};
    });
    errors.on_error<VeryBroken>([](const VeryBroken& error, margay::Request& request) {
      return margay::Reply{
          418, "very broken: " + std::string(error.what()) + " " + std::string(request.path())};
    });
    errors.get("/broken", []() -> std::string { throw Broken("1"); }).cache_seconds(60);
    errors.get("/very", []() -> std::string { throw VeryBroken("2"); });
    errors.get("/logic", []() -> std::string { throw std::logic_error("3"); });
    errors.get("/unknown", []() -> std::string { throw Unknown(); });
    errors.get("/number", []() -> std::string { throw 5; });
    auto inner = errors.group("/inner");
    inner.on_error<margay::StatusError>([](const margay::StatusError& error) {
      return margay::Reply{error.status(), std::string("inner: ") + error.what()};
    });
    inner.get("/status", []() -> std::string { throw margay::StatusError(409, "taken"); });
    inner.get("/very", []() -> std::string { throw VeryBroken("4"); });
    get("/error-page", [](margay::Request& request) {
      return "page for " + std::to_string(request.error_status());
    });
  }

  void map_interceptors() {
    intercept<Noting>("a").on("/noted/*").on("/errors/*");
    intercept<Noting>("b").on("/noted/*").except("/noted/alone");
    get("/noted", [] { return "noted"; });
    get("/noted/alone", [] { return "alone"; });
    get("/noted/view", [](margay::Model&) {});
    get("/noted/later", [](margay::Async async) { async.finish(); });
    get("/noted/later/broken", [](margay::Async) { throw Broken("handler"); });
    get("/noted/broken", []() -> std::string { throw Broken("handler"); });
    get("/noted/unknown", []() -> std::string { throw Unknown(); });
    get("/trail", [] {
      const std::scoped_lock lock(mutex);
      return std::exchange(trail, {});
    });
  }

  std::thread worker_;
};

// The same without handlers for all exceptions.
class Strict : public margay::Dispatcher {
 public:
  explicit Strict(const margay::Config& config) : Dispatcher(config) {
    get("/strict/status", []() -> std::string { throw margay::StatusError(409, "taken"); });
    get("/strict/logic", []() -> std::string { throw std::logic_error("nobody's"); });
    get("/strict/{id}", [](margay::PathParam<"id", int> id) { return std::to_string(*id); });
    get("/strict", [](margay::QueryParam<"q", int> q) { return std::to_string(*q); });
    post("/strict", [](margay::JsonBody<Post> post) { return *post; });
  }
};

// What is wrong is the parameter "fault".
class Wrong : public margay::Dispatcher {
 public:
  explicit Wrong(const margay::Config& config) : Dispatcher(config) {
    const auto fault = config.require("fault");
    const auto text = [] { return "text"; };
    if (fault == "twin") {
      get("/a/{x}", text);
      get("/a/{y}", text);
    } else if (fault == "variable") {
      get("/a/{x}", [](margay::PathParam<"y"> y) { return std::string(*y); });
    } else if (fault == "pattern") {
      get("/a/**", text);
    } else if (fault == "type") {
      get("/a", text).produces("text/*");
    } else if (fault == "error") {
      on_error<Broken>([](const Broken&) {}).on_error<Broken>([](const Broken&) {});
    }
  }
};

}  // namespace

template <>
struct margay::Argument<User> {
  static User of(margay::HandlerCall& call) {
    const auto name = call.request.header("x-user");
    if (name.empty()) throw margay::StatusError(401, "Who are you?");
    return {std::string(name)};
  }
};

MARGAY_PLUGIN("front", "1", margay::endpoint<Front>("front"), margay::endpoint<Strict>("strict"),
              margay::endpoint<Wrong>("wrong"))
