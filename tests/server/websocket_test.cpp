// One WebSocket on a real connection: closing, times, slow readers, reading on and off.
#include "server/websocket/websocket.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "server/upgrade.h"
#include "tests/support/eventually.h"
#include "tests/support/frame_client.h"
#include "tests/support/socket_server.h"

using server::websocket::Limit;
using server::websocket::Outcome;
using server::websocket::Overflow;
using server::websocket::Send;
using server::websocket::SendOptions;
using server::websocket::Stream;
using server::websocket::WebSocket;
using tests::close_frame;
using tests::eventually;
using tests::fill;
using tests::Frame;
using tests::FrameClient;
using tests::Hub;
using tests::Opcode;
using tests::Options;
using tests::quiet;
using tests::Session;
using tests::SocketServer;
using tests::text_frame;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A server whose sockets, one after the other, are known to the test.
struct OneSocket : SocketServer {
  explicit OneSocket(const Options& its = {}) : SocketServer(its) {
    on_open = [this](Session session) { raw.store(session.value()); };
  }
  Session session() const { return Session(raw.load()); }
  std::atomic<std::uint64_t> raw{0};
};

constexpr int kTiny = 4096;  // receive buffer of a client that is to be slow

// The next line but for those of a queue that was faster than the kernel.
std::string past_drained(SocketServer& server) {
  std::string line = "drained";
  while (line == "drained") line = server.diary.next();
  return line;
}

bool all_gone(SocketServer& server) {
  return eventually([&] { return server.connector().connections() == 0; });
}

}  // namespace

TEST_CASE("websocket: a frame behind the handshake in the same packet is heard") {
  SocketServer server;
  server.listen();
  FrameClient client(server.port(), "/", "", text_frame("early") + text_frame("bird"));
  CHECK(client.is_open());
  CHECK(client.next() == "early");
  CHECK(client.next() == "bird");
}

TEST_CASE("websocket: the peer closes") {
  SocketServer server;
  server.listen();
  FrameClient client(server.port());
  CHECK(server.diary.next() == "open");
  SUBCASE("with a code") {
    client.text("last");
    client.close(4001, "enough");
    CHECK(client.next() == "last");
    CHECK(client.next() == "<close 4001>");
    CHECK(server.diary.next() == "closed 4001 enough");
  }
  SUBCASE("without one") {
    client.say(Frame{.opcode = 8, .payload = ""}.bytes());
    CHECK(client.next() == "<close>");
    CHECK(server.diary.next() == "closed 1005");
  }
  SUBCASE("with what is no code") {
    client.close(1005);
    CHECK(client.next().starts_with("<close 1002"));
    CHECK(server.diary.next().starts_with("failed "));
    CHECK(server.diary.next().starts_with("closed 1002"));
  }
  SUBCASE("with half a code") {
    client.say(Frame{.opcode = 8, .payload = "x"}.bytes());
    CHECK(client.next().starts_with("<close 1002"));
    CHECK(server.diary.next().starts_with("failed "));
    CHECK(server.diary.next().starts_with("closed 1002"));
  }
  SUBCASE("by hanging up") {
    client.client().close();
    CHECK(server.diary.next().starts_with("closed 1006"));
    CHECK(all_gone(server));
    return;
  }
  SUBCASE("by ending its side") {
    client.client().finish();
    CHECK(server.diary.next() == "closed 1006 the connection ended without a close frame");
  }
  CHECK(client.next() == "<end>");  // the server ends the connection
  CHECK(all_gone(server));
  CHECK(server.diary.size() <= 3);
}

TEST_CASE("websocket: we close") {
  OneSocket server;
  server.listen();
  FrameClient client(server.port());
  CHECK(server.diary.next() == "open");
  CHECK(server.hub().send(server.session(), Opcode::text, "before") == Send::queued);
  CHECK(server.hub().close(server.session(), 4002, "bye"));
  CHECK_FALSE(server.hub().close(server.session(), 4003, "again"));
  CHECK(server.hub().send(server.session(), Opcode::text, "after") == Send::gone);
  CHECK(client.next() == "before");
  CHECK(client.next() == "<close 4002 bye>");
  CHECK(server.diary.next() == "closed 4002 bye");
  SUBCASE("and the peer answers") {
    client.text("ignored");
    client.close(4002);
  }
  SUBCASE("and the peer hangs up") { client.client().finish(); }
  SUBCASE("and the peer talks nonsense") { client.say(Frame{.opcode = 3}.bytes()); }
  CHECK(client.next() == "<end>");
  CHECK(all_gone(server));
  CHECK(server.diary.size() == 2);  // told once
}

TEST_CASE("websocket: a peer that does not answer our close is cut off") {
  Options options;
  options.close_timeout = 50;
  OneSocket server(options);
  server.listen();
  FrameClient client(server.port());
  CHECK(server.diary.next() == "open");
  CHECK(server.hub().close(server.session(), 1000, ""));
  CHECK(client.next() == "<close 1000>");
  CHECK(client.next() == "<end>");
  CHECK(all_gone(server));
}

TEST_CASE("websocket: a peer that closes, or fails, but does not read is cut off") {
  Options options = quiet();
  options.close_timeout = 50;
  OneSocket server(options);
  server.on_message = [](Session, Opcode, std::string_view) { return true; };
  server.listen();
  FrameClient client(server.port(), "/", "", "", kTiny);
  CHECK(server.diary.next() == "open");
  fill(server, server.session());
  SUBCASE("closes") { client.close(1000); }
  SUBCASE("fails") { client.say(Frame{.opcode = 3}.bytes()); }
  CHECK(all_gone(server));
}

TEST_CASE("websocket: bytes behind a close frame are nobody's") {
  SocketServer server;
  server.listen();
  FrameClient client(server.port());
  client.say(close_frame(1000) + text_frame("more") + close_frame(1001) + "\xff\xff");
  CHECK(client.next() == "<close 1000>");
  CHECK(client.next() == "<end>");
  CHECK(server.diary.next() == "open");
  CHECK(server.diary.next() == "closed 1000");
  CHECK(all_gone(server));
  CHECK(server.diary.size() == 2);
}

TEST_CASE("websocket: a peer that answers no ping is taken for dead") {
  Options options;
  options.ping_interval = 20;
  options.pong_timeout = 60;
  OneSocket server(options);
  server.listen();
  FrameClient client(server.port());
  CHECK(server.diary.next() == "open");
  SUBCASE("none") {
    CHECK(client.next().starts_with("<ping "));
    CHECK(server.diary.next() == "closed 1006 no pong within pongTimeout");
    CHECK(client.next() == "<end>");
  }
  SUBCASE("answered ones keep it, and tell how far away it is") {
    for (int i = 0; i < 4; ++i) {
      const std::string ping = client.next();
      REQUIRE(ping.starts_with("<ping "));
      client.say(Frame{.opcode = 10, .payload = ping.substr(6, ping.size() - 7)}.bytes());
    }
    Hub::Figures figures;
    CHECK(eventually(
        [&] { return server.hub().figures(server.session(), figures) && figures.round_trip > 0; }));
    CHECK(server.diary.size() == 1);  // nor are they told to the application
    client.say(Frame{.opcode = 10, .payload = "mine"}.bytes());
    CHECK(server.diary.next() == "pong mine");
  }
  SUBCASE("but not while we do not read") {
    CHECK(server.hub().suspend_reading(server.session()));
    for (int i = 0; i < 8; ++i) CHECK(client.next().starts_with("<ping "));  // over 60 ms
    CHECK(server.hub().gate(server.session())->is_open(server.session()));
    client.text("still here");
    CHECK(server.hub().resume_reading(server.session()));
    for (std::string heard = "<ping "; heard.starts_with("<ping ");) {
      heard = client.next();
      if (!heard.starts_with("<ping ")) CHECK(heard == "still here");
    }
  }
}

TEST_CASE("websocket: idle and silent peers") {
  Options options = quiet();
  std::string end;
  SUBCASE("without a message for maxIdleTimeout") {
    options.idle_timeout = 40;
    end = "1001 no message within maxIdleTimeout";
  }
  SUBCASE("never a message within openTimeout") {
    options.open_timeout = 40;
    end = "1008 no message within openTimeout";
  }
  SocketServer server(options);
  server.listen();
  FrameClient client(server.port());
  CHECK(client.next() == "<close " + end + ">");
  CHECK(server.diary.next() == "open");
  CHECK(server.diary.next() == "closed " + end);
}

TEST_CASE("websocket: limits of a session change its times") {
  OneSocket server(quiet());
  server.listen();
  FrameClient client(server.port());
  CHECK(server.diary.next() == "open");
  SUBCASE("from elsewhere") {
    CHECK(server.hub().set_limit(server.session(), Limit::idle_timeout, 10));
  }
  SUBCASE("in a callback, when the time is over already") {
    server.on_message = [&](Session session, Opcode, std::string_view) {
      const auto then = std::chrono::steady_clock::now() + milliseconds(5);
      while (std::chrono::steady_clock::now() < then) {
      }
      server.hub().set_limit(session, Limit::idle_timeout, 1);
      return true;
    };
    client.say(text_frame("a") + text_frame("b"));
  }
  CHECK(client.next() == "<close 1001 no message within maxIdleTimeout>");
  CHECK(server.diary.next() == "closed 1001 no message within maxIdleTimeout");
}

TEST_CASE("websocket: limits of a session change what it takes") {
  OneSocket server;
  server.listen();
  FrameClient client(server.port());
  CHECK(server.diary.next() == "open");
  CHECK(server.hub().set_limit(server.session(), Limit::max_text, 10));
  CHECK(server.hub().set_limit(server.session(), Limit::max_binary, 200'000));
  client.text("1234567890");
  CHECK(client.next() == "1234567890");
  const std::string large(200'000, 'b');
  client.say(Frame{.opcode = 2, .payload = large}.bytes());
  CHECK(client.next() == large);
  client.text("12345678901");
  CHECK(client.next().starts_with("<close 1009 "));
  CHECK(server.diary.next().starts_with("failed "));
  CHECK(server.diary.next().starts_with("closed 1009 "));
}

TEST_CASE("websocket: a peer that takes no more is told no more, however messages come") {
  SocketServer server(quiet());
  std::atomic<int> told{0};
  std::atomic<std::uint64_t> held{0};
  server.on_message = [&](Session session, Opcode kind, std::string_view bytes) {
    if (bytes.starts_with("held")) {
      ++told;
      held = session.value();
      return false;
    }
    server.hub().send(session, kind, bytes);
    return true;
  };
  server.listen();
  FrameClient client(server.port());
  FrameClient other(server.port());
  const auto served = [&] {  // whatever has come to the loop
    other.text("?");
    return other.next() == "?";
  };
  client.text("held 1");  // a read of its own
  CHECK(eventually([&] { return told == 1; }));
  client.text("held 2");
  CHECK(served());
  CHECK(served());
  CHECK(told == 1);
  server.hub().with(Session(held.load()), [](WebSocket& socket) { socket.go_on(); });
  CHECK(eventually([&] { return told == 2; }));
}

TEST_CASE("websocket: a slow reader holds no more than its limit, and hears everything in time") {
  Options options = quiet();
  options.queue_bytes = 300'000;
  OneSocket server(options);
  server.listen();
  FrameClient client(server.port(), "/", "", "", kTiny);
  CHECK(server.diary.next() == "open");
  int count = fill(server, server.session());
  Hub::Figures figures;
  CHECK(server.hub().figures(server.session(), figures));
  CHECK(figures.queued_bytes <= options.queue_bytes);
  CHECK(figures.queued_bytes > options.queue_bytes / 2);
  for (int i = 0; i < count; ++i)
    REQUIRE(client.next().starts_with(std::to_string(10'000'000 + i)));
  CHECK(server.diary.next() == "drained");
  count = fill(server, server.session());
  CHECK(count > 0);
  CHECK(client.next().starts_with("10000000"));
}

TEST_CASE("websocket: a reader that stands still is cut off, or let go") {
  Options options = quiet();
  options.queue_bytes = 64'000;
  options.send_timeout = 100;
  SUBCASE("refuse") {
    OneSocket server(options);
    server.listen();
    FrameClient client(server.port(), "/", "", "", kTiny);
    CHECK(server.diary.next() == "open");
    fill(server, server.session());
    CHECK(past_drained(server) == "closed 1006 the peer took nothing for sendTimeout");
    CHECK(all_gone(server));
  }
  SUBCASE("close") {
    options.overflow = Overflow::close;
    options.close_timeout = 50;
    options.send_timeout = 60'000;
    OneSocket server(options);
    server.listen();
    FrameClient client(server.port(), "/", "", "", kTiny);
    CHECK(server.diary.next() == "open");
    fill(server, server.session());
    CHECK(server.diary.next() ==
          "closed 1013 the peer reads too slowly: over 64000 bytes or 1000 messages wait");
    CHECK(all_gone(server));
  }
  SUBCASE("drop the oldest") {
    options.overflow = Overflow::drop_oldest;
    options.send_timeout = 60'000;
    OneSocket server(options);
    server.listen();
    FrameClient client(server.port(), "/", "", "", kTiny);
    CHECK(server.diary.next() == "open");
    Hub::Figures figures;
    int last = 0;
    do {
      CHECK(server.hub().send(server.session(), Opcode::text,
                              std::to_string(++last) + std::string(1'000, '.')) == Send::queued);
      CHECK(server.hub().figures(server.session(), figures));
      REQUIRE(figures.queued_bytes <= options.queue_bytes);
    } while (figures.dropped < 100);
    int heard = 0, number = 0;
    while (number < last) {
      const int next = std::stoi(client.next());
      REQUIRE(next > number);
      number = next;
      ++heard;
    }
    CHECK(server.hub().figures(server.session(), figures));
    CHECK(heard + static_cast<int>(figures.dropped) == last);
  }
}

TEST_CASE("websocket: who sends much and reads nothing is not read either") {
  OneSocket server(quiet());
  server.listen();
  FrameClient client(server.port(), "/", "", "", kTiny);
  constexpr int kCount = 4'000;
  std::jthread talker([&] {
    for (int i = 0; i < kCount; ++i)
      if (!client.text(std::to_string(i) + std::string(8'000, '.'))) return;
  });
  CHECK(server.diary.next() == "open");
  Hub::Figures before, now;
  // It comes to rest, for nobody reads: then as much as buffers hold has been taken.
  do {
    CHECK(server.hub().figures(server.session(), before));
    std::this_thread::sleep_for(milliseconds(50));
    CHECK(server.hub().figures(server.session(), now));
  } while (now.received_messages != before.received_messages || now.received_messages == 0);
  CHECK(now.received_messages < kCount);
  CHECK(now.queued_bytes <= server.options.queue_bytes);
  int heard = 0;
  while (heard < kCount && client.next().starts_with(std::to_string(heard) + '.')) ++heard;
  CHECK(heard == kCount);
  if (heard < kCount) client.client().shut_down();  // so that the talker ends
  talker.join();
  CHECK(server.diary.size() == 1);
}

TEST_CASE("websocket: a stream that its own callbacks write does not stop them") {
  OneSocket server(quiet());
  Stream* stream = nullptr;
  server.on_message = [&](Session session, Opcode, std::string_view text) {
    if (text == "begin") {
      CHECK(server.hub().begin(session, Opcode::text, stream) == Send::queued);
    } else if (text == "end") {
      CHECK(server.hub().finish(*stream, true) == Send::queued);
    } else if (text == "aside") {
      CHECK(server.hub().send(session, Opcode::text, text) == Send::queued);
    } else {
      CHECK(server.hub().write(*stream, text) == Send::queued);
    }
    return true;
  };
  server.listen();
  FrameClient client(server.port());
  for (const char* one : {"begin", "one ", "aside", "two", "end"}) client.text(one);
  CHECK(client.next() == "one two");
  CHECK(client.next() == "aside");
}

TEST_CASE("websocket: a stream given up half-way closes the socket") {
  OneSocket server(quiet());
  server.listen();
  FrameClient client(server.port());
  CHECK(server.diary.next() == "open");
  Stream* stream = nullptr;
  CHECK(server.hub().begin(server.session(), Opcode::text, stream) == Send::queued);
  CHECK(server.hub().write(*stream, "half") == Send::queued);
  const auto piece = client.frame();
  REQUIRE(piece);
  CHECK(piece->payload == "half");
  CHECK_FALSE(piece->fin);
  CHECK(server.hub().finish(*stream, false) == Send::queued);
  CHECK(client.next() == "<close 1011 a message was given up half-way>");
  CHECK(server.diary.next() == "failed a message was given up half-way");
  CHECK(server.diary.next() == "closed 1011 a message was given up half-way");
}

TEST_CASE("websocket: reading suspended and resumed") {
  OneSocket server(quiet());
  std::atomic<int> heard{0};
  server.on_message = [&](Session session, Opcode, std::string_view text) {
    ++heard;
    if (text == "stop") server.hub().suspend_reading(session);
    if (text == "refuse") return false;
    server.hub().send(session, Opcode::text, text);
    return true;
  };
  server.listen();
  FrameClient client(server.port());
  CHECK(server.diary.next() == "open");
  SUBCASE("by the application, within one packet") {
    client.say(text_frame("stop") + text_frame("stop") + text_frame("c"));
    CHECK(client.next() == "stop");
    CHECK(heard == 1);
    CHECK(server.hub().resume_reading(server.session()));
    CHECK(client.next() == "stop");
    CHECK(heard == 2);
    CHECK(server.hub().resume_reading(server.session()));
    CHECK(client.next() == "c");
  }
  SUBCASE("by an owner without room") {
    client.say(text_frame("a") + text_frame("refuse") + text_frame("c"));
    CHECK(client.next() == "a");
    CHECK(eventually([&] { return heard == 2; }));
    CHECK(server.hub().with(server.session(), [](WebSocket& socket) { socket.go_on(); }));
    CHECK(client.next() == "c");
  }
  SUBCASE("resumed in the callback that suspended it") {
    server.on_message = [&](Session session, Opcode, std::string_view text) {
      server.hub().suspend_reading(session);
      server.hub().resume_reading(session);
      server.hub().send(session, Opcode::text, text);
      return true;
    };
    client.say(text_frame("a") + text_frame("b"));
    CHECK(client.next() == "a");
    CHECK(client.next() == "b");
  }
  SUBCASE("a close frame waits with the rest") {
    client.say(text_frame("stop") + text_frame("b") + close_frame(1000));
    CHECK(client.next() == "stop");
    CHECK(server.hub().resume_reading(server.session()));
    CHECK(client.next() == "b");
    CHECK(client.next() == "<close 1000>");
    CHECK(server.diary.next() == "closed 1000");
  }
  SUBCASE("closing reads on") {
    client.say(text_frame("stop") + text_frame("b") + close_frame(1000));
    CHECK(client.next() == "stop");
    CHECK(server.hub().close(server.session(), 4000, "enough"));
    CHECK(client.next() == "<close 4000 enough>");
    CHECK(client.next() == "<end>");
    CHECK(heard == 1);
  }
}

TEST_CASE("websocket: reading suspended when it opens holds back what came with the handshake") {
  OneSocket server(quiet());
  std::atomic<int> heard{0};
  server.on_open = [&](Session session) {
    server.hub().suspend_reading(session);
    server.raw = session.value();
  };
  server.on_message = [&](Session session, Opcode, std::string_view text) {
    ++heard;
    server.hub().send(session, Opcode::text, text);
    return true;
  };
  server.listen();
  FrameClient client(server.port(), "/", "", text_frame("early") + text_frame("bird"));
  CHECK(server.diary.next() == "open");
  server.loop(0).call([&] { CHECK(heard == 0); });  // a turn later
  CHECK(server.hub().resume_reading(server.session()));
  CHECK(client.next() == "early");
  CHECK(client.next() == "bird");
}

TEST_CASE("websocket: reading resumed in `drained` goes on with what was heard before") {
  Options options = quiet();
  options.queue_bytes = 100'000;
  OneSocket server(options);
  server.on_message = [&](Session session, Opcode, std::string_view text) {
    server.diary.add("heard " + std::string(text));
    if (text == "a") server.hub().suspend_reading(session);
    return true;
  };
  server.on_drained = [&](Session session) { server.hub().resume_reading(session); };
  server.listen();
  FrameClient client(server.port(), "/", "", "", kTiny);
  CHECK(server.diary.next() == "open");
  client.say(text_frame("a") + text_frame("b"));
  CHECK(server.diary.next() == "heard a");
  const int count = fill(server, server.session());
  for (int i = 0; i < count; ++i) REQUIRE(client.next().starts_with("1"));
  CHECK(past_drained(server) == "heard b");
}

TEST_CASE("websocket: what became of a message is told once") {
  Options options = quiet();
  options.queue_bytes = 200'000;
  OneSocket server(options);
  server.listen();
  FrameClient client(server.port(), "/", "", "", kTiny);
  CHECK(server.diary.next() == "open");
  struct Told {
    std::atomic<int> sent{0}, lost{0}, other{0};
  } told;
  const SendOptions noted{.done = {[](void* argument, std::uint64_t, Outcome outcome) {
                                     auto& to = *static_cast<Told*>(argument);
                                     ++(outcome == Outcome::sent   ? to.sent
                                        : outcome == Outcome::lost ? to.lost
                                                                   : to.other);
                                   },
                                   &told}};
  const auto send = [&](std::size_t size) {
    return server.hub().send(server.session(), Opcode::binary, std::string(size, 'x'), noted);
  };
  CHECK(send(10) == Send::queued);
  CHECK(eventually([&] { return told.sent == 1; }));
  CHECK(client.next() == std::string(10, 'x'));
  int queued = 1;
  for (Send sent = Send::queued;
       sent == Send::queued || server.hub().wait(server.session(), 20'000, milliseconds(300));) {
    sent = send(20'000);
    queued += sent == Send::queued ? 1 : 0;
  }
  CHECK(told.sent < queued);
  SUBCASE("sent when the kernel has it") {
    for (int i = 1; i < queued; ++i) REQUIRE(client.next().size() == 20'000);
    CHECK(server.diary.next() == "drained");
    CHECK(eventually([&] { return told.sent == queued; }));
    CHECK(told.lost == 0);
  }
  SUBCASE("lost at the end") {
    client.client().close();
    CHECK(past_drained(server).starts_with("closed 1006"));
    CHECK(told.sent + told.lost == queued);  // before `closed`
    CHECK(told.lost > 0);
  }
  CHECK(told.other == 0);
}

TEST_CASE("websocket: who waits for room") {
  Options options = quiet();
  options.queue_bytes = 100'000;
  OneSocket server(options);
  server.listen();
  FrameClient client(server.port(), "/", "", "", kTiny);
  CHECK(server.diary.next() == "open");
  const Session session = server.session();
  const int count = fill(server, session);
  CHECK_FALSE(server.hub().wait(session, 60'000, milliseconds(20)));
  std::atomic<bool> over{false};
  std::jthread waiter([&] {
    CHECK(server.hub().wait(session, 60'000, std::chrono::minutes(1)));
    over = true;
  });
  std::this_thread::sleep_for(milliseconds(10));
  SUBCASE("is woken when there is some") {
    for (int i = 0; i < count; ++i) REQUIRE(client.next().starts_with("1"));
    CHECK(eventually([&] { return over.load(); }));
  }
  SUBCASE("and when there will be none") {
    client.client().close();
    CHECK(eventually([&] { return over.load(); }));
  }
  SUBCASE("and when nothing is taken any more") {
    CHECK(server.hub().close(session, 1000, ""));
    CHECK(eventually([&] { return over.load(); }));
  }
  waiter.join();
}

TEST_CASE("websocket: goodbye at the server's end") {
  Options options;
  options.drain_timeout = 20;
  OneSocket server(options);
  server.listen();
  FrameClient first(server.port()), second(server.port());
  CHECK(server.diary.next() == "open");
  CHECK(server.diary.next() == "open");
  CHECK(server.hub().send(server.session(), Opcode::text, "last") == Send::queued);
  server.connector().drain();
  int last = 0;
  for (FrameClient* client : {&first, &second}) {
    std::string heard = client->next();
    if (heard == "last") {
      ++last;
      heard = client->next();
    }
    CHECK(heard == "<close 1001 the server stops>");
    client->close(1001);
    CHECK(client->next() == "<end>");
  }
  CHECK(last == 1);
  CHECK(server.diary.next() == "closed 1001 the server stops");
  CHECK(server.diary.next() == "closed 1001 the server stops");
  CHECK(all_gone(server));
}

TEST_CASE("websocket: pings of the peer") {
  SocketServer server;
  server.listen();
  FrameClient client(server.port());
  client.say(Frame{.opcode = 9, .payload = "one"}.bytes() + Frame{.opcode = 9}.bytes());
  CHECK(client.next() == "<pong one>");
  CHECK(client.next() == "<pong >");
  client.say(Frame{.opcode = 1, .payload = "he", .fin = false}.bytes() +
             Frame{.opcode = 9, .payload = "two"}.bytes() +
             Frame{.opcode = 0, .payload = "llo"}.bytes());
  CHECK(client.next() == "<pong two>");
  CHECK(client.next() == "hello");
}

TEST_CASE("websocket: pings of a peer that reads nothing are answered once") {
  OneSocket server(quiet());
  server.listen();
  FrameClient client(server.port(), "/", "", "", kTiny);
  CHECK(server.diary.next() == "open");
  const int count = fill(server, server.session());
  for (int i = 0; i < 3'000; ++i) {
    std::string payload(125, '.');
    payload.replace(0, 4, std::to_string(1'000 + i));
    client.say(Frame{.opcode = 9, .payload = payload}.bytes());
  }
  int messages = 0, pongs = 0;
  std::string heard;
  while (!heard.starts_with("<pong 3999")) {
    heard = client.next();
    ++(heard.starts_with("<pong ") ? pongs : messages);
    REQUIRE(heard != "<nothing>");
  }
  while (messages < count) {
    CHECK(client.next().starts_with("1"));
    ++messages;
  }
  CHECK(pongs < 3'000);
}
