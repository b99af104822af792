// Plays a script at one TLS connection: how the client's records are cut, what is in them and what
// is answered, ends of all kinds, and bytes that are changed on their way. The first bytes say how
// (see Rules), the others are the script.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/socket_connection.h"
#include "server/tls/handshakes.h"
#include "tests/support/conversation.h"
#include "tests/support/fuzz_input.h"
#include "tests/support/tls_server.h"

using tests::Input;
using tests::require;

namespace {

constexpr std::size_t kLongest = 1024;     // bytes of a script
constexpr std::size_t kByteByByte = 4096;  // records longer than that come in larger pieces
constexpr std::size_t kFile = 100'000;

// At most 200,000 bytes in which a piece that is lost, doubled or moved shows.
std::string_view pattern(std::size_t size) {
  static const std::string all = [] {
    std::string text(200'000, '\0');
    std::uint32_t seed = 1;
    for (char& c : text) {
      seed = seed * 1664525U + 1013904223U;
      c = static_cast<char>('a' + (seed >> 24U) % 26);
    }
    return text;
  }();
  return std::string_view(all).substr(0, size);
}

// What a byte of the client asks for; all others are given back.
enum Wish : unsigned char {
  kFlush = 1,
  kShort,
  kLong,
  kSlices,
  kFileBytes,
  kPause,
  kClose,
  kLinger
};

// What is said to it, wherever records and reads end. False: nothing more is heard.
bool answer(char byte, std::string& to) {
  switch (byte) {
    case kShort:
      to += pattern(2'000);
      return true;
    case kLong:
      to += pattern(20'000);
      return true;
    case kSlices:
      to += pattern(150'000);
      return true;
    case kFlush:
    case kPause:
      return true;
    case kClose:
    case kLinger:
      return false;
    default:
      to += byte;
      return true;
  }
}

// A descriptor of `kFile` bytes.
int file() {
  static const int its = [] {
    const int descriptor = ::memfd_create("fuzz", MFD_CLOEXEC);
    const std::string_view bytes = pattern(kFile);
    require(::write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    return descriptor;
  }();
  return its;
}

// What a connection is behind its handshake.
struct Scene {
  std::string heard;  // by the server
  int alive = 0, lost = 0;
  bool said_end = false;  // the server ends the connection by itself
  bool may_pause = true;
  server::Connection* connection = nullptr;
};

class Responder final : public server::Protocol {
 public:
  Responder(server::Connection& connection, Scene& scene) : connection_(connection), scene_(scene) {
    require(connection.tls() != nullptr && ++scene_.alive == 1);
    scene_.connection = &connection;
  }
  ~Responder() override { --scene_.alive; }

  void bytes(std::span<char> data) override {
    require(!data.empty() && !asked_ && scene_.lost == 0);
    if (scene_.said_end) return;
    for (const char byte : data) {
      scene_.heard += byte;
      if (byte == kPause && scene_.may_pause) connection_.pause();
      if (byte == kFileBytes) {
        parts_.push_back({.text = "", .file = {file(), 0, kFile}});
      } else {
        if (parts_.empty() || parts_.back().text.empty()) parts_.push_back({});
        if (!answer(byte, parts_.back().text)) return end(byte == kLinger);
      }
      if (byte != kFlush) continue;
      pump();
      connection_.flush();
    }
    pump();
  }
  void end_of_input() override {
    if (scene_.said_end) return;
    parts_.push_back({.text = "<end>"});
    end(false);
  }
  void room() override { pump(); }
  void timeout() override { std::abort(); }
  void drain() override {}
  void lost() override { require(++scene_.lost == 1); }

 private:
  struct Part {
    std::string text;
    server::FileRange file = {};
  };

  void end(bool linger) {
    scene_.said_end = true;
    lingers_ = linger;
    pump();
  }
  // Parts leave in their order; a file holds up what is behind it.
  void pump() {
    while (!parts_.empty()) {
      Part& part = parts_.front();
      if (part.file.length > 0) {
        require(connection_.send_file(part.file, false));
        if (part.file.length > 0) return;
      }
      connection_.write(part.text);
      parts_.pop_front();
    }
    if (!scene_.said_end) return;
    asked_ = true;
    lingers_ ? connection_.linger() : connection_.close_when_flushed();
  }

  server::Connection& connection_;
  Scene& scene_;
  std::deque<Part> parts_;
  bool lingers_ = false;
  bool asked_ = false;  // for the end
};

// The server's part that outlives connections; never ended, as are its loop's.
class World final : public server::Speakers {
 public:
  World() : handshakes(loop, *this, context(), {}) {}

  std::unique_ptr<server::Protocol> speaker(server::Connection& connection,
                                            std::string_view alpn) override {
    require(alpn.empty() || alpn == "http/1.1");
    return std::make_unique<Responder>(connection, *scene);
  }

  server::Loop loop{0};
  server::tls::Handshakes handshakes;
  Scene* scene = nullptr;         // of the connection that there is
  tests::TlsSession sessions[2];  // to resume, of TLS 1.3 and 1.2

 private:
  static std::shared_ptr<const server::tls::Context> context() {
    tests::Certificates files;
    return server::tls::Context::load(tests::tls_options({tests::host_of(files.make("a"))}));
  }
};

World& world() {
  static World& its = *new World;
  return its;
}

// Where the client's records are changed, by their bytes.
struct Change {
  std::size_t at;
  unsigned kind, value;
};

struct Rules {
  explicit Rules(Input& input) {
    const unsigned a = input.byte();
    version = (a & 1U) != 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
    resumes = (a & 2U) != 0;
    offers_alpn = (a & 4U) != 0;
    says_goodbye = (a & 8U) == 0;
    hangs_up = (a & 16U) != 0;
    cut = input.byte();
    for (unsigned count = a >> 6U; count > 0; --count) {
      const std::size_t at = input.byte() | input.byte() << 8U;
      const unsigned kind = input.byte();
      changes.push_back({at, kind % 6, input.byte()});
    }
  }
  int version;
  bool resumes, offers_alpn, says_goodbye, hangs_up;
  unsigned cut;  // 0: not at all; 1: into bytes; else by this seed
  std::vector<Change> changes;
};

// What stands between the client's engine and the server.
class Line {
 public:
  explicit Line(const Rules& rules) : rules_(rules), seed_(rules.cut * 2654435761U + 1) {}

  // As they arrive.
  std::string changed(std::string_view records) {
    static constexpr std::string_view kForged[] = {
        {"\x15\x03\x03\0\x02\x01\0", 7},    // close_notify, not encrypted
        {"\x15\x03\x03\0\x02\x01\x5a", 7},  // user_canceled
        {"\x14\x03\x03\0\x01\x01", 6},      // change_cipher_spec
        {"\x17\x03\x03\0\0", 5},            // nothing
        {"\x16\x03\x03\0\x04\0\0\0\0", 9},  // hello_request
        {"GET / HTTP/1.1\r\n\r\n", 18},    {"\xff", 1}};
    std::string out;
    for (const char byte : records) {
      bool dropped = false;
      char its = byte;
      for (const Change& change : rules_.changes) {
        if (change.kind == 4 && at_ >= change.at && at_ < change.at + change.value) its = 0;
        if (change.at != at_) continue;
        if (change.kind == 0) its = static_cast<char>(its ^ static_cast<char>(change.value | 1U));
        if (change.kind == 1) dropped = true;
        if (change.kind == 2) out += kForged[change.value % std::size(kForged)];
        if (change.kind == 3) is_cut = true;
        if (change.kind == 5)
          out += out.substr(out.size() - std::min<std::size_t>(out.size(), change.value));
      }
      ++at_;
      if (!dropped && !is_cut) out += its;
    }
    return out;
  }
  // How many bytes of so many come together.
  std::size_t piece(std::size_t size) {
    if (rules_.cut == 0) return size;
    if (rules_.cut == 1 && size <= kByteByByte) return 1;
    seed_ = seed_ * 1664525U + 1013904223U;
    return 1 + (seed_ >> 20U) % (size <= kByteByByte ? 37U : 4000U);
  }

  bool is_cut = false;  // nothing passes any more

 private:
  const Rules& rules_;
  std::uint32_t seed_;
  std::size_t at_ = 0;
};

class Play {
 public:
  Play(const Rules& rules, Input script)
      : rules_(rules),
        script_(script),
        line_(rules),
        session_(resumed(rules)),
        engine_(wishes(rules, session_.get())),
        done_before_(world().handshakes.counts().done) {
    world().scene = &scene_;
    client_ = std::make_unique<tests::Conversation>(
        [](server::SocketConnection& connection) { return world().handshakes.begin(connection); },
        &world().loop);
  }

  void perform() {
    shaken_ = shake_hands();
    require(shaken_ || !rules_.changes.empty());
    while (shaken_ && !script_.empty()) step();
    end();
    check();
  }
  tests::TlsSession session() { return engine_.session(); }

 private:
  static tests::TlsSession resumed(const Rules& rules) {
    SSL_SESSION* const its = world().sessions[rules.version == TLS1_2_VERSION ? 1 : 0].get();
    return tests::TlsSession(its != nullptr && rules.resumes ? SSL_SESSION_dup(its) : nullptr);
  }
  static tests::TlsWishes wishes(const Rules& rules, SSL_SESSION* session) {
    tests::TlsWishes wishes;
    wishes.least = wishes.most = rules.version;
    wishes.session = session;
    if (rules.offers_alpn) wishes.alpn = {"http/1.1"};
    return wishes;
  }

  bool shake_hands() {
    while (!engine_.step()) {
      unsaid_ += engine_.to_say();
      if (engine_.failed() || unsaid_.empty()) return false;
      deliver();
    }
    unsaid_ += engine_.to_say();  // and goes with what follows
    return true;
  }

  void step() {
    const unsigned op = script_.byte();
    switch (op & 15U) {
      case 5:
        deliver();
        break;
      case 6:
        change_keys((op & 16U) != 0);
        break;
      case 7:
        say_goodbye();
        break;
      case 8:
        deliver();
        listening_ = !listening_;
        listened_ = false;
        client_->listen(listening_);
        break;
      case 9:
        deliver();
        resume();
        break;
      case 10:
        deliver();
        finished_ = true;
        client_->finish();
        break;
      case 11:
        SSL_set_max_send_fragment(engine_.ssl(), 512 + script_.byte());
        break;
      case 12:
        SSL_set_block_padding(engine_.ssl(), 1 + script_.byte());
        break;
      case 13:
        say(pattern(500 * script_.byte()));
        break;
      default:
        say(script_.bytes(script_.byte()));
    }
    if ((op & 128U) != 0) deliver();
  }

  bool may_say() const { return !engine_.failed() && !goodbye_said_; }
  void say(std::string_view plain) {
    if (!may_say() || plain.empty()) return;
    said_ += plain;
    unsaid_ += engine_.records(plain);
  }
  void change_keys(bool both) {
    constexpr int kMost = 20;
    if (!may_say() || rules_.version == TLS1_2_VERSION || ++updates_ > kMost) return;
    SSL_key_update(engine_.ssl(), both ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
    engine_.step();
    unsaid_ += engine_.to_say();
  }
  void say_goodbye() {
    if (!may_say()) return;
    goodbye_said_ = true;
    SSL_shutdown(engine_.ssl());
    unsaid_ += engine_.to_say();
  }
  void resume() {
    if (scene_.connection == nullptr || scene_.lost != 0 || scene_.said_end) return;
    scene_.connection->resume();
    client_->settle();
  }

  // Brings what is to be said, and hears what is said to it.
  void deliver() {
    const std::string records = line_.changed(std::exchange(unsaid_, {}));
    for (std::string_view rest = records; !rest.empty();) {
      const std::string_view piece = rest.substr(0, line_.piece(rest.size()));
      rest.remove_prefix(piece.size());
      arrives_ = client_->say(piece) && arrives_;
    }
    hear();
  }
  void hear() {
    client_->settle();
    engine_.heard(client_->take());
    if (!shaken_) return;
    heard_ += engine_.read();
    unsaid_ += engine_.to_say();
  }

  void end() {
    scene_.may_pause = false;
    client_->listen(true);
    deliver();
    resume();
    deliver();
    // Who broke the records was told so.
    if (client_->ended() && listened_ && !goodbye_said_ && !finished_ &&
        scene_.connection != nullptr && !scene_.said_end)
      require(engine_.failed());
    if (rules_.hangs_up) client_->hang_up();
    if (rules_.says_goodbye) say_goodbye();
    deliver();
    client_->finish();
    hear();
    require(client_->ended() || rules_.hangs_up);
    client_->hang_up();
    require(client_->gone());
  }

  void check() const {
    const bool was_open = scene_.connection != nullptr;
    require(scene_.alive == 0 && scene_.lost == (was_open ? 1 : 0));
    require(world().handshakes.counts().done == done_before_ + (was_open ? 1 : 0));
    // Whatever happens on the way, nothing is heard that was not said.
    require(said_.starts_with(scene_.heard));
    std::string expected;
    bool goes_on = true;
    for (const char byte : scene_.heard) {
      if (byte == kFileBytes) {
        expected += pattern(kFile);
      } else {
        goes_on = answer(byte, expected);
      }
    }
    if (goes_on) expected += "<end>";
    require(expected.starts_with(heard_));
    if (!rules_.changes.empty() || rules_.hangs_up || (goes_on && !arrives_)) return;
    require(scene_.heard.size() == said_.size() || !goes_on);
    require(heard_.size() == expected.size() && engine_.said_goodbye());
  }

  const Rules& rules_;
  Input script_;
  Line line_;
  Scene scene_;
  const tests::TlsSession session_;
  tests::TlsEngine engine_;
  const std::uint64_t done_before_;
  std::unique_ptr<tests::Conversation> client_;
  std::string unsaid_;        // records
  std::string said_, heard_;  // plain
  bool shaken_ = false;
  bool listening_ = true, listened_ = true;  // always
  bool goodbye_said_ = false, finished_ = false;
  bool arrives_ = true;  // the server takes all that is said
  int updates_ = 0;
};

// One connection of each version, whose sessions later ones resume.
void learn_sessions() {
  for (std::size_t version : {0U, 1U}) {
    const char bytes[] = {static_cast<char>(version), 0, 2, 'h', 'i'};
    Input input({bytes, sizeof bytes});
    const Rules rules(input);
    Play play(rules, input);
    play.perform();
    world().sessions[version] = play.session();
    require(SSL_SESSION_is_resumable(world().sessions[version].get()) == 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  std::signal(SIGPIPE, SIG_IGN);  // as the server does
  learn_sessions();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2 || size > kLongest) return 0;
  Input input({reinterpret_cast<const char*>(bytes), size});
  const Rules rules(input);
  Play(rules, input).perform();
  return 0;
}
