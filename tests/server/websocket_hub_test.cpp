// Many threads and many sockets over several loops: nothing torn, nothing out of order, nothing
// left.
#include "server/websocket/hub.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/frame_client.h"
#include "tests/support/socket_server.h"

using server::websocket::Delivery;
using server::websocket::Frozen;
using server::websocket::Gate;
using server::websocket::Limit;
using server::websocket::Outcome;
using server::websocket::PublishOptions;
using server::websocket::Send;
using server::websocket::SendOptions;
using server::websocket::Stream;
using tests::FrameClient;
using tests::Hub;
using tests::Opcode;
using tests::Options;
using tests::Session;
using tests::SocketServer;

namespace {

using std::chrono::milliseconds;

// "s3 17 xxxx": a sender, its count for that socket, and as many letters as both demand.
std::string message_of(char kind, int sender, int number) {
  std::string text = kind + std::to_string(sender) + " " + std::to_string(number) + " ";
  const int size = (sender * 7919 + number * 104'729) % 3'000;
  return text.append(static_cast<std::size_t>(size), static_cast<char>('a' + number % 26));
}

// What one client heard: whole messages, each sender's in order.
struct Ear {
  std::map<std::string, int> last;   // number, by sender
  std::map<std::string, int> count;  // by sender
  std::string wrong;                 // the first complaint
  std::string end;

  void hear(const std::string& text) {
    if (!wrong.empty()) return;
    const auto space = text.find(' ');
    if (space == std::string::npos) return void(wrong = "torn: " + text.substr(0, 40));
    const std::string who = text.substr(0, space);
    const int number = std::atoi(text.c_str() + space + 1);
    if (text != message_of(who[0], std::atoi(who.c_str() + 1), number))
      wrong = "torn: " + text.substr(0, 40);
    if (last.contains(who) && last[who] >= number)
      wrong = who + ": " + std::to_string(number) + " behind " + std::to_string(last[who]);
    last[who] = number;
    ++count[who];
  }
};

class Crowd {
 public:
  Crowd(SocketServer& server, int count) {
    server.on_open = [this](Session session) {
      const std::scoped_lock lock(mutex_);
      sessions_.push_back(session);
    };
    server.listen();
    for (int i = 0; i < count; ++i) {
      clients.push_back(std::make_unique<FrameClient>(server.port()));
      REQUIRE(server.diary.await(static_cast<std::size_t>(i) + 1));
    }
  }
  // By client: they came one after the other.
  std::vector<Session> sessions() const {
    const std::scoped_lock lock(mutex_);
    return sessions_;
  }
  std::vector<std::unique_ptr<FrameClient>> clients;

 private:
  mutable std::mutex mutex_;
  std::vector<Session> sessions_;
};

}  // namespace

TEST_CASE("hub: eight senders, three publishers, subscribers that come and go, sockets that end") {
  constexpr int kSockets = 24, kSenders = 8, kRounds = 150, kPublishers = 3, kPublications = 300;
  constexpr int kFirstStable = 8;  // sockets before it may end at any time
  Options options;
  options.queue_bytes = 256 * 1024;
  SocketServer server(options, 3);
  Hub& hub = server.hub();
  Crowd crowd(server, kSockets);
  const std::vector<Session> sessions = crowd.sessions();
  REQUIRE(sessions.size() == kSockets);
  for (int i = kFirstStable; i < kSockets; i += 2) CHECK(hub.subscribe(sessions[i], "/news/*"));

  std::vector<Ear> ears(kSockets);
  std::vector<std::thread> threads;
  for (int i = 0; i < kSockets; ++i)
    threads.emplace_back([&, i] {
      FrameClient& client = *crowd.clients[i];
      Ear& ear = ears[i];
      const bool hangs_up = i < kFirstStable && i % 2 == 0;
      for (int heard = 0;; ++heard) {
        const std::string one = client.next_message();
        if (one.starts_with("<")) {
          ear.end = one;
          if (one.starts_with("<close")) client.close(1000);
          return;
        }
        ear.hear(one);
        if (hangs_up && heard == 100 + i * 10) {
          if (i % 4 == 0) return client.client().close();
          client.close(1000);
        }
      }
    });

  std::array<std::array<int, kSockets>, kSenders> queued{};
  std::atomic<int> completed{0}, expected{0}, delivered{0};
  std::vector<std::thread> working;
  for (int sender = 0; sender < kSenders; ++sender)
    working.emplace_back([&, sender] {
      const SendOptions noted{
          .done = {[](void* to, std::uint64_t, Outcome) { ++*static_cast<std::atomic<int>*>(to); },
                   &completed}};
      for (int round = 0; round < kRounds; ++round)
        for (int i = 0; i < kSockets; ++i) {
          const std::string text = message_of('s', sender, round);
          Send sent = Send::full;
          while (sent == Send::full) {
            if (sender == 7) {  // piece by piece
              Stream* stream = nullptr;
              sent = hub.begin(sessions[i], Opcode::text, stream);
              if (stream != nullptr) {
                for (const auto& piece : {text.substr(0, 1), text.substr(1)})
                  while ((sent = hub.write(*stream, piece)) == Send::full)
                    hub.wait(sessions[i], piece.size(), milliseconds(10));
                if (const Send end = hub.finish(*stream, true); sent == Send::queued) sent = end;
              }
            } else {
              const bool note = (sender + round) % 5 == 0;
              sent = hub.send(sessions[i], Opcode::text, text, note ? noted : SendOptions{});
              if (note && sent == Send::queued) ++expected;
            }
            if (sent == Send::full) hub.wait(sessions[i], text.size(), std::chrono::seconds(20));
          }
          if (sent == Send::queued) ++queued[sender][i];
        }
    });
  for (int publisher = 0; publisher < kPublishers; ++publisher)
    working.emplace_back([&, publisher] {
      for (int i = 0; i < kPublications; ++i) {
        const Frozen::Held message = Frozen::make(Opcode::text, message_of('p', publisher, i));
        PublishOptions noted;
        noted.done = [](void* to, const Delivery&) { ++*static_cast<std::atomic<int>*>(to); };
        noted.argument = &delivered;
        while (hub.publish("app", "/news/today", *message, noted) == Send::full)
          std::this_thread::yield();
      }
    });
  working.emplace_back([&] {  // who comes and goes
    std::minstd_rand random(1);
    for (int i = 0; i < 2'000; ++i) {
      const Session session = sessions[random() % kFirstStable];
      (i % 2 == 0 ? hub.subscribe(session, "/news/**") : hub.unsubscribe(session, "/news/**"));
    }
  });
  working.emplace_back([&] {  // who asks and changes
    std::minstd_rand random(2);
    Hub::Figures figures;
    for (int i = 0; i < 2'000; ++i) {
      const Session session = sessions[random() % kSockets];
      hub.set_limit(session, Limit::queue_bytes, 100'000 + random() % 200'000);
      hub.set_limit(session, Limit::ping_interval, 5 + random() % 100);
      if (hub.figures(session, figures)) CHECK(figures.queued_bytes < 2'000'000);
      if (i % 100 == 0) hub.each(&server, [&](Session one, auto&) { CHECK(one.value() != 0); });
      if (i == 1'000) {
        hub.close(sessions[1], 4000, "go");
        hub.close(sessions[5], 4000, "go");
      }
    }
  });
  for (std::thread& one : working) one.join();
  for (const Session session : sessions) hub.close(session, 4001, "done");
  for (std::thread& one : threads) one.join();

  for (int i = 0; i < kSockets; ++i) {
    CAPTURE(i);
    CHECK_MESSAGE(ears[i].wrong.empty(), ears[i].wrong);
    for (int sender = 0; sender < kSenders; ++sender) {
      CAPTURE(sender);
      const int heard = ears[i].count["s" + std::to_string(sender)];
      if (i < kFirstStable) {
        CHECK(heard <= queued[sender][i]);
      } else {
        CHECK(queued[sender][i] == kRounds);
        CHECK(heard == kRounds);
      }
    }
    if (i >= kFirstStable) CHECK(ears[i].end == "<close 4001 done>");
  }
  CHECK(
      server.diary.await(kSockets * 2));  // each told once that it has ended; see the diary's size
  CHECK(delivered == kPublishers * kPublications);
  CHECK(completed == expected);
  CHECK(hub.open_sockets() == 0);
}

TEST_CASE("hub: who publishes is heard in order by everybody who stays") {
  constexpr int kSockets = 6, kPublishers = 3, kCount = 400;
  Options options;  // nobody is to be refused
  options.queue_bytes = 64 * 1024 * 1024;
  options.queue_messages = kPublishers * kCount;
  SocketServer server(options, 2);
  Hub& hub = server.hub();
  Crowd crowd(server, kSockets);
  for (const Session session : crowd.sessions()) {
    CHECK(hub.subscribe(session, "/a/*"));
    CHECK(hub.subscribe(session, "/a/b"));  // once each, although both match
  }
  std::vector<std::thread> publishers;
  for (int publisher = 0; publisher < kPublishers; ++publisher)
    publishers.emplace_back([&, publisher] {
      for (int i = 0; i < kCount; ++i) {
        const Frozen::Held message = Frozen::make(Opcode::text, message_of('p', publisher, i));
        CHECK(hub.publish("app", "/a/b", *message, {}) == Send::queued);
        CHECK(hub.publish("other", "/a/b", *message, {}) == Send::queued);  // another application
      }
    });
  std::vector<Ear> ears(kSockets);
  std::vector<std::thread> listeners;
  for (int i = 0; i < kSockets; ++i)
    listeners.emplace_back([&, i] {
      for (int n = 0; n < kPublishers * kCount && ears[i].wrong.empty(); ++n)
        ears[i].hear(crowd.clients[i]->next_message());
    });
  for (std::thread& one : publishers) one.join();
  for (std::thread& one : listeners) one.join();
  for (Ear& ear : ears) {
    CHECK_MESSAGE(ear.wrong.empty(), ear.wrong);
    for (int publisher = 0; publisher < kPublishers; ++publisher)
      CHECK(ear.count["p" + std::to_string(publisher)] == kCount);
  }
}

TEST_CASE("hub: a publication leaves out whom it excepts, and counts") {
  SocketServer server({}, 2);
  Hub& hub = server.hub();
  Crowd crowd(server, 3);
  const auto sessions = crowd.sessions();
  for (const Session session : sessions) CHECK(hub.subscribe(session, "/t"));
  const Frozen::Held message = Frozen::make(Opcode::text, "news");
  struct Told {
    std::atomic<int> queued{-1};
  } told;
  const auto publish = [&](Session except) {
    told.queued = -1;
    PublishOptions options;
    options.except = except;
    options.done = [](void* to, const Delivery& delivery) {
      static_cast<Told*>(to)->queued = static_cast<int>(delivery.queued);
      static_cast<Told*>(to)->queued.notify_all();
    };
    options.argument = &told;
    CHECK(hub.publish("app", "/t", *message, options) == Send::queued);
    told.queued.wait(-1);
    return told.queued.load();
  };
  CHECK(publish(sessions[1]) == 2);
  CHECK(hub.unsubscribe(sessions[0], "/t"));
  CHECK(publish({}) == 2);
  CHECK(crowd.clients[0]->next() == "news");
  CHECK(crowd.clients[1]->next() == "news");
  CHECK(crowd.clients[2]->next() == "news");
  CHECK(crowd.clients[2]->next() == "news");
  CHECK(hub.publish("app", "/t/*", *message, {}) == Send::invalid);
  CHECK(hub.publish("app", "no slash", *message, {}) == Send::invalid);
  CHECK_FALSE(hub.subscribe(sessions[0], "/a/**/b"));
}

TEST_CASE("hub: completions that change subscriptions while a publication is delivered") {
  Options options;
  options.overflow = server::websocket::Overflow::drop_oldest;
  options.queue_messages = 1;
  SocketServer server(options);
  Hub& hub = server.hub();
  Crowd crowd(server, 4);
  struct Site {
    Hub& hub;
    std::vector<Session> sessions;
    std::atomic<int> called{0};
  } site{hub, crowd.sessions(), {}};
  for (const Session session : site.sessions) CHECK(hub.subscribe(session, "/t"));
  const Frozen::Held message = Frozen::make(Opcode::text, "news");
  const SendOptions leaves{.done = {[](void* argument, std::uint64_t, Outcome outcome) {
                                      auto& its = *static_cast<Site*>(argument);
                                      CHECK(outcome == Outcome::dropped);
                                      ++its.called;
                                      for (const Session one : its.sessions)
                                        its.hub.unsubscribe(one, "/t");
                                    },
                                    &site}};
  // All in one turn of the loop: a stream holds the first socket's queue, so that what is published
  // drives out the message there.
  server.loop(0).call([&] {
    Stream* stream = nullptr;
    CHECK(hub.set_limit(site.sessions[0], Limit::queue_messages, 2));
    CHECK(hub.begin(site.sessions[0], Opcode::text, stream) == Send::queued);
    CHECK(hub.send(site.sessions[0], Opcode::text, "old", leaves) == Send::queued);
    CHECK(hub.publish("app", "/t", *message, {}) == Send::queued);
    server.loop(0).post([&hub, stream] { hub.finish(*stream, true); });
  });
  CHECK(crowd.clients[0]->next() == "");
  CHECK(crowd.clients[0]->next() == "news");
  CHECK(site.called == 1);
  CHECK(hub.publish("app", "/t", *message, {}) == Send::queued);
  for (const Session one : site.sessions) hub.close(one, 1000, "");
  CHECK(crowd.clients[0]->next() == "<close 1000>");
}

TEST_CASE("hub: any number is a session that does not exist") {
  SocketServer server;
  Hub& hub = server.hub();
  Crowd crowd(server, 1);
  const Session real = crowd.sessions()[0];
  for (const std::uint64_t value :
       {std::uint64_t{0}, ~std::uint64_t{0}, real.value() + 1, real.value() + 2,
        real.value() | std::uint64_t{1} << 63,    // another loop
        real.value() | std::uint64_t{999} << 32,  // another slot
        std::uint64_t{999} << 32}) {              // which was never open
    CAPTURE(value);
    const Session session(value);
    Hub::Figures figures;
    Stream* stream = nullptr;
    CHECK(hub.send(session, Opcode::text, "a") == Send::gone);
    CHECK(hub.begin(session, Opcode::text, stream) == Send::gone);
    CHECK(stream == nullptr);
    CHECK_FALSE(hub.close(session, 1000, ""));
    CHECK(hub.wait(session, 1, milliseconds(0)));
    CHECK_FALSE(hub.figures(session, figures));
    CHECK_FALSE(hub.set_limit(session, Limit::max_text, 1));
    if (Gate* gate = hub.gate(session)) {
      CHECK(gate->companion(session) == nullptr);
      CHECK(gate->limit(session, Limit::max_text) == -1);
    }
    CHECK_FALSE(hub.suspend_reading(session));
    CHECK_FALSE(hub.resume_reading(session));
    CHECK_FALSE(hub.subscribe(session, "/t"));
    CHECK_FALSE(hub.unsubscribe(session, "/t"));
  }
  CHECK(hub.send(real, Opcode::text, "a") == Send::queued);
  CHECK(crowd.clients[0]->next() == "a");
  CHECK(hub.send(real, Opcode::text, "\xff") == Send::invalid);
  CHECK(hub.send(real, Opcode::ping, std::string(126, 'p')) == Send::invalid);
  CHECK(hub.send(real, Opcode::text, "a", {.key = std::string(65, 'k')}) == Send::invalid);
}
