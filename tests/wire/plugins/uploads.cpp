// Takes forms with files: as they come on a worker and on a loop, and whole in a dispatcher.
#include <margay/dispatcher.h>
#include <margay/multipart.h>
#include <margay/plugin.h>

#include <atomic>
#include <optional>
#include <string>

namespace {

std::atomic<int> reading{0};  // bodies that are being read now

struct Counted {
  Counted() { ++reading; }
  Counted(Counted&&) noexcept { ++reading; }
  ~Counted() { --reading; }
};

// "name=content" or "name<file:size", separated by blanks; '*' for a file on disk.
std::string described(const margay::Multipart& form) {
  std::string text;
  for (const margay::Part& part : form.parts()) {
    text.append(text.empty() ? "" : " ").append(part.name());
    if (part.is_file())
      text.append("<")
          .append(part.submitted_file_name())
          .append(":")
          .append(std::to_string(part.size()) + (part.is_in_memory() ? "" : "*"));
    else
      text.append("=").append(part.content());
  }
  return text;
}

class OnWorker : public margay::Endpoint {
 public:
  static constexpr auto body = margay::Body::streamed;
  explicit OnWorker(const margay::Config& config)
      : limits_(margay::MultipartConfig::from(config)), folder_(config.folder()) {}

  void service(margay::Request& request, margay::Response& response) override {
    const Counted counted;
    auto form = margay::read_multipart(request, limits_);
    if (request.has_parameter("save")) {
      auto* const file = form.file("file");
      if (file == nullptr) throw margay::StatusError(400, "no file");
      file->save_to(folder_ + "/" + request.parameter("save"));
    }
    response.write(described(form));
  }

 private:
  const margay::MultipartConfig limits_;
  const std::string folder_;
};

class OnLoop : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
  static constexpr auto body = margay::Body::streamed;
  explicit OnLoop(const margay::Config& config) : limits_(margay::MultipartConfig::from(config)) {}

  void service(margay::Request& request, margay::Response& response) override {
    Receiving receiving{{request.header("content-type"), limits_}, response.suspend(), {}};
    if (!receiving(request, response)) request.on_readable(std::move(receiving));
  }

 private:
  struct Receiving {
    margay::MultipartReader reader;
    margay::Async async;
    Counted counted;

    // True when it has answered.
    bool operator()(margay::Request& request, margay::Response& response) {
      if (!reader.read_from(request)) return false;
      response.write(described(reader.finish()));
      response.finish();
      return true;
    }
  };

  const margay::MultipartConfig limits_;
};

class Forms : public margay::Dispatcher {
 public:
  explicit Forms(const margay::Config& config) : Dispatcher(config) {
    multipart(margay::MultipartConfig::from(config));
    post("/forms/all", [](margay::Multipart& form) { return described(form); });
    post("/forms/typed",
         [](margay::Form<"count", int> count, margay::Form<"tag", std::vector<std::string>> tags,
            margay::FormFile<"file"> file,
            margay::FormFile<"more", std::optional<margay::Part>> more) {
           std::string text = std::to_string(*count);
           for (const std::string& tag : *tags) text += " " + tag;
           return text + " " + file->submitted_file_name() + (more ? " and more" : "");
         });
    post("/forms/optional", [](margay::FormFile<"file", std::optional<margay::Part>> file) {
      return file ? "file" : "none";
    });
    get("/forms/reading", [] { return std::to_string(reading); });
  }
};

}  // namespace

MARGAY_PLUGIN("uploads", "1", margay::endpoint<OnWorker>("on-worker"),
              margay::endpoint<OnLoop>("on-loop"), margay::endpoint<Forms>("forms"))
