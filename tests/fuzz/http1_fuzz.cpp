// Throws any bytes at an HTTP/1 connection, in one piece, byte by byte and at chosen splits. Byte 0
// says how requests are answered, byte 1 the rules of the connection and where the bytes are split.
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "server/exchange.h"
#include "tests/support/answers.h"
#include "tests/support/conversation.h"

using tests::Answers;
using tests::Conversation;

namespace {

constexpr std::size_t kByteByByte = 1024;  // longer inputs only in pieces: they would take too long

void require(bool condition) {
  if (!condition) std::abort();
}

server::http1::Options options_of(unsigned rules) {
  server::http1::Options options;
  if ((rules & 1U) != 0) options.head = {.bytes = 128, .fields = 4};
  if ((rules & 2U) != 0)
    options.chunks = {.extension_bytes = 8, .trailer_bytes = 16, .trailers = {"x"}};
  options.rules.allow_trace = (rules & 4U) != 0;
  options.continue_on_read = (rules & 8U) != 0;
  if ((rules & 16U) != 0) options.max_swallow = 8;
  if ((rules & 32U) != 0) options.max_keep_alive_requests = 3;
  return options;
}

// Answers each request in one of four ways and holds what the server shows to its promises.
class Responder final : public server::Service {
 public:
  explicit Responder(unsigned ways) : ways_(ways) {}

  std::vector<std::string> methods;
  std::size_t finished_count = 0;

  void handle(server::Exchange& exchange) override {
    const unsigned way = ways_ >> (methods.size() % 4 * 2) & 3U;
    note(exchange);
    check(exchange.request);
    constexpr server::Body kBodies[] = {server::Body::buffered, server::Body::streamed,
                                        server::Body::streamed, server::Body::ignored};
    exchange.start(*exchange.arena().make<Call>(way), nullptr, kBodies[way], 256);
  }

  void refuse(server::Exchange& exchange, int status, std::string_view reason) override {
    require(status >= 400 && status <= 505 && !reason.empty());
    if (exchange.local == nullptr) note(exchange);
    require(!exchange.committed());
    exchange.response().status = status;
    exchange.body().assign(reason);
    exchange.hand_over(true);
  }

  void finished(server::Exchange&) override { ++finished_count; }

 private:
  struct Call final : server::Handler {
    explicit Call(unsigned its) : way(its) {}

    void serve(server::Exchange& exchange) override {
      switch (way) {
        case 0:  // whole
          exchange.body().append(exchange.buffered_body());
          break;
        case 1:  // read to its end, whenever it comes, and answered in pieces
          right = &exchange.suspend();
          exchange.watch(true);
          return read(exchange);
        case 2:  // early, in two pieces
          exchange.body().append("early ");
          exchange.hand_over(false);
          exchange.body().append("answer");
          break;
        default:
          exchange.response().status = 404;
      }
      exchange.hand_over(true);
    }
    void event(server::Exchange& exchange, server::Event event) override {
      if (event == server::Event::readable) read(exchange);
    }
    void read(server::Exchange& exchange) {
      if (right == nullptr) return;
      char piece[7];
      std::ptrdiff_t got = 0;
      while ((got = exchange.read(piece)) > 0) size += static_cast<std::size_t>(got);
      if (got == -1) return;
      exchange.body().append(got == 0 ? "read " : "lost ");
      if (got == 0) exchange.body().append(std::to_string(size)).append(exchange.trailer("x"));
      exchange.hand_over(false);
      exchange.hand_over(true);
      std::exchange(right, nullptr)->release();
    }
    void resumed(server::Exchange&, void (*)(), void*, bool) override { std::abort(); }
    void abandoned(server::Exchange&) override { std::abort(); }
    const char* title() const override { return "fuzz"; }

    unsigned way;
    server::Async* right = nullptr;
    std::size_t size = 0;
  };

  void note(server::Exchange& exchange) {
    exchange.local = this;
    methods.emplace_back(exchange.request.method);
  }

  static void check(const server::RequestHead& request) {
    require(server::is_field_name(request.method) && !request.target.empty());
    require(request.protocol == "HTTP/1.1" || request.protocol == "HTTP/1.0");
    require(request.target.find_first_of(" \r\n") == std::string_view::npos);
    require(request.has(server::Known::host) || request.protocol == "HTTP/1.0");
    require(request.has_body ? request.content_length != 0 : request.content_length == 0);
    for (const server::Field& field : request.fields)
      require(server::is_field_name(field.name) && server::is_field_value(field.value));
  }

  unsigned ways_;
};

// What the client heard, without what may differ between two runs: Date, and whether it was told to
// go on with a body that was there already.
std::string without_moments(const std::string& heard) {
  std::string kept;
  std::string_view rest = heard;
  while (!rest.empty()) {
    constexpr std::string_view proceed = "HTTP/1.1 100 Continue\r\n\r\n";
    if (rest.starts_with(proceed)) rest.remove_prefix(proceed.size());
    const auto end = std::min(rest.find('\n'), rest.size() - (rest.empty() ? 0 : 1));
    const std::string_view line = rest.substr(0, end + 1);
    if (!line.starts_with("Date: ")) kept += line;
    rest.remove_prefix(line.size());
  }
  return kept;
}

template <class Say>
std::string converse(unsigned ways, unsigned rules, Say say) {
  Responder responder(ways);
  std::string heard;
  {
    static server::Loop loop(0);
    Conversation client(responder, options_of(rules), loop);
    say(client);
    client.finish();
    require(client.ended());  // no handler waits for anything but its body
    heard = client.take();
    client.hang_up();
    require(client.gone());
  }
  require(responder.finished_count == responder.methods.size());
  const Answers answers(heard, responder.methods);
  require(answers.end() == Answers::End::clean || answers.end() == Answers::End::open);
  return without_moments(heard);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  std::signal(SIGPIPE, SIG_IGN);  // as the server does
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const unsigned ways = bytes[0];
  const unsigned rules = bytes[1];
  const std::string_view input(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  const std::string whole = converse(ways, rules, [&](Conversation& client) { client.say(input); });
  const std::string pieces = converse(ways, rules, [&](Conversation& client) {
    std::uint32_t seed = rules * 2654435761U + 1;
    for (std::size_t at = 0; at < input.size();) {
      seed = seed * 1664525U + 1013904223U;
      const std::size_t length = 1 + (seed >> 24U) % 37U;
      client.say(input.substr(at, length));
      at += length;
    }
  });
  require(whole == pieces);
  if (input.size() > kByteByByte) return 0;
  require(whole ==
          converse(ways, rules, [&](Conversation& client) { client.say_byte_by_byte(input); }));
  return 0;
}
