// One request and its answer, whatever protocol carries them.
//
// It has two halves. The handler half (response head, body(), input reads) belongs to the thread
// that runs the handler: the loop, or one worker after a hand-over, never both. The wire half (what
// the protocol calls) belongs to the loop. Between them lies one bounded pipe each way; for a
// worker it is the only thing both threads touch, under mutex_.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/address.h"
#include "server/arena.h"
#include "server/loop.h"
#include "server/message.h"
#include "server/upgrade.h"
#include "server/workers.h"

namespace server {

class Service;
namespace tls {
class Channel;
}

enum class Write : std::uint8_t { ok, full, closed };
enum class Event : std::uint8_t { readable = 1, writable = 2, aborted = 3 };
enum class Body : std::uint8_t { buffered, streamed, ignored };

// The protocol's end of an exchange. Loop thread.
class Wire {
 public:
  virtual void output(Exchange& exchange) = 0;        // there is something to take, or the end
  virtual void input_wanted(Exchange& exchange) = 0;  // the handler reads: 100-continue, read on
  virtual bool has_room(const Exchange& exchange) const = 0;  // output would go to the socket now
  virtual Address remote() = 0;
  virtual Address local() = 0;
  virtual const tls::Channel* tls() const = 0;  // null: not encrypted

 protected:
  ~Wire() = default;
};

struct Substitute;

// The container's side of an exchange. Called where the route runs, one call at a time.
class Handler {
 public:
  virtual void serve(Exchange& exchange) = 0;
  // A closure brought back by an Async; `gone`: there is no answer to work on any more.
  virtual void resumed(Exchange& exchange, void (*run)(), void* argument, bool gone) = 0;
  virtual void event(Exchange& exchange, Event event) = 0;
  // Nobody holds the right to finish and the answer is not finished, or asyncTimeout passed.
  virtual void abandoned(Exchange& exchange) = 0;
  // The time that answer_within gave is over and nothing is committed.
  virtual void overdue(Exchange& exchange, int /*status*/) { abandoned(exchange); }
  // The same while a worker is in a call: on the loop beside it, so for what never changes only.
  // Fills the answer that is given in the handler's place.
  virtual void substitute(const Exchange&, Substitute& /*answer*/) {}
  virtual const char* title() const = 0;  // for the watchdog and thread dumps

 protected:
  ~Handler() = default;
};

struct ExchangeLimits {
  std::size_t high_mark = 64 * 1024;  // each pipe; above it the producer waits or hears `full`
  std::size_t low_mark = 16 * 1024;   // under it the producer may go on
  std::chrono::milliseconds write_timeout{60'000};  // a worker waits this long at the mark
  std::chrono::milliseconds async_timeout{30'000};  // suspended and nothing committed: abandoned
};

// The rest of an answer as a file. The exchange closes the descriptor.
struct FileRange {
  int descriptor = -1;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// An answer in the handler's place.
struct Substitute {
  Arena arena;
  ResponseHead head;
  std::string body;
  FileRange file;  // none
};

class Exchange;

// The counted right to come back to an exchange. Lives in the exchange's arena until released.
class Async final : private Task {
 public:
  explicit Async(Exchange& exchange) : exchange_(exchange) {}

  // Any thread; the closure runs exactly once. Unbounded: one small node each, held by the caller's
  // own restraint.
  void resume(void (*closure)(), void* argument);
  void release();  // any thread, once

 private:
  friend class Exchange;
  void run() override;
  Exchange& exchange_;
};

class Exchange final : private Work, private Timer {
 public:
  explicit Exchange(Loop& loop)
      : output_task_(*this),
        turn_task_(*this),
        input_task_(*this),
        deadline_task_(*this),
        deadline_(*this),
        loop_(loop) {}

  // --- either half -----------------------------------------------------------------------------
  RequestHead request;    // filled by the protocol, then constant
  std::uint64_t id = 0;   // connection number in the upper, request number in the lower 24 bits
  void* local = nullptr;  // the service's own, from `arena`
  void* wire_local = nullptr;  // the protocol's own, from `arena`
  Arena& arena() { return arena_; }
  Loop& loop() { return loop_; }

  // --- the service, in Service::handle -----------------------------------------------------------
  // Serves by `handler`, on a worker of `workers` or (nullptr) inline on the loop. Buffered: once
  // the whole body is there; a longer one than `body_limit` is refused 413 and a full worker queue
  // 503, both through Service::refuse and without a call of `handler`. Ignored: at once, and the
  // body is thrown away as it comes.
  void start(Handler& handler, Workers* workers, Body body, std::size_t body_limit);
  // Before `start`, of a request without a body: it has this one, as it came with an earlier one.
  void replay(std::string_view body);

  // --- handler half
  // --------------------------------------------------------------------------------
  ResponseHead& response() { return response_; }
  std::string& body() { return body_; }  // bytes of the answer not handed over yet
  bool committed() const { return committed_; }
  bool ended() const {
    return ended_;
  }  // the last byte was handed over, or nobody is there to take it
  bool aborted() const { return aborted_.load(std::memory_order_acquire); }
  // Commits the head at the first call and hands body() to the wire. A worker waits for room.
  Write hand_over(bool last);
  Write hand_over(FileRange file);  // behind what body() holds; the last
  // Whether the client offered another protocol and could be taken at its word now: the request's
  // body has come to its end and nothing is committed. HTTP/1.0 never can.
  bool upgradable() const;
  // Answers with the head as it stands, which must say 101 (RFC 9110 section 15.2.2), and gives the
  // connection away behind it. Only while `upgradable`; `closed` when nobody is there any more.
  Write upgrade(std::unique_ptr<UpgradeToken> token);
  void reset_connection();  // after a failure behind the commit: cuts instead of ending well
  Async& suspend();
  // Serves once more, on a worker, as soon as the current turn is over; until then nothing may be
  // handed over. Loop, before the commit, with a handler that has started. When all are busy the
  // service is asked to refuse with 503.
  void move_to(Workers& workers);
  void watch(bool on) { watching_ = on; }
  // When nothing is committed by then: `status` in the handler's place, and whatever that writes
  // later is dropped. Of several the one that ends first counts. At most one tick late.
  void answer_within(std::chrono::milliseconds time, int status);
  // The body: bytes read, 0 = end, -1 = nothing yet (streamed, on the loop), -2 = lost.
  std::ptrdiff_t read(std::span<char> into);
  // Empty where a handler reads the body piece by piece.
  std::string_view buffered_body() const {
    return streamed_ ? std::string_view{} : std::string_view(input_);
  }
  // First value of a trailer field the connector lets through, {} when there is none; known once
  // the body was read to its end.
  std::string_view trailer(std::string_view name) const;
  Address remote() { return wire_ == nullptr ? remote_ : remote_ = wire_->remote(); }
  Address local_address() { return wire_ == nullptr ? Address{} : wire_->local(); }
  // Loop. Null: not encrypted, or the connection has gone.
  const tls::Channel* tls() const { return wire_ == nullptr ? nullptr : wire_->tls(); }
  const ExchangeLimits& limits() const { return limits_; }
  bool on_worker() const { return workers_ != nullptr; }
  bool suspended() const { return asyncs_ != 0; }
  std::uint32_t suspensions() const { return asyncs_; }  // only grows during a turn

  // --- wire half
  // -----------------------------------------------------------------------------------
  void begin(Wire& wire, Service& service, const ExchangeLimits& limits);
  // How the answer begins is known: status and fields are final.
  bool head_ready() const { return wire_sees_head_; }
  const ResponseHead& answer_head() const { return overtaken_ ? substitute_->head : response_; }
  struct Output {
    std::string_view bytes;
    bool last;
    bool whole;  // the complete answer in one piece: its length is known
    bool cut;    // end by closing: the answer is broken
  };
  Output output();
  FileRange& file() { return overtaken_ ? substitute_->file : file_; }
  // Known once output() says `last`.
  bool upgrades() const { return !overtaken_ && upgrade_ != nullptr; }
  std::unique_ptr<UpgradeToken> take_upgrade() { return std::move(upgrade_); }
  void output_taken();  // what output() showed is in the connection's hands
  void room();          // has_room() became true
  void sent(std::uint64_t bytes) { sent_ += bytes; }
  std::uint64_t sent() const { return sent_; }
  bool room_for_input();
  // False: more than the limit of a buffered body; the exchange answers 413 by itself.
  bool input(std::string_view bytes);
  void input_end(std::string_view trailers = {});  // lines of "name: value" CR LF
  void input_lost();
  bool wants_body() const { return input_wanted_; }
  bool collecting() const { return input_wanted_ && !streamed_ && !input_ended_; }
  bool streaming() const {
    return streamed_ && input_wanted_;
  }                           // a handler reads the body piecewise
  bool is_reading() const;    // the handler asked for the body, or it is being collected
  void peer_closed();         // the client sends nothing more; it may still read
  void detach(bool aborted);  // the protocol is done with it, or its connection has gone

  void reset();
  ~Exchange() = default;

  // Members of the hand-over; see exchange.cpp.
 private:
  friend class Async;
  enum class Turn : std::uint8_t { none, serve, resume, event, overdue, abandon };
  struct Resume {
    void (*run)();
    void* argument;
  };
  template <void (Exchange::*Step)()>
  struct Step_ final : Task {
    explicit Step_(Exchange& exchange) : owner(exchange) {}
    void run() override { (owner.*Step)(); }
    Exchange& owner;
  };

  struct Deadline final : Timer {
    explicit Deadline(Exchange& exchange) : owner(exchange) {}
    void expired() override { owner.deadline_passed(); }
    Exchange& owner;
  };

  void run() override;  // Work: a turn on a worker
  const char* title() const override { return handler_->title(); }
  void expired() override;
  void next_turn();
  bool choose_turn();
  void play_turn();
  void turn_over();
  void output_posted();
  void input_posted();
  void deadline_posted();
  void deadline_passed();
  void overtake();
  void notify_input();
  void raise(Event event);
  void released();
  void end_if_done();
  bool is_lost() const { return overtaken_ || aborted(); }  // with mutex_
  void wait_for_body(std::size_t limit);
  void refuse(int status, std::string_view reason);
  Write hand_over_from_worker(bool last);

  Step_<&Exchange::output_posted> output_task_;
  Step_<&Exchange::turn_over> turn_task_;
  Step_<&Exchange::input_posted> input_task_;
  Step_<&Exchange::deadline_posted> deadline_task_;
  Deadline deadline_;

  Loop& loop_;
  Wire* wire_ = nullptr;
  Service* service_ = nullptr;
  Handler* handler_ = nullptr;
  Workers* workers_ = nullptr;
  ExchangeLimits limits_;
  Address remote_;

  // handler half
  ResponseHead response_;
  std::string body_;
  FileRange file_;
  std::unique_ptr<UpgradeToken> upgrade_;  // destroyed on the loop
  std::uint32_t asyncs_ = 0;
  bool committed_ = false;
  bool ended_ = false;
  bool watching_ = false;
  bool reported_full_ = false;

  // loop
  bool wire_sees_head_ = false;
  bool running_ = false;
  bool serve_wanted_ = false;
  bool abandon_wanted_ = false;
  bool overdue_wanted_ = false;
  int overdue_status_ = 0;                  // of the deadline that is armed
  std::uint64_t due_ = 0;                   // when that is, by the loop's clock; 0: there is none
  std::unique_ptr<Substitute> substitute_;  // once it is overtaken
  bool served_ = false;
  bool input_wanted_ = false;
  bool streamed_ = false;
  std::uint8_t events_ = 0;
  Turn turn_ = Turn::none;
  Event event_ = Event::readable;
  Resume resume_{};
  std::size_t body_limit_ = 0;
  std::uint64_t sent_ = 0;
  std::vector<Resume> resumes_;
  std::uint32_t releases_ = 0;

  // both, under mutex_ when a worker serves; plain on the loop otherwise
  mutable std::mutex mutex_;
  std::condition_variable room_or_data_;
  std::string pipe_;   // worker -> loop
  std::string taken_;  // what the loop took of it
  bool last_ = false;  // the end of the answer is in the pipe
  bool whole_ = false;
  bool cut_ = false;
  bool overtaken_ = false;  // the loop, which alone sets it, has answered for the worker
  bool output_notified_ = false;
  std::chrono::steady_clock::time_point wanted_due_;  // what deadline_task_ brings to the loop
  int wanted_status_ = 0;                             // of it; 0: nothing is on its way
  std::string input_;                                 // body bytes not read yet
  std::size_t input_read_ = 0;
  std::string trailers_;
  bool input_ended_ = false;
  bool input_lost_ = false;
  bool input_paused_ = false;    // the wire waits for room
  bool input_notified_ = false;  // input_task_ is on its way to the loop
  bool reading_ = false;
  std::atomic<bool> aborted_{false};

  Arena arena_;
};

}  // namespace server
