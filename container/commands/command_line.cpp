// The words of the command line, and which command they mean.
#include "container/commands/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <optional>
#include <string_view>
#include <utility>

#include "container/config/suggestion.h"

namespace container::commands {

namespace {

constexpr const char* kFooter = R"(Examples:
  margay run                                serve what conf/server.xml says
  margay run -c /etc/margay/server.xml -Dport=8081
  margay check && margay reload             look first, then let the running server take it
  margay new endpoint greet                 a plugin project, ready to be built

Exit status: 0 all is well; 1 it failed: could not start, is not running, refused; 2 the command
line or the configuration is wrong. `margay COMMAND --help` has the options of a command.)";

class CommandLine {
 public:
  explicit CommandLine(BuiltIn built_in);
  int obey(int argc, char** argv);

 private:
  CLI::App* add(const char* name, const char* meaning, std::function<int()> act);
  CLI::App* add_with_target(const char* name, const char* meaning, std::function<int()> act);
  CLI::App* add_for_running(const char* name, const char* meaning, std::function<int()> act);
  void add_serving();
  void add_log_level(const std::string& text);
  void add_asking();
  void add_plugins();
  void refuse_unknown(const std::string& word) const;

  BuiltIn built_in_;
  CLI::App app_{"Margay, an application server for native code.", "margay"};
  std::vector<std::pair<CLI::App*, std::function<int()>>> commands_;
  Target target_;
  LogChoice log_;
  std::chrono::seconds::rep wait_ = 60;
  std::string form_ = "argon2id";
  unsigned iterations_ = 0;
  std::filesystem::path plugin_;
  ProjectKind kind_ = ProjectKind::endpoint;
  std::string name_;
  std::filesystem::path directory_;
};

CommandLine::CommandLine(BuiltIn built_in) : built_in_(std::move(built_in)) {
  app_.require_subcommand(1);
  app_.footer(kFooter);
  add_serving();
  add_asking();
  add_plugins();
  add("version", "print the version", [] {
    std::cout << "margay " << MARGAY_VERSION << ", plugin ABI " << MARGAY_ABI_MAJOR << '.'
              << MARGAY_ABI_MINOR << '\n';
    return clean;
  });
}

CLI::App* CommandLine::add(const char* name, const char* meaning, std::function<int()> act) {
  CLI::App* command = app_.add_subcommand(name, meaning);
  command->footer("");  // else it has the program's
  commands_.emplace_back(command, std::move(act));
  return command;
}

CLI::App* CommandLine::add_with_target(const char* name, const char* meaning,
                                       std::function<int()> act) {
  CLI::App* command = add(name, meaning, std::move(act));
  command->add_option("-c,--config", target_.config, "the server.xml to use")
      ->envname("MARGAY_CONFIG")
      ->type_name("FILE")
      ->capture_default_str();
  command
      ->add_option("-b,--base", target_.base,
                   "where relative paths start; else the folder of FILE, or the one above conf/")
      ->envname("MARGAY_BASE")
      ->type_name("DIR");
  command
      ->add_option_function<std::vector<std::string>>(
          "-D",
          [this](const std::vector<std::string>& definitions) {
            for (const std::string& one : definitions) {
              const auto equals = one.find('=');
              if (equals == 0 || equals == std::string::npos)
                throw CLI::ValidationError("-D", "write -Dname=value, not -D" + one);
              target_.substitutions.definitions[one.substr(0, equals)] = one.substr(equals + 1);
            }
          },
          "-Dname=value: what ${name} stands for in the configuration; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  return command;
}

CLI::App* CommandLine::add_for_running(const char* name, const char* meaning,
                                       std::function<int()> act) {
  CLI::App* command = add_with_target(name, meaning, std::move(act));
  command
      ->add_option("--control", target_.control,
                   "the server's control socket; else the one that FILE names")
      ->type_name("SOCKET");
  return command;
}

// LEVEL, or COMPONENT=LEVEL.
void CommandLine::add_log_level(const std::string& text) {
  const auto equals = text.rfind('=');
  const std::string name = equals == std::string::npos ? text : text.substr(equals + 1);
  const std::optional<server::LogLevel> level = server::parse_log_level(name);
  if (!level)
    throw CLI::ValidationError("--log-level",
                               "'" + name + "' is none of trace, debug, info, warn, error, off");
  if (equals == std::string::npos)
    log_.level = *level;
  else
    log_.components.emplace_back(text.substr(0, equals), *level);
}

void CommandLine::add_serving() {
  CLI::App* run =
      add_with_target("run", "serve in the foreground until SIGTERM, SIGINT or `margay stop`",
                      [this] { return commands::run(target_, log_, built_in_); });
  run->add_option_function<std::vector<std::string>>(
         "--log-level",
         [this](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) add_log_level(text);
         },
         "least severe that is logged: trace, debug, info, warn, error, off; else info. With the "
         "name "
         "of a component, as in app./shop=debug, for that and what is below it; may be repeated")
      ->type_name("[COMPONENT=]LEVEL")
      ->allow_extra_args(false);
  run->add_option_function<std::string>(
         "--log-format",
         [this](const std::string& text) {
           log_.format = text == "json" ? server::LogFormat::json : server::LogFormat::text;
         },
         "of a line; else text")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
  add_with_target("check", "read the configuration and load the applications, without serving",
                  [this] { return check(target_, built_in_); });
  add_with_target("config", "print the configuration in effect and where each value comes from",
                  [this] { return print_configuration(target_); });
}

void CommandLine::add_asking() {
  add_for_running("status", "say how the running server is", [this] { return status(target_); });
  add_for_running("reload", "let the running server take changed configuration and applications",
                  [this] { return reload(target_); });
  add_for_running("stop", "stop the running server gracefully and wait until it is gone",
                  [this] { return stop(target_, std::chrono::seconds(wait_)); })
      ->add_option("--wait", wait_, "give up waiting after so many seconds")
      ->check(CLI::Range(0, 86400).description(""))
      ->type_name("SECONDS")
      ->capture_default_str();
}

void CommandLine::add_plugins() {
  CLI::App* make = add("new", "write a plugin project that is ready to be built",
                       [this] { return make_project(kind_, name_, directory_); });
  make->add_option_function<std::string>(
          "kind",
          [this](const std::string& text) {
            kind_ = text == "filter"      ? ProjectKind::filter
                    : text == "websocket" ? ProjectKind::websocket
                                          : ProjectKind::endpoint;
          },
          "what it plugs in")
      ->required()
      ->check(CLI::IsMember({"endpoint", "filter", "websocket"}))
      ->type_name("");
  make->add_option("name", name_, "of the plugin, such as my-shop")->required()->type_name("");
  make->add_option("-d,--directory", directory_, "where it goes, empty or absent; else ./NAME")
      ->type_name("DIR");
  CLI::App* digest = add("digest", "hash a password, from standard input, for a file of users",
                         [this] { return make_digest(form_, iterations_); });
  digest
      ->add_option("-a,--algorithm", form_,
                   "argon2id, scrypt, pbkdf2; or, for Tomcat's salt$iterations$hash, as SHA-512 or "
                   "PBKDF2WithHmacSHA512")
      ->type_name("NAME")
      ->capture_default_str();
  digest->add_option("-i,--iterations", iterations_, "of it; else what is usual")
      ->check(CLI::Range(1, 100'000'000).description(""))
      ->type_name("COUNT");
  add("abi", "say what a plugin library declares, and whether this server takes it",
      [this] { return describe_plugin(plugin_); })
      ->add_option("plugin", plugin_, "the .so file")
      ->required()
      ->type_name("");
}

void CommandLine::refuse_unknown(const std::string& word) const {
  std::vector<std::string_view> names;
  for (const auto& [command, act] : commands_) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), word) != names.end()) return;
  throw CLI::ParseError("unknown command '" + word + "'" + did_you_mean(word, names),
                        CLI::ExitCodes::ExtrasError);
}

int CommandLine::obey(int argc, char** argv) {
  try {
    if (argc > 1 && argv[1][0] != '-') refuse_unknown(argv[1]);
    target_.substitutions.environment = process_environment();
    app_.parse(argc, argv);
    for (const auto& [command, act] : commands_)
      if (*command) return act();
    return clean;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
      return app_.exit(error);  // --help
    std::cerr << "margay: " << error.what() << "\nmargay --help says what there is\n";
    return bad_usage;
  }
}

}  // namespace

int obey(int argc, char** argv, BuiltIn built_in) {
  return CommandLine(std::move(built_in)).obey(argc, argv);
}

}  // namespace container::commands
