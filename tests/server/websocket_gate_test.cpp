// What may wait for one socket, in which order it leaves, and who is told what became of it.
#include "server/websocket/gate.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "server/websocket/close_code.h"
#include "server/websocket/stream.h"

using server::websocket::Frozen;
using server::websocket::Gate;
using server::websocket::Limit;
using server::websocket::Limits;
using server::websocket::Opcode;
using server::websocket::Options;
using server::websocket::Outcome;
using server::websocket::Outgoing;
using server::websocket::Overflow;
using server::websocket::Send;
using server::websocket::SendOptions;
using server::websocket::Session;
using server::websocket::Stream;
using server::websocket::WebSocket;

namespace {

struct Companion final : server::websocket::Counted {
  explicit Companion(int& its) : alive(its) { ++alive; }
  ~Companion() override { --alive; }
  int& alive;
};

const char* name(Outcome outcome) {
  constexpr const char* kNames[] = {"sent", "dropped", "expired", "replaced", "lost"};
  return kNames[static_cast<int>(outcome)];
}

// A gate with its loop's half played by the test: what leaves is written down, what is completed
// too.
class Place {
 public:
  explicit Place(const Options& options) : limits_(options) { open(); }
  ~Place() {
    if (gate.socket() != nullptr) close();
    CHECK(companions == 0);
  }

  void open() {
    session = Session(0, 7, gate.generation() + 1);
    auto* companion = new Companion(companions);
    gate.open(session.generation(), socket(), limits_, this, *companion, {});
    companion->release();
  }
  bool close() {
    const Gate::Left left = gate.close();
    complete(left.lost);
    return left.awaited;
  }

  Send enqueue(std::string_view payload, SendOptions options = {}) {
    options.done = note(payload);
    Outgoing& made = *Outgoing::make(Opcode::text, payload, options);
    return done(made, gate.enqueue(session, made));
  }
  Send enqueue(Frozen& message) {
    Outgoing& made = *Outgoing::make(message, {.done = note(message.payload())});
    return done(made, gate.enqueue(session, made));
  }
  Send control(std::string_view payload) {
    Outgoing& made = *Outgoing::make(Opcode::ping, payload, {.done = note(payload)});
    return done(made, gate.enqueue_control(session, made));
  }
  Stream* begin(Opcode kind = Opcode::text) {
    auto* made = new Stream(session, kind);
    if (done(gate.begin_stream(session, *made)) == Send::queued) return made;
    made->release();
    return nullptr;
  }
  Send write(Stream* stream, std::string_view piece) {
    return done(gate.write_stream(*stream, piece));
  }
  Send end(Stream* stream, bool complete = true) {
    const Send sent = done(gate.end_stream(*stream, complete));
    stream->release();
    return sent;
  }
  Send ask_to_close(std::uint16_t code, std::string_view reason) {
    return done(gate.request_close(session, code, reason));
  }

  // All that may leave, as the loop does it: "a b +<c >d" is two messages, a stream that begins
  // with c and one whose last piece is d; "!" a broken one, "#1000 why" the close.
  std::string take(std::size_t room = 64 * 1024) {
    std::string out;
    told = 0;
    gate.seen();
    for (bool more = true; more;) {
      Gate::Batch batch;
      gate.take(room, batch);
      more = batch.more && batch.has_output();
      const auto say = [&](std::string_view what) {
        out.append(out.empty() ? "" : " ").append(what);
      };
      for (Outgoing* list : {batch.controls, batch.messages}) {
        for (Outgoing* one = list; one != nullptr; one = one->next) say(one->payload());
        complete(list);
      }
      if (batch.stream != nullptr) {
        say((batch.first ? "<" : "+") + batch.piece + (batch.last ? ">" : ""));
        batch.stream->release();
      }
      complete(batch.finished);
      if (batch.broken) say("!");
      if (batch.close) say("#" + std::to_string(batch.code) + " " + batch.reason);
    }
    return out;
  }
  // "a:sent b:lost": what became of messages since the last call.
  std::string outcomes() { return std::exchange(outcomes_, {}); }
  Gate::Queued queued() { return gate.queued(); }
  bool is_quiet() { return gate.queued().messages == 0 && gate.may_bypass(); }

  Gate gate;
  Session session;
  int told = 0;  // how often the loop would have been told since the last take
  int companions = 0;

 private:
  struct Note {
    Place& place;
    std::string payload;
  };

  WebSocket& socket() { return reinterpret_cast<WebSocket&>(*this); }  // an address, no more

  server::websocket::Completion note(std::string_view payload) {
    return {
        [](void* argument, std::uint64_t of, Outcome outcome) {
          auto* const its = static_cast<Note*>(argument);
          CHECK(of == its->place.session.value());
          std::string& to = its->place.outcomes_;
          to.append(to.empty() ? "" : " ").append(its->payload).append(":").append(name(outcome));
          delete its;
        },
        new Note{*this, std::string(payload)}};
  }
  void complete(Outgoing* list) {
    while (list != nullptr) {
      Outgoing* const one = std::exchange(list, list->next);
      one->done(session, one->outcome);
      one->end();
    }
  }
  Send done(const Gate::Entry& entry) {
    complete(entry.finished);
    told += entry.tell ? 1 : 0;
    return entry.send;
  }
  Send done(Outgoing& made, const Gate::Entry& entry) {
    if (entry.send != Send::queued) {
      delete static_cast<Note*>(made.done.argument);
      made.end();
    }
    return done(entry);
  }

  Limits limits_;
  std::string outcomes_;
};

Options small(Overflow overflow, std::size_t bytes = 10, std::size_t messages = 4) {
  Options options;
  options.queue_bytes = bytes;
  options.queue_messages = messages;
  options.overflow = overflow;
  return options;
}

}  // namespace

TEST_CASE("gate: messages leave in order, once told of") {
  Place place(Options{});
  CHECK(place.enqueue("a") == Send::queued);
  CHECK(place.enqueue("b") == Send::queued);
  CHECK(place.told == 1);
  CHECK_FALSE(place.gate.may_bypass());
  CHECK(place.queued().messages == 2);
  CHECK(place.queued().bytes == 2);
  CHECK(place.take() == "a b");
  CHECK(place.outcomes() == "a:sent b:sent");
  CHECK(place.is_quiet());
  CHECK(place.enqueue("c") == Send::queued);
  CHECK(place.told == 1);
  CHECK(place.take() == "c");
}

TEST_CASE("gate: refuse is exact in bytes and in messages") {
  Place place(small(Overflow::refuse));
  SUBCASE("bytes") {
    CHECK(place.enqueue("123456") == Send::queued);
    CHECK(place.enqueue("12345") == Send::full);
    CHECK(place.enqueue("7890") == Send::queued);
    CHECK(place.enqueue("x") == Send::full);
    CHECK(place.enqueue("") == Send::queued);  // costs a place, but no bytes
    CHECK(place.take() == "123456 7890 ");
  }
  SUBCASE("messages") {
    for (const char* one : {"a", "b", "c", "d"}) CHECK(place.enqueue(one) == Send::queued);
    CHECK(place.enqueue("") == Send::full);
    CHECK(place.take() == "a b c d");
  }
  SUBCASE("what the connection holds counts") {
    CHECK(place.enqueue("123456") == Send::queued);
    CHECK(place.take() == "123456");
    CHECK(place.queued().bytes == 6);
    CHECK(place.enqueue("12345") == Send::full);
    CHECK_FALSE(place.gate.settle(6).drained);
    CHECK(place.enqueue("1234") == Send::queued);
    CHECK(place.take() == "1234");
    CHECK(place.gate.settle(0).drained);
    CHECK_FALSE(place.gate.settle(0).drained);  // told once
    CHECK(place.enqueue("1234567890") == Send::queued);
  }
  SUBCASE("shared messages cost their payload") {
    const Frozen::Held message = Frozen::make(Opcode::text, "123456");
    CHECK(place.enqueue(*message) == Send::queued);
    CHECK(place.enqueue(*message) == Send::full);
    CHECK(place.take() == "123456");
  }
  CHECK(place.gate.dropped == 0);
}

TEST_CASE("gate: a message longer than the limit goes alone") {
  Place place(small(Overflow::refuse));
  const std::string longer = "12345678901";
  SUBCASE("where nothing waits") {
    CHECK(place.gate.has_room(place.session, longer.size()));
    CHECK(place.enqueue(longer) == Send::queued);
    CHECK(place.enqueue("x") == Send::full);
    CHECK(place.take() == longer);
    CHECK_FALSE(place.gate.settle(1).awaited);
    CHECK(place.enqueue(longer) == Send::full);  // the connection still holds something
    CHECK_FALSE(place.gate.has_room(place.session, longer.size()));
    CHECK(place.gate.settle(1).awaited);  // it asks again
    CHECK_FALSE(place.gate.has_room(place.session, longer.size()));
    CHECK(place.gate.settle(0).awaited);
    CHECK(place.gate.has_room(place.session, longer.size()));
    CHECK(place.enqueue(longer) == Send::queued);
    CHECK(place.take() == longer);
  }
  SUBCASE("in the place of the only one that waits") {
    CHECK(place.enqueue("a", {.key = "k"}) == Send::queued);
    CHECK(place.enqueue(longer, {.key = "k"}) == Send::queued);
    CHECK(place.take() == longer);
  }
  SUBCASE("behind another one it is refused") {
    CHECK(place.enqueue("a") == Send::queued);
    CHECK(place.enqueue(longer) == Send::full);
    CHECK(place.take() == "a");
    CHECK(place.gate.settle(0).drained);
  }
  SUBCASE("a piece of a stream, whatever is behind that") {
    Stream* stream = place.begin();
    CHECK(place.enqueue("1234567890") == Send::queued);
    CHECK(place.gate.has_room(*stream, longer.size()));
    CHECK(place.write(stream, longer) == Send::queued);
    CHECK(place.write(stream, "x") == Send::full);
    CHECK_FALSE(place.gate.has_room(*stream, 1));
    CHECK(place.take() == "<" + longer);
    CHECK(place.gate.settle(0).awaited);
    CHECK(place.gate.has_room(*stream, longer.size()));
    CHECK(place.end(stream) == Send::queued);
    CHECK(place.take() == "+> 1234567890");
  }
}

TEST_CASE("gate: told of room at half of both limits") {
  Place place(small(Overflow::refuse));
  for (const char* one : {"a", "b", "c", "d"}) CHECK(place.enqueue(one) == Send::queued);
  CHECK_FALSE(place.gate.settle(0).drained);  // nobody was refused yet
  CHECK(place.enqueue("e") == Send::full);
  CHECK_FALSE(place.gate.settle(0).drained);  // four wait
  CHECK(place.take() == "a b c d");
  CHECK_FALSE(place.gate.settle(6).drained);
  CHECK(place.gate.settle(5).drained);
}

TEST_CASE("gate: drop_oldest makes room from the front") {
  Place place(small(Overflow::drop_oldest));
  for (const char* one : {"aa", "bb", "cc", "dd"}) CHECK(place.enqueue(one) == Send::queued);
  CHECK(place.enqueue("ee") == Send::queued);
  CHECK(place.outcomes() == "aa:dropped");
  CHECK(place.enqueue("123456") == Send::queued);
  CHECK(place.outcomes() == "cc:dropped bb:dropped");
  CHECK(place.gate.dropped == 3);
  SUBCASE("but not for what could not even stand alone") {
    CHECK(place.enqueue("12345678901") == Send::full);
    CHECK(place.outcomes().empty());
  }
  SUBCASE("not what has left") {
    CHECK(place.take() == "dd ee 123456");
    CHECK(place.outcomes() == "dd:sent ee:sent 123456:sent");
    CHECK(place.enqueue("x") == Send::full);
    place.gate.settle(0);
    CHECK(place.enqueue("x") == Send::queued);
    CHECK(place.take() == "x");
    CHECK(place.is_quiet());
    return;
  }
  CHECK(place.take() == "dd ee 123456");
}

TEST_CASE("gate: drop_newest takes what comes for dropped") {
  Place place(small(Overflow::drop_newest));
  CHECK(place.enqueue("1234567890") == Send::queued);
  place.told = 0;
  CHECK(place.enqueue("a") == Send::queued);
  CHECK(place.told == 0);
  CHECK(place.outcomes() == "a:dropped");
  CHECK(place.gate.dropped == 1);
  CHECK(place.take() == "1234567890");
}

TEST_CASE("gate: close gives up what waits and says 1013 at once") {
  Place place(small(Overflow::close));
  Stream* stream = nullptr;
  SUBCASE("messages") {}
  SUBCASE("behind a stream") {
    stream = place.begin();
    CHECK(place.write(stream, "s") == Send::queued);
  }
  CHECK(place.enqueue("12345678") == Send::queued);
  CHECK(place.gate.settle(0).awaited == false);
  CHECK_FALSE(place.gate.has_room(place.session, 5));
  CHECK(place.enqueue("abc") == Send::gone);
  CHECK(place.told == 1);
  CHECK(place.outcomes() == "12345678:dropped");
  CHECK_FALSE(place.gate.is_open(place.session));
  CHECK(place.gate.is(place.session));
  CHECK(place.enqueue("x") == Send::gone);
  CHECK(place.gate.settle(0).awaited);
  if (stream != nullptr) {
    CHECK(place.write(stream, "x") == Send::gone);
  }
  const std::string taken = place.take(0);  // nor does it wait for the peer
  CHECK(taken == "#1013 the peer reads too slowly: over 10 bytes or 4 messages wait");
  place.close();
  if (stream != nullptr) {
    CHECK(place.end(stream) == Send::gone);
  }
}

TEST_CASE("gate: a key is held by one message, which keeps the place") {
  Place place(small(Overflow::refuse));
  SUBCASE("first, middle, last") {
    for (const char* one : {"a1", "b1", "c1"})
      CHECK(place.enqueue(one, {.key = std::string_view(one, 1)}) == Send::queued);
    for (const char* one : {"a2", "c2", "b2"})
      CHECK(place.enqueue(one, {.key = std::string_view(one, 1)}) == Send::queued);
    CHECK(place.outcomes() == "a1:replaced c1:replaced b1:replaced");
    CHECK(place.queued().messages == 3);
    CHECK(place.queued().bytes == 6);
    CHECK(place.gate.dropped == 3);
    CHECK(place.enqueue("d") == Send::queued);  // behind the new last
    CHECK(place.take() == "a2 b2 c2 d");
    CHECK(place.is_quiet());
  }
  SUBCASE("counts what it weighs") {
    CHECK(place.enqueue("12345", {.key = "k"}) == Send::queued);
    CHECK(place.enqueue("1", {.key = "k"}) == Send::queued);
    CHECK(place.queued().bytes == 1);
    CHECK(place.enqueue("123456789") == Send::queued);
    CHECK(place.enqueue("12", {.key = "k"}) == Send::full);  // and the old one stays
    CHECK(place.outcomes() == "12345:replaced");
    CHECK(place.enqueue("2", {.key = "k"}) == Send::queued);
    CHECK(place.take() == "2 123456789");
  }
  SUBCASE("in a queue that is full of messages") {
    CHECK(place.enqueue("k1", {.key = "k"}) == Send::queued);
    for (const char* one : {"a", "b", "c"}) CHECK(place.enqueue(one) == Send::queued);
    CHECK(place.enqueue("k2", {.key = "k"}) == Send::queued);
    CHECK(place.take() == "k2 a b c");
  }
  SUBCASE("not by one that has left") {
    CHECK(place.enqueue("k1", {.key = "k"}) == Send::queued);
    CHECK(place.take() == "k1");
    CHECK(place.enqueue("k2", {.key = "k"}) == Send::queued);
    CHECK(place.take() == "k2");
  }
  SUBCASE("keys are compared whole") {
    CHECK(place.enqueue("1", {.key = "k"}) == Send::queued);
    CHECK(place.enqueue("2", {.key = "kk"}) == Send::queued);
    CHECK(place.enqueue("3") == Send::queued);
    CHECK(place.take() == "1 2 3");
  }
}

TEST_CASE("gate: a key that needs more room than there is follows the policy") {
  Place place(small(Overflow::drop_oldest));
  CHECK(place.enqueue("1", {.key = "k"}) == Send::queued);
  CHECK(place.enqueue("12345678") == Send::queued);
  CHECK(place.enqueue("news", {.key = "k"}) == Send::queued);
  CHECK(place.outcomes() == "12345678:dropped 1:dropped");
  CHECK(place.take() == "news");
  CHECK(place.is_quiet());
}

TEST_CASE("gate: messages grow too old") {
  Place place(small(Overflow::refuse));
  const auto until_old = [] {
    const auto then = server::websocket::steady_milliseconds() + 1;
    while (server::websocket::steady_milliseconds() <= then) std::this_thread::yield();
  };
  CHECK(place.enqueue("a", {.time_to_live = 60'000}) == Send::queued);
  CHECK(place.enqueue("b", {.time_to_live = 1}) == Send::queued);
  CHECK(place.enqueue("c") == Send::queued);
  until_old();
  SUBCASE("and do not leave") {
    CHECK(place.take() == "a c");
    CHECK(place.outcomes() == "a:sent c:sent b:expired");
  }
  SUBCASE("and take no room from new ones") {
    CHECK(place.enqueue("d") == Send::queued);
    CHECK(place.outcomes().empty());
    CHECK(place.enqueue("e") == Send::queued);
    CHECK(place.outcomes() == "b:expired");
    CHECK(place.take() == "a c d e");
  }
  SUBCASE("also the last one") {
    CHECK(place.enqueue("z", {.time_to_live = 1}) == Send::queued);
    until_old();
    CHECK(place.enqueue("123456") == Send::queued);
    CHECK(place.enqueue("1234567") == Send::full);
    CHECK(place.outcomes() == "z:expired b:expired");
    CHECK(place.enqueue("d") == Send::queued);
    CHECK(place.take() == "a c 123456 d");
  }
  CHECK(place.gate.dropped >= 1);
  CHECK(place.is_quiet());
}

TEST_CASE("gate: control frames go first, are never dropped, and are few") {
  Place place(small(Overflow::drop_oldest, 4, 1));
  CHECK(place.enqueue("data") == Send::queued);
  for (int i = 0; i < 16; ++i) CHECK(place.control("p") == Send::queued);
  CHECK(place.control("p") == Send::full);
  CHECK(place.enqueue("news") == Send::queued);
  CHECK(place.outcomes() == "data:dropped");
  CHECK(place.take(0).empty());  // a peer that reads nothing gets none: they would pile up
  CHECK(place.control("p") == Send::full);
  CHECK_FALSE(place.gate.settle(0).drained);
  std::string all;
  for (int i = 0; i < 16; ++i) all += "p ";
  CHECK(place.take() == all + "news");
  CHECK(place.gate.settle(0).drained);
  CHECK(place.control("p") == Send::queued);
  CHECK(place.take() == "p");
}

TEST_CASE("gate: as much leaves at once as there is room for") {
  Place place(Options{});
  for (const char* one : {"aaaa", "bbbb", "cccc"}) CHECK(place.enqueue(one) == Send::queued);
  Gate::Batch batch;
  place.gate.take(9, batch);
  CHECK(batch.more);
  REQUIRE(batch.messages != nullptr);
  REQUIRE(batch.messages->next != nullptr);
  CHECK(batch.messages->next->payload() == "bbbb");
  CHECK(batch.messages->next->next == nullptr);
  for (Outgoing* one = batch.messages; one != nullptr;) {
    Outgoing* const ended = std::exchange(one, one->next);
    ended->done(place.session, Outcome::sent);
    ended->end();
  }
  CHECK(place.take(1) == "cccc");  // one that is longer than the room leaves alone
}

TEST_CASE("gate: a stream leaves piece by piece, and what follows waits for its end") {
  Place place(Options{});
  CHECK(place.enqueue("a") == Send::queued);
  Stream* stream = place.begin();
  REQUIRE(stream != nullptr);
  CHECK(place.enqueue("b") == Send::queued);
  CHECK(place.take() == "a");
  CHECK_FALSE(place.gate.may_bypass());
  CHECK(place.write(stream, "one") == Send::queued);
  CHECK(place.write(stream, "two") == Send::queued);
  place.gate.settle(0);
  CHECK(place.queued().bytes == 7);
  CHECK(place.take() == "<onetwo");
  CHECK(place.take().empty());
  CHECK(place.control("ping") == Send::queued);  // control frames may stand between fragments
  CHECK(place.write(stream, "three") == Send::queued);
  CHECK(place.take() == "ping +three");
  SUBCASE("ended with a piece") {
    CHECK(place.write(stream, "four") == Send::queued);
    CHECK(place.end(stream) == Send::queued);
    CHECK(place.take() == "+four> b");
  }
  SUBCASE("ended alone") {
    CHECK(place.end(stream) == Send::queued);
    CHECK(place.take() == "+> b");
  }
  SUBCASE("ended with a close behind it") {
    CHECK(place.ask_to_close(1000, "bye") == Send::queued);
    CHECK(place.write(stream, "four") == Send::queued);  // it began before
    CHECK(place.begin() == nullptr);
    CHECK(place.take() == "+four");
    CHECK(place.end(stream) == Send::queued);
    CHECK(place.take() == "+> b #1000 bye");
  }
  CHECK(place.is_quiet());
}

TEST_CASE("gate: a stream that ends in one go") {
  Place place(Options{});
  Stream* stream = place.begin();
  SUBCASE("is one frame") {
    CHECK(place.write(stream, "all") == Send::queued);
    CHECK(place.end(stream) == Send::queued);
    CHECK(place.take() == "<all>");
  }
  SUBCASE("also when it is empty") {
    CHECK(place.end(stream) == Send::queued);
    CHECK(place.told == 1);
    CHECK(place.take() == "<>");
  }
  CHECK(place.is_quiet());
}

TEST_CASE("gate: two streams leave one after the other") {
  Place place(Options{});
  Stream* first = place.begin();
  Stream* second = place.begin(Opcode::binary);
  CHECK(place.write(second, "b1") == Send::queued);
  CHECK(place.take().empty());
  CHECK(place.write(first, "a1") == Send::queued);
  CHECK(place.take() == "<a1");
  CHECK(place.end(second) == Send::queued);
  CHECK(place.take().empty());
  CHECK(place.write(first, "a2") == Send::queued);
  CHECK(place.end(first) == Send::queued);
  CHECK(place.take() == "+a2> <b1>");
  CHECK(place.is_quiet());
  CHECK(place.queued().messages == 0);
}

TEST_CASE("gate: a stream that is given up") {
  Place place(Options{});
  Stream* stream = place.begin();
  CHECK(place.enqueue("behind") == Send::queued);
  CHECK(place.write(stream, "half") == Send::queued);
  SUBCASE("before anything left was never there") {
    CHECK(place.end(stream, false) == Send::queued);
    CHECK(place.take() == "behind");
    place.gate.settle(0);
    CHECK(place.queued().bytes == 0);
  }
  SUBCASE("half-way breaks the connection") {
    CHECK(place.take() == "<half");
    CHECK(place.write(stream, "more") == Send::queued);
    CHECK(place.end(stream, false) == Send::queued);
    CHECK(place.take().starts_with("!"));
  }
}

TEST_CASE("gate: a stream's text is checked over its pieces") {
  Place place(Options{});
  Stream* stream = place.begin();
  SUBCASE("a character may be split") {
    CHECK(place.write(stream, "\xc3") == Send::queued);
    CHECK(place.write(stream, "\xa4") == Send::queued);
    CHECK(place.end(stream) == Send::queued);
    CHECK(place.take() == "<\xc3\xa4>");
  }
  SUBCASE("but not left unfinished") {
    CHECK(place.write(stream, "a\xc3") == Send::queued);
    CHECK(place.end(stream) == Send::invalid);
    CHECK(place.take().empty());
  }
  SUBCASE("what is none is refused, and so is the whole then") {
    CHECK(place.write(stream, "a") == Send::queued);
    CHECK(place.write(stream, "\xff") == Send::invalid);
    CHECK(place.write(stream, "b") == Send::invalid);
    CHECK(place.end(stream) == Send::invalid);
    CHECK(place.take().empty());
  }
  SUBCASE("of bytes it is not") {
    Stream* bytes = place.begin(Opcode::binary);
    CHECK(place.write(bytes, "\xff") == Send::queued);
    CHECK(place.end(bytes) == Send::queued);
    CHECK(place.end(stream, false) == Send::queued);
    CHECK(place.take() == "<\xff>");
  }
  CHECK(place.is_quiet());
}

TEST_CASE("gate: a stream has the limits of all") {
  Place place(small(Overflow::refuse));
  Stream* stream = place.begin();
  CHECK(place.write(stream, "12345678") == Send::queued);
  CHECK(place.write(stream, "123") == Send::full);  // nothing of it
  CHECK(place.enqueue("123") == Send::full);
  CHECK(place.enqueue("ab") == Send::queued);
  CHECK(place.take() == "<12345678");
  CHECK(place.write(stream, "123") == Send::full);  // the connection holds the rest
  CHECK_FALSE(place.gate.settle(6).drained);
  CHECK(place.gate.settle(5).drained);
  CHECK(place.write(stream, "90") == Send::queued);
  CHECK(place.end(stream) == Send::queued);
  CHECK(place.take() == "+90> ab");
}

TEST_CASE("gate: a queue that is full behind a stream does not keep it from its end") {
  Place place(small(Overflow::refuse));
  Stream* stream = place.begin();
  CHECK(place.enqueue("1234567890") == Send::queued);
  CHECK(place.write(stream, "12345") == Send::queued);
  CHECK(place.write(stream, "123456") == Send::full);  // it has as much as it may hold itself
  CHECK(place.take() == "<12345");
  CHECK(place.gate.settle(5).drained);
  CHECK(place.write(stream, "67890") == Send::queued);
  CHECK(place.end(stream) == Send::queued);
  CHECK(place.take() == "+67890> 1234567890");
  CHECK(place.is_quiet());
}

TEST_CASE("gate: a stream is a message") {
  Place place(small(Overflow::refuse, 10, 2));
  Stream* stream = place.begin();
  CHECK(place.enqueue("a") == Send::queued);
  CHECK(place.begin() == nullptr);
  CHECK(place.end(stream) == Send::queued);
  CHECK(place.take() == "<> a");
  CHECK(place.gate.settle(0).drained);
}

TEST_CASE("gate: a stream is no prey of drop_oldest") {
  Place place(small(Overflow::drop_oldest, 10, 3));
  Stream* stream = place.begin();
  CHECK(place.write(stream, "123456") == Send::queued);
  CHECK(place.enqueue("ab") == Send::queued);
  CHECK(place.enqueue("cd") == Send::queued);
  CHECK(place.enqueue("ef") == Send::queued);
  CHECK(place.outcomes() == "ab:dropped");
  CHECK(place.enqueue("12345") == Send::full);  // with it alone there is no room
  CHECK(place.end(stream) == Send::queued);
  CHECK(place.take().starts_with("<123456>"));
  CHECK(place.is_quiet());
}

TEST_CASE("gate: closing stands behind what was queued, and nothing behind it") {
  Place place(Options{});
  CHECK(place.enqueue("a") == Send::queued);
  CHECK(place.ask_to_close(4000, "enough") == Send::queued);
  CHECK(place.ask_to_close(4001, "again") == Send::gone);
  CHECK(place.enqueue("b") == Send::gone);
  CHECK(place.control("p") == Send::gone);
  CHECK(place.begin() == nullptr);
  CHECK(place.gate.has_room(place.session, 1));  // there is nothing to wait for
  CHECK(place.take() == "a #4000 enough");
  CHECK(place.take().empty());
}

TEST_CASE("gate: the end completes everything as lost") {
  Place place(small(Overflow::refuse));
  Stream* stream = place.begin();
  CHECK(place.write(stream, "123") == Send::queued);
  CHECK(place.enqueue("a") == Send::queued);
  CHECK(place.control("p") == Send::queued);
  CHECK_FALSE(place.gate.has_room(place.session, 10));
  CHECK(place.close());  // somebody waits
  const std::string outcomes = place.outcomes();
  CHECK(outcomes.find("a:lost") != std::string::npos);
  CHECK(outcomes.find("p:lost") != std::string::npos);
  CHECK(place.companions == 0);
  const Session old = place.session;
  place.open();
  CHECK(place.session.generation() == old.generation() + 2);
  CHECK(place.write(stream, "x") == Send::gone);
  CHECK(place.end(stream) == Send::gone);
  CHECK(place.is_quiet());
  CHECK(place.queued().bytes == 0);
}

TEST_CASE("gate: a session that has ended reaches nothing of its successor") {
  Place place(small(Overflow::refuse));
  CHECK(place.gate.set_property(place.session, "who", nullptr));
  const std::string_view ann = "ann";
  CHECK(place.gate.set_property(place.session, "who", &ann));
  CHECK(place.gate.limit(place.session, Limit::queue_bytes, 3));
  const Session old = place.session;
  CHECK_FALSE(place.close());
  std::string value;
  bool found = false;
  for (const bool reopened : {false, true}) {
    CAPTURE(reopened);
    if (reopened) place.open();
    Outgoing& message = *Outgoing::make(Opcode::text, "a", {});
    CHECK(place.gate.enqueue(old, message).send == Send::gone);
    CHECK(place.gate.enqueue_control(old, message).send == Send::gone);
    message.end();
    CHECK(place.gate.request_close(old, 1000, "").send == Send::gone);
    CHECK(place.gate.companion(old) == nullptr);
    CHECK(place.gate.limit(old, Limit::queue_bytes) == -1);
    CHECK_FALSE(place.gate.limit(old, Limit::queue_bytes, 5));
    CHECK_FALSE(place.gate.property(old, "who", value, found));
    CHECK_FALSE(place.gate.set_property(old, "who", &ann));
    CHECK(place.gate.has_room(old, 100));
  }
  CHECK(place.gate.property(place.session, "who", value, found));
  CHECK_FALSE(found);
  CHECK(place.gate.limit(place.session, Limit::queue_bytes) == 10);
}

TEST_CASE("gate: limits of one session are its own and hold at once") {
  const Options options = small(Overflow::refuse);
  Place place(options);
  CHECK(place.enqueue("1234567890") == Send::queued);
  CHECK(place.enqueue("1") == Send::full);
  CHECK(place.gate.limit(place.session, Limit::queue_bytes, 11));
  CHECK(place.enqueue("1") == Send::queued);
  CHECK(place.gate.limit(place.session, Limit::queue_messages, 2));
  CHECK(place.enqueue("") == Send::full);
  CHECK(place.take() == "1234567890 1");
}

TEST_CASE("gate: at most 64 properties") {
  Place place(Options{});
  const std::string_view value = "v";
  for (int i = 0; i < 64; ++i)
    CHECK(place.gate.set_property(place.session, std::to_string(i), &value));
  CHECK_FALSE(place.gate.set_property(place.session, "64", &value));
  CHECK(place.gate.set_property(place.session, "63", &value));
  CHECK(place.gate.set_property(place.session, "0", nullptr));
  CHECK(place.gate.set_property(place.session, "64", &value));
}
