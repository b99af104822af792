// Ways to answer, and to say what was answered, for tests of HTTP/1 without a container.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/exchange.h"
#include "tests/support/answers.h"
#include "tests/support/small_server.h"

namespace tests {

// "status body|status body|", and "..." for what is not complete.
inline std::string summary(const std::string& heard, const std::vector<std::string>& methods) {
  const Answers answers(heard, methods);
  std::string text;
  for (const tests::Answer& one : answers.all())
    text += std::to_string(one.status) + (one.body.empty() ? "" : " " + one.body) + "|";
  if (answers.end() == Answers::End::malformed) text += "malformed";
  if (answers.end() == Answers::End::cut) text += "...";
  return text;
}

// Suspends every answer until the test gives it.
struct Held {
  explicit Held(SmallService& service) {
    service.answer = [this](server::Exchange& exchange) { rights.push_back(&exchange.suspend()); };
  }
  void answer(std::size_t which, const char* text) {
    server::Async& right = *rights[which];
    right.resume(reinterpret_cast<void (*)()>(+[](void* body, server::Exchange* exchange) {
                   if (exchange == nullptr) return;
                   exchange->body().append(static_cast<const char*>(body));
                   exchange->hand_over(true);
                 }),
                 const_cast<char*>(text));
    right.release();
  }
  std::vector<server::Async*> rights;
};

// Takes what a streamed body has and says how much that was once it has ended.
struct Reader {
  std::size_t got = 0;
  bool lost = false;
  std::string trailer;
  server::Async* right = nullptr;

  explicit Reader(SmallService& service) {
    service.body = server::Body::streamed;
    service.answer = [this](server::Exchange& exchange) {
      right = &exchange.suspend();
      exchange.watch(true);
      read(exchange);
    };
    service.on_event = [this](server::Exchange& exchange, server::Event event) {
      if (event == server::Event::readable || exchange.aborted()) read(exchange);
    };
  }
  void read(server::Exchange& exchange) {
    if (right == nullptr) return;
    char piece[4096];
    std::ptrdiff_t size = 0;
    while ((size = exchange.read(piece)) > 0) got += static_cast<std::size_t>(size);
    if (size == -1) return;
    lost = size == -2;
    trailer = exchange.trailer("X-Sum");
    exchange.body().append(lost ? "lost" : std::to_string(got));
    exchange.hand_over(true);
    std::exchange(right, nullptr)->release();
  }
};

}  // namespace tests
