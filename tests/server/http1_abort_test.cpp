// HTTP/1 and clients that go: behind each byte of a request, and in the middle of each answer.
#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "tests/support/conversation.h"
#include "tests/support/handlers.h"
#include "tests/support/small_server.h"

using tests::Conversation;
using tests::Reader;
using tests::SmallService;

namespace {

const std::string kRequests =
    "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
    "POST /2 HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nabcd"
    "PUT /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nT: "
    "v\r\n\r\n"
    "GET /4 HTTP/1.1\r\nHost: h\r\n\r\n";

constexpr std::size_t kMuch = 1024 * 1024;  // more than socket and queues hold

bool all_finished(const SmallService& service) {
  return service.finished_count.load() == static_cast<int>(service.methods.size());
}

// Goes behind every byte, without having read anything, and once after half-closing.
void go_everywhere(SmallService& service) {
  for (std::size_t size = 0; size <= kRequests.size(); ++size) {
    for (const bool half : {false, true}) {
      CAPTURE(size);
      CAPTURE(half);
      Conversation client(service, {});
      client.listen(false);
      client.say(std::string_view(kRequests).substr(0, size));
      if (half) client.finish();
      client.hang_up();
      CHECK(client.await([&] { return client.gone() && all_finished(service); }));
    }
  }
}

void stream(server::Exchange& exchange) {
  while (exchange.body().append(16 * 1024, 'x'), exchange.sent() < kMuch)
    if (exchange.hand_over(false) != server::Write::ok) break;
}

}  // namespace

TEST_CASE("http1 aborts: on the loop") {
  SmallService service;
  SUBCASE("a whole answer") {
    service.answer = [](server::Exchange& exchange) { exchange.body().append("ok"); };
    go_everywhere(service);
  }
  SUBCASE("a whole answer that does not fit") {
    service.answer = [](server::Exchange& exchange) { exchange.body().append(kMuch, 'x'); };
    go_everywhere(service);
  }
  SUBCASE("a body that is read") {
    Reader reader(service);
    service.answer = [&, answer = service.answer](server::Exchange& exchange) {
      if (exchange.request.has_body) return answer(exchange);
      exchange.body().append("ok");
    };
    go_everywhere(service);
  }
  SUBCASE("a body that nobody wants") {
    service.body = server::Body::ignored;
    service.answer = [](server::Exchange& exchange) { exchange.response().status = 404; };
    go_everywhere(service);
  }
  SUBCASE("an answer in pieces, as there is room") {
    service.body = server::Body::ignored;
    service.answer = [](server::Exchange& exchange) {
      exchange.local = &exchange.suspend();
      exchange.watch(true);
      stream(exchange);
    };
    service.on_event = [](server::Exchange& exchange, server::Event event) {
      if (exchange.local == nullptr) return;
      if (event == server::Event::writable) return stream(exchange);
      if (!exchange.aborted()) return;  // only half-closed
      static_cast<server::Async*>(std::exchange(exchange.local, nullptr))->release();
    };
    go_everywhere(service);
  }
  SUBCASE("an answer that breaks off") {
    service.answer = [](server::Exchange& exchange) {
      exchange.body().append("some");
      exchange.hand_over(false);
      exchange.reset_connection();
    };
    go_everywhere(service);
  }
}

TEST_CASE("http1 aborts: on a worker") {
  server::Workers workers({.max_threads = 2, .min_spare_threads = 2});
  SmallService service;
  service.workers = &workers;
  SUBCASE("a whole answer") {
    service.answer = [](server::Exchange& exchange) { exchange.body().append("ok"); };
    go_everywhere(service);
  }
  SUBCASE("a body that is read") {
    service.body = server::Body::streamed;
    service.answer = [](server::Exchange& exchange) {
      char piece[2];
      std::ptrdiff_t got = 0;
      while ((got = exchange.read(piece)) > 0) exchange.body().append(piece, piece + got);
    };
    go_everywhere(service);
  }
  SUBCASE("an answer that does not fit") {
    service.answer = [](server::Exchange& exchange) {
      for (std::size_t size = 0; size < kMuch; size += 16 * 1024) {
        exchange.body().append(16 * 1024, 'x');
        if (exchange.hand_over(false) == server::Write::closed) return;
      }
    };
    go_everywhere(service);
  }
}

TEST_CASE("http1 aborts: an answer that another thread owes") {
  SmallService service;
  std::atomic<server::Async*> owed{nullptr};
  service.answer = [&](server::Exchange& exchange) {
    server::Async& right = exchange.suspend();
    server::Async* none = nullptr;
    // Two at once are only owed when requests are pipelined: then the first is given up.
    while (!owed.compare_exchange_weak(none, &right)) {
      if (none != nullptr && owed.compare_exchange_strong(none, nullptr)) none->release();
      none = nullptr;
    }
  };
  std::jthread other([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      server::Async* right = owed.exchange(nullptr);
      if (right == nullptr) {
        std::this_thread::yield();
        continue;
      }
      right->resume(reinterpret_cast<void (*)()>(+[](void*, server::Exchange* exchange) {
                      if (exchange == nullptr) return;
                      exchange->body().append(kMuch, 'x');
                      exchange->hand_over(true);
                    }),
                    nullptr);
      right->release();
    }
  });
  go_everywhere(service);
  other.request_stop();
  other.join();
}
