// Takes connections over to speak a protocol of its own: each line comes back reversed.
#include <margay/plugin.h>
#include <margay/upgrade.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

// One connection. `quit` ends it, and so does silence.
class Lines : public margay::Protocol {
 public:
  explicit Lines(std::chrono::milliseconds patience) : patience_(patience) {}

  void opened(margay::Connection peer) override { peer.arm(patience_); }

  void bytes(margay::Connection peer, std::span<char> data) override {
    peer.arm(patience_);
    waiting_.append(data.data(), data.size());
    answer(peer);
  }

  void writable(margay::Connection peer) override { answer(peer); }

  void timeout(margay::Connection peer) override {
    peer.write("! too quiet\n");
    peer.close();
  }

  void drain(margay::Connection peer) override {
    peer.write("! the server stops\n");
    peer.close();
  }

 private:
  static constexpr std::size_t kLongest = 8 * 1024;

  // Every complete line, as long as the peer takes the answers; meanwhile nothing more is read.
  void answer(margay::Connection peer) {
    std::size_t begin = 0;
    bool has_room = true;
    for (std::size_t end; (end = waiting_.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      std::string line = waiting_.substr(begin, end - begin);
      if (line == "quit") {
        peer.write("bye\n");
        return peer.close();
      }
      std::reverse(line.begin(), line.end());
      has_room = peer.write(line + '\n');
      if (!has_room) break;
    }
    waiting_.erase(0, begin);
    if (!has_room) return peer.pause();
    peer.resume();
    if (waiting_.size() <= kLongest) return;
    peer.write("! a line has at most 8192 bytes\n");
    peer.close();
  }

  const std::chrono::milliseconds patience_;
  std::string waiting_;  // what is not answered yet
};

class LinesEndpoint : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;

  explicit LinesEndpoint(const margay::Config& config)
      : upgrade_(config, "margay-lines"),
        patience_(
            config.duration("patience", std::chrono::minutes(5), std::chrono::milliseconds(1))) {}

  void service(margay::Request&, margay::Response& response) override {
    if (!upgrade_.is_offered(response)) return upgrade_.require(response);
    upgrade_.take(response, std::make_unique<Lines>(patience_));
  }

 private:
  margay::Upgrade upgrade_;
  std::chrono::milliseconds patience_;  // with a peer that says nothing
};

MARGAY_PLUGIN("lines", "1.0", margay::endpoint<LinesEndpoint>("lines"))
