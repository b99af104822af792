// Types that tell their log when they come and go, wait for files, and share what they have.
#include <margay/plugin.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

bool exists(const margay::Config& config, std::string_view parameter) {
  const std::string_view file = config.get(parameter);
  return file.empty() || std::filesystem::exists(file);
}

void await(const margay::Config& config, std::string_view parameter) {
  while (!exists(config, parameter)) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

// Says its name when it comes and when it goes.
class Marked {
 public:
  explicit Marked(const margay::Config& config)
      : name_(config.name()), log_(config.logger()), failing_(config.get("fail")) {
    if (failing_ == "create") throw std::runtime_error(name_ + " does not want to");
    log_.info(name_ + " made");
    await(config, "until");
  }
  ~Marked() { log_.info(name_ + " gone"); }
  Marked(const Marked&) = delete;
  Marked& operator=(const Marked&) = delete;

  void say(const std::string& text) const { log_.info(name_ + " " + text); }
  const std::string& failing() const { return failing_; }

 private:
  const std::string name_;
  const margay::Logger log_;
  const std::string failing_;
};

// What the application's types share.
struct Pool {
  explicit Pool(margay::Logger its) : log(its) {}
  ~Pool() { log.info("pool closed after " + std::to_string(taken.load())); }
  std::atomic<int> taken{0};
  margay::Logger log;
};

class Diary final : public margay::ApplicationListener {
 public:
  explicit Diary(const margay::Config& config) : marked_(config), log_(config.logger()) {}

  void started(margay::Application& application) override {
    marked_.say("started");
    if (marked_.failing() == "start") throw std::runtime_error("the database is gone");
    application.set("greeting", "hello from " + std::string(application.parameter("who", "?")));
    application.share("pool", std::make_shared<Pool>(log_));
  }
  void stopping(margay::Application& application) override {
    marked_.say(application.get("greeting") ? "stopping with attributes" : "stopping without");
    if (marked_.failing() == "stop") throw std::runtime_error("stopping went wrong");
  }

 private:
  Marked marked_;
  margay::Logger log_;
};

class Guest final : public margay::Filter {
 public:
  static constexpr auto dispatch = margay::Dispatch::worker;
  explicit Guest(const margay::Config& config) : marked_(config) {}
  void head(const margay::Request&, margay::Head& head) override { head.add("X-Filter", name_); }

 private:
  Marked marked_;
  std::string name_ = "guest";
};

class Plain final : public margay::Endpoint {
 public:
  explicit Plain(const margay::Config& config) : marked_(config) {}
  void service(margay::Request& request, margay::Response& response) override {
    marked_.say("serves " + std::string(request.path()));
    response.write("plain");
  }

 private:
  Marked marked_;
};

// ?set=NAME&value=V, ?remove=NAME, ?get=NAME, ?pool, ?parameter=NAME, ?folder
class Shared final : public margay::Endpoint {
 public:
  explicit Shared(const margay::Config& config) : config_(config), application_(config) {}

  void service(margay::Request& request, margay::Response& response) override {
    const std::string set(request.parameter("set")), remove(request.parameter("remove")),
        get(request.parameter("get")), parameter(request.parameter("parameter"));
    if (!set.empty()) {
      response.write(application_.set(set, request.parameter("value")) ? "set" : "full");
    } else if (!remove.empty()) {
      application_.remove(remove);
    } else if (!get.empty()) {
      response.write(application_.get(get).value_or("nothing"));
    } else if (!parameter.empty()) {
      response.write(std::string(config_.get(parameter)) + "|" +
                     std::string(application_.parameter(parameter)));
    } else if (request.query() == "folder") {
      std::ofstream(std::string(application_.work_folder()) + "/file") << "written";
      response.write(application_.work_folder());
    } else {
      const auto pool = application_.shared<Pool>("pool");
      const bool is_typed = application_.shared<int>("pool") != nullptr;
      response.write(pool == nullptr ? "no pool"
                                     : std::to_string(++pool->taken) + (is_typed ? "?" : ""));
    }
  }

 private:
  const margay::Config config_;
  const margay::Application application_;
};

// Unavailable until the file `until-there` is there; ?leave=SECONDS leaves, ?later does so later.
class Moody final : public margay::Endpoint {
 public:
  explicit Moody(const margay::Config& config) : log_(config.logger()) {
    log_.info("moody is tried");
    margay::Application(config).share("half", std::make_shared<Pool>(log_));
    margay::on_session_change(config, [this](const margay::SessionChange&) { ++sessions_; });
    if (exists(config, "until-there")) return;
    if (config.get("never", false)) throw margay::Unavailable::permanently("it was taken down");
    if (config.get("odd", false)) throw std::runtime_error("odd");
    throw margay::Unavailable(std::chrono::seconds(1), "the database sleeps");
  }
  void service(margay::Request& request, margay::Response& response) override {
    log_.info("moody is called");
    const int leave = std::stoi(request.parameter("leave", "0"));
    if (leave < 0) throw margay::Unavailable::permanently("had enough");
    if (leave > 0 && request.has_parameter("later")) {
      response.suspend().run([leave](margay::Response&) {
        throw margay::Unavailable(std::chrono::seconds(leave), "tired later");
      });
      return;
    }
    if (leave > 0) throw margay::Unavailable(std::chrono::seconds(leave), "tired");
    if (request.has_parameter("session")) request.session();
    response.write("at your service, " + std::to_string(sessions_.load()));
  }

 private:
  margay::Logger log_;
  std::atomic<int> sessions_{0};
};

// "NAME context servlet info"
class Where final : public margay::Endpoint {
 public:
  explicit Where(const margay::Config& config)
      : name_(config.name()),
        greeting_(config.get("greeting", "")),
        hold_(config.get("hold", "")) {}
  void service(margay::Request& request, margay::Response& response) override {
    while (!hold_.empty() && !std::filesystem::exists(hold_)) {
      std::ofstream(hold_ + ".began") << "yes";
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    response.write(name_ + " '" + std::string(request.context_path()) + "' '" +
                   std::string(request.servlet_path()) + "' '" + std::string(request.path_info()) +
                   "'" + greeting_);
  }

 private:
  const std::string name_, greeting_, hold_;
};

}  // namespace

MARGAY_PLUGIN("lifecycle", "1.0", margay::listener<Diary>("diary"), margay::filter<Guest>("guest"),
              margay::endpoint<Plain>("plain"), margay::endpoint<Shared>("shared"),
              margay::endpoint<Moody>("moody"), margay::endpoint<Where>("where"))
