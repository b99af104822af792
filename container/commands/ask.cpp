// `margay stop`, `reload` and `status`: over the control socket, which answers, or else by the pid
// file and signals, which do not.
#include <signal.h>

#include <iostream>
#include <memory>

#include "container/commands/commands.h"
#include "container/commands/running_server.h"
#include "container/config/read_config.h"

namespace container::commands {

namespace {

// Loading the applications anew may take its time.
constexpr std::chrono::seconds kReloadWait{120};
constexpr std::chrono::seconds kAnswerWait{10};

int complain(const std::string& sentence) {
  std::cerr << "margay: " << sentence << '\n';
  return failed;
}

int complain_of_signal(const RunningServer& server) {
  return complain("process " + std::to_string(server.pid()) + " takes no signal from this user");
}

[[noreturn]] void refuse(const std::filesystem::path& config) {
  Diagnostic lost;
  lost.position.file = std::make_shared<const std::string>(config.string());
  lost.message =
      "<Server> has neither control nor pidFile, so its server cannot be found; write "
      "control=\"run/margay.sock\" there and restart the server";
  throw ConfigError({std::move(lost)});
}

tl::expected<RunningServer, std::string> find_server(const Target& target) {
  if (!target.control.empty()) return RunningServer::at_control(target.control);
  const ServerAddress address = read_server_address(target.config, target.substitutions);
  if (address.control.empty() && address.pid_file.empty()) refuse(target.config);
  const auto at = [&](const std::string& path) {
    return (target.base_folder() / path).lexically_normal();
  };
  if (!address.control.empty()) {
    auto found = RunningServer::at_control(at(address.control));
    if (found || address.pid_file.empty()) return found;
  }
  return RunningServer::by_pid_file(at(address.pid_file));
}

// Finds the server and lets `act` talk to it.
template <class Act>
int with_server(const Target& target, Act&& act) {
  try {
    const auto server = find_server(target);
    return server ? act(*server) : complain(server.error());
  } catch (const ConfigError& error) {
    std::cerr << error.what() << "\nmargay: --control PATH finds the server without its "
              << "configuration\n";
    return bad_usage;
  }
}

// Prints the answer to `command`, complaints where complaints go.
int ask(const RunningServer& server, const char* command, std::chrono::seconds wait) {
  const auto reply = server.ask(command, wait);
  if (!reply) return complain(reply.error());
  (reply->good ? std::cout : std::cerr) << reply->text << std::flush;
  return reply->good ? clean : failed;
}

}  // namespace

int stop(const Target& target, std::chrono::seconds wait) {
  return with_server(target, [&](const RunningServer& server) {
    if (server.has_control()) {
      const auto reply = server.ask("stop", kAnswerWait);
      if (!reply) return complain(reply.error());
      if (!reply->good) return complain(reply->text);
    } else if (!server.signal(SIGTERM)) {
      return complain_of_signal(server);
    }
    if (!server.ends_within(wait))
      return complain("process " + std::to_string(server.pid()) + " is still stopping after " +
                      std::to_string(wait.count()) +
                      " s; another SIGTERM cuts what is still open: kill " +
                      std::to_string(server.pid()));
    std::cout << "stopped\n";
    return clean;
  });
}

int reload(const Target& target) {
  return with_server(target, [&](const RunningServer& server) {
    if (server.has_control()) return ask(server, "reload", kReloadWait);
    if (!server.signal(SIGHUP)) return complain_of_signal(server);
    std::cout << "asked by a signal, which brings no answer: the log says how it went\n";
    return clean;
  });
}

int status(const Target& target) {
  return with_server(target, [&](const RunningServer& server) {
    if (server.has_control()) return ask(server, "status", kAnswerWait);
    std::cout << "running, pid " << server.pid()
              << "; control=\"run/margay.sock\" in <Server> would tell more\n";
    return clean;
  });
}

}  // namespace container::commands
