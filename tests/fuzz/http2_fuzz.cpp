// Throws frames and any bytes at an HTTP/2 connection. Byte 0 says how requests are answered and
// what the client offers, byte 1 whether the rest is bytes as they are or a recipe of frames.
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/exchange.h"
#include "tests/support/h2_client.h"
#include "tests/support/small_server.h"

namespace h2 = tests::h2;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// What speaks on a stream that has become a connection: each byte tells it what to do next.
class Obedient final : public server::Protocol {
 public:
  explicit Obedient(server::Connection& connection) : connection_(connection) {
    all.push_back(this);
  }
  ~Obedient() override { std::erase(all, this); }
  void bytes(std::span<char> data) override {
    for (const char c : data) {
      if (connection_.closing()) return;
      switch (c & 7) {
        case 0:
          return connection_.close();
        case 1:
          return connection_.close_when_flushed();
        case 2:
          return connection_.linger();
        case 3:
          connection_.pause();
          break;
        case 4:
          connection_.write(std::string(70'000, 'w'));
          break;
        case 5:
          connection_.flush();
          break;
        default:
          connection_.write({&c, 1});
      }
    }
  }
  void end_of_input() override { connection_.close_when_flushed(); }
  void room() override { connection_.write("room"); }
  void timeout() override { connection_.close(); }
  void drain() override { connection_.close_when_flushed(); }
  void lost() override {
    require(!is_lost_);
    is_lost_ = true;
  }
  void resume() {
    if (!connection_.closing()) connection_.resume();
  }

  static inline std::vector<Obedient*> all;  // alive

 private:
  server::Connection& connection_;
  bool is_lost_ = false;
};

class Token final : public server::UpgradeToken {
 public:
  explicit Token(bool speaks) : speaks_(speaks) {}
  std::unique_ptr<server::Protocol> install(server::Connection& connection) override {
    if (!speaks_) return nullptr;
    return std::make_unique<Obedient>(connection);
  }
  const char* protocol_name() const override { return "obedient"; }

 private:
  const bool speaks_;
};

// Each frame of the recipe: type, flags, stream, length of what follows as its payload.
std::string frames_of(std::string_view recipe) {
  std::string said;
  while (recipe.size() >= 4) {
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(recipe[at]); };
    const std::uint8_t type = byte(0) % 18;
    const std::uint8_t flags = byte(1);
    const std::uint32_t stream = byte(2) % 32;
    const std::string_view payload = recipe.substr(4, byte(3));
    recipe.remove_prefix(4 + payload.size());
    // Most heads are those of a request, so that there are streams to play with.
    const bool request = type == h2::kHeaders && (flags & 0x40) == 0;
    const std::uint8_t kept = request ? flags & (h2::kEndStream | h2::kEndHeaders) : flags;
    std::string head;
    if (request && (flags & 0x10) != 0) {
      head = h2::connect_fields("obedient", "/");
    } else if (request) {
      head = h2::request((flags & 2) != 0 ? "GET" : "POST");
    }
    said += h2::frame(type, kept, stream, head + std::string(payload));
  }
  return said;
}

void configure(tests::SmallService& service, unsigned ways) {
  constexpr server::Body kBodies[] = {server::Body::buffered, server::Body::streamed,
                                      server::Body::ignored, server::Body::buffered};
  service.body = kBodies[ways & 3U];
  service.body_limit = 64;
  service.answer = [ways](server::Exchange& exchange) {
    const server::RequestHead& request = exchange.request;
    require(!request.method.empty() && request.protocol == "HTTP/2.0");
    require(request.has_body ? request.content_length != 0 : request.content_length == 0);
    for (const server::Field& field : request.fields)
      require(server::is_field_name(field.name) && server::is_field_value(field.value));
    require(!request.tunnels || request.offers_upgrade);
    if (exchange.upgradable() && (ways & 64U) == 0) {
      exchange.response().status = 101;
      exchange.upgrade(std::make_unique<Token>((ways & 128U) == 0));
      return;
    }
    if ((ways & 3U) == 0) exchange.body().append(exchange.buffered_body());
    if ((ways & 4U) != 0) exchange.body().append(100'000, 'x');
    if ((ways & 8U) != 0) exchange.hand_over(false);
    if ((ways & 16U) != 0) exchange.reset_connection();
  };
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  std::signal(SIGPIPE, SIG_IGN);  // as the server does
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const unsigned ways = bytes[0];
  const unsigned mode = bytes[1];
  const std::string_view rest(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  const std::string said = (mode & 1U) != 0 ? std::string(rest) : frames_of(rest);

  tests::SmallService service;
  configure(service, ways);
  server::http2::Options options;
  if ((mode & 2U) != 0) options.max_concurrent_streams = 2;
  if ((mode & 4U) != 0) options.overhead_count_factor = 0;
  {
    static server::Loop loop(0);
    const std::string hello =
        std::string(h2::kPreface) + h2::settings({{4, (ways & 32U) != 0 ? 10 : 65'535}});
    h2::Client client(service, options, {}, hello, &loop);
    for (std::size_t at = 0, seed = mode; at < said.size();) {
      seed = seed * 1664525U + 1013904223U;
      const std::size_t length = (mode & 8U) != 0 ? 1 + (seed >> 24U) % 37U : said.size();
      client.say(std::string_view(said).substr(at, length));
      at += length;
      for (Obedient* const one : std::vector(Obedient::all)) one->resume();
    }
    if ((mode & 16U) != 0) client.wire().finish();
    client.take();
    client.wire().hang_up();
    require(client.wire().gone());
    require(Obedient::all.empty());
  }
  require(static_cast<std::size_t>(service.finished_count) == service.methods.size());
  return 0;
}
