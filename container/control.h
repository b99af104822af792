// The control socket: where the `margay` command asks the running server to stop, to reload, or how
// it is.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace container {

// On the wire: `ok` or `failed`, a newline, the text, and the end of the connection.
struct ControlReply {
  bool good = true;
  std::string text;  // lines; may be empty
};

// Owned and served by the control thread, which it never holds up: nothing here waits. A client
// sends one line. Whoever may write to the socket may stop the server, so its mode is 0600.
class Control {
 public:
  using Clock = std::chrono::steady_clock;
  using Obey = std::function<ControlReply(std::string_view command)>;

  static constexpr std::size_t max_clients = 8;  // more wait in the kernel's backlog
  static constexpr std::size_t max_line = 256;   // bytes; a longer one is answered `failed`
  static constexpr auto max_idle = std::chrono::seconds(5);  // without progress: cut

  // Listens. A socket that a dead server left behind is replaced. Throws std::runtime_error when a
  // living server answers there, or something else is in the way.
  explicit Control(std::filesystem::path path);
  ~Control();  // cuts its clients and removes the socket, unless another has taken its place
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // Accepts, reads and answers what there is.
  void serve(const Obey& obey, Clock::time_point now);

 private:
  struct Client {
    int socket;
    Clock::time_point last;  // when it last made progress
    std::string line;        // what it has sent
    std::string answer;      // what is not yet written
    bool answered = false;
  };

  void listen();
  void accept(Clock::time_point now);
  static bool read(Client& client, const Obey& obey, Clock::time_point now);
  static bool write(Client& client, Clock::time_point now);

  std::filesystem::path path_;
  int socket_ = -1;
  unsigned long inode_ = 0;
  std::vector<Client> clients_;
};

}  // namespace container
