// One request and its answer: turns of the handler half, the pipes, the end.
#include "server/exchange.h"

#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "server/service.h"

namespace server {

namespace {

// A closure on its way to the exchange's loop.
class ResumeTask final : public Task {
 public:
  ResumeTask(void (*deliver)(void*, void (*)(), void*), void* exchange, void (*closure)(),
             void* argument)
      : deliver_(deliver), exchange_(exchange), closure_(closure), argument_(argument) {}
  void run() override {
    const auto deliver = deliver_;
    void* const exchange = exchange_;
    const auto closure = closure_;
    void* const argument = argument_;
    delete this;
    deliver(exchange, closure, argument);
  }

 private:
  void (*deliver_)(void*, void (*)(), void*);
  void* exchange_;
  void (*closure_)();
  void* argument_;
};

// ms that a worker has to come to a turn which answers that it is too late.
constexpr std::uint64_t kOverdueTurn = 1'000;

constexpr std::size_t kKeptCapacity = 64 * 1024;

void empty(std::string& text) {
  text.clear();
  if (text.capacity() > kKeptCapacity) text.shrink_to_fit();
}

}  // namespace

// --- the service ---------------------------------------------------------------------------------

void Exchange::begin(Wire& wire, Service& service, const ExchangeLimits& limits) {
  wire_ = &wire;
  service_ = &service;
  limits_ = limits;
}

void Exchange::start(Handler& handler, Workers* workers, Body body, std::size_t body_limit) {
  handler_ = &handler;
  workers_ = workers;
  streamed_ = body == Body::streamed;
  if (request.has_body && !input_ended_ && body != Body::ignored) {
    input_wanted_ = true;
    if (!streamed_) return wait_for_body(body_limit);
    wire_->input_wanted(*this);
  }
  serve_wanted_ = true;
  next_turn();
}

void Exchange::replay(std::string_view body) {
  assert(!request.has_body && "the body of this request is on its way");
  request.has_body = !body.empty();
  request.content_length = static_cast<std::int64_t>(body.size());
  input_.assign(body);
  input_ended_ = true;
}

void Exchange::wait_for_body(std::size_t limit) {
  body_limit_ = limit;
  if (request.content_length > 0 && static_cast<std::uint64_t>(request.content_length) > limit)
    return refuse(413, "The request body is longer than this application takes.");
  reading_ = true;
  wire_->input_wanted(*this);
}

void Exchange::refuse(int status, std::string_view reason) {
  input_wanted_ = false;
  workers_ = nullptr;
  served_ = true;
  empty(input_);
  service_->refuse(*this, status, reason);
}

// --- turns: one call into the handler at a time -------------------------------------------------

void Exchange::next_turn() {
  while (!running_ && choose_turn()) {
    if (workers_ != nullptr) {
      running_ = true;
      if (workers_->submit(*this, turn_ != Turn::serve)) return;
      // Still as in a turn: what the wire tells meanwhile must not be the exchange's end twice.
      refuse(503, "All workers are busy. Try again in a moment.");
      running_ = false;
      continue;
    }
    running_ = true;
    {
      const Loop::Call call(loop_, handler_->title());
      play_turn();
    }
    running_ = false;
  }
  if (!running_) end_if_done();
}

bool Exchange::choose_turn() {
  if (serve_wanted_) {
    serve_wanted_ = false;
    served_ = true;
    if (wire_ == nullptr) return false;  // the client went while the body was on its way
    turn_ = Turn::serve;
    return true;
  }
  if (!resumes_.empty()) {
    resume_ = resumes_.front();
    resumes_.erase(resumes_.begin());
    turn_ = Turn::resume;
    return true;
  }
  asyncs_ -= releases_;
  releases_ = 0;
  const bool open = served_ && !ended_ && wire_ != nullptr;
  if (std::exchange(overdue_wanted_, false) && open && !committed_) {
    turn_ = Turn::overdue;
    return true;
  }
  if (open && (asyncs_ == 0 || abandon_wanted_)) {
    abandon_wanted_ = false;
    if (turn_ == Turn::abandon && asyncs_ == 0) {  // it had its chance
      reset_connection();
      return false;
    }
    turn_ = Turn::abandon;
    return true;
  }
  if (asyncs_ != 0 && events_ != 0 && watching_) {
    for (const Event event : {Event::readable, Event::writable, Event::aborted}) {
      const auto bit = static_cast<std::uint8_t>(1u << static_cast<unsigned>(event));
      if ((events_ & bit) == 0) continue;
      events_ = static_cast<std::uint8_t>(events_ & ~bit);
      event_ = event;
      turn_ = Turn::event;
      return true;
    }
  }
  if (open && asyncs_ != 0 && !committed_)
    loop_.arm(*this, static_cast<std::uint64_t>(limits_.async_timeout.count()));
  return false;
}

void Exchange::play_turn() {
  switch (turn_) {
    case Turn::serve:
      return handler_->serve(*this);
    case Turn::resume:
      return handler_->resumed(*this, resume_.run, resume_.argument, ended_ || aborted());
    case Turn::event:
      return handler_->event(*this, event_);
    case Turn::overdue:
      return handler_->overdue(*this, overdue_status_);
    case Turn::abandon:
      return handler_->abandoned(*this);
    case Turn::none:
      return;
  }
}

void Exchange::run() {
  play_turn();
  loop_.post(turn_task_);
}

void Exchange::turn_over() {
  running_ = false;
  // Who watches, and may hold what keeps the exchange, is to hear that it is over.
  if (overtaken_ && !std::exchange(ended_, true))
    events_ = static_cast<std::uint8_t>(events_ | 1u << static_cast<unsigned>(Event::aborted));
  next_turn();
}

void Exchange::expired() {
  if (committed_ || ended_ || running_ || asyncs_ == 0) return;
  abandon_wanted_ = true;
  next_turn();
}

// --- answers that do not come in time ------------------------------------------------------------

void Exchange::answer_within(std::chrono::milliseconds time, int status) {
  {
    const std::scoped_lock lock(mutex_);
    const auto due = std::chrono::steady_clock::now() + time;
    const bool on_its_way = wanted_status_ != 0;
    if (on_its_way && wanted_due_ <= due) return;
    wanted_due_ = due;
    wanted_status_ = status;
    if (on_its_way) return;
  }
  if (workers_ == nullptr) return deadline_posted();
  loop_.post(deadline_task_);
}

void Exchange::deadline_posted() {
  std::uint64_t due = 0;
  int status = 0;
  {
    const std::scoped_lock lock(mutex_);
    status = std::exchange(wanted_status_, 0);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        wanted_due_ - std::chrono::steady_clock::now());
    due = loop_.now() + static_cast<std::uint64_t>(std::max<std::int64_t>(left.count(), 1));
  }
  if (wire_ == nullptr || (due_ != 0 && due_ <= due)) return;
  due_ = due;
  overdue_status_ = status;
  loop_.arm(deadline_, due - loop_.now());
}

// A turn that answers has error pages and filters. Where a worker is in another one, or does not
// come to it, there is no waiting for that.
void Exchange::deadline_passed() {
  if (wire_ == nullptr) return;
  if (running_) return overtake();
  overdue_wanted_ = true;
  if (workers_ != nullptr) loop_.arm(deadline_, kOverdueTurn);
  next_turn();
}

void Exchange::overtake() {
  {
    const std::scoped_lock lock(mutex_);
    if (committed_ || overtaken_) return;
    overtaken_ = true;
    substitute_ = std::make_unique<Substitute>();
    substitute_->head.status = overdue_status_;
    room_or_data_.notify_all();
  }
  handler_->substitute(*this, *substitute_);
  wire_sees_head_ = true;
  wire_->output(*this);
}

void Exchange::raise(Event event) {
  events_ = static_cast<std::uint8_t>(events_ | (1u << static_cast<unsigned>(event)));
  if (!running_ && served_) next_turn();
}

void Exchange::end_if_done() {
  if (wire_ != nullptr || asyncs_ != 0 || serve_wanted_ || !resumes_.empty()) return;
  service_->finished(*this);
  loop_.give_back(*this);
}

// --- later ---------------------------------------------------------------------------------------

Async& Exchange::suspend() {
  ++asyncs_;
  return *arena_.make<Async>(*this);
}

void Async::resume(void (*closure)(), void* argument) {
  const auto deliver = [](void* exchange, void (*what)(), void* with) {
    auto& self = *static_cast<Exchange*>(exchange);
    self.resumes_.push_back({what, with});
    self.next_turn();
  };
  exchange_.loop().post(*new ResumeTask(deliver, &exchange_, closure, argument));
}

void Exchange::move_to(Workers& workers) {
  assert(workers_ == nullptr && !committed_ && "only an answer that has not begun can move");
  workers_ = &workers;
  serve_wanted_ = true;
  if (!running_) next_turn();
}

void Async::release() { exchange_.loop().post(*this); }
void Async::run() { exchange_.released(); }

void Exchange::released() {
  ++releases_;
  next_turn();
}

// --- the answer
// ------------------------------------------------------------------------------------

Write Exchange::hand_over(bool last) {
  if (ended_) return Write::closed;
  if (workers_ != nullptr) return hand_over_from_worker(last);
  if (wire_ == nullptr) {
    ended_ = true;
    body_.clear();
    return Write::closed;
  }
  whole_ = last && !committed_;
  committed_ = wire_sees_head_ = true;
  last_ = ended_ = last;
  wire_->output(*this);
  if (last) return Write::ok;
  if (wire_ == nullptr) return Write::closed;
  reported_full_ = !body_.empty() || !wire_->has_room(*this);
  return reported_full_ ? Write::full : Write::ok;
}

Write Exchange::hand_over(FileRange file) {
  if (ended_) {
    ::close(file.descriptor);
    return Write::closed;
  }
  file_ = file;  // seen by the loop behind the same hand-over as `last`
  return hand_over(true);
}

bool Exchange::upgradable() const {
  if (!request.offers_upgrade || committed_ || ended_) return false;
  if (!request.has_body) return true;
  const std::scoped_lock lock(mutex_);
  return input_ended_;
}

Write Exchange::upgrade(std::unique_ptr<UpgradeToken> token) {
  assert(response_.status == 101 && "an upgrade is answered with 101");
  assert(request.offers_upgrade && !committed_ && "an upgrade is the whole answer to an offer");
  body_.clear();
  upgrade_ = std::move(token);  // seen by the loop behind the same hand-over as `last`
  return hand_over(true);
}

Write Exchange::hand_over_from_worker(bool last) {
  std::unique_lock lock(mutex_);
  const bool room = room_or_data_.wait_for(lock, limits_.write_timeout, [&] {
    return pipe_.empty() || pipe_.size() + body_.size() <= limits_.high_mark || is_lost();
  });
  if (!room) cut_ = last = true;
  if (is_lost()) {
    ended_ = true;
    body_.clear();
    return Write::closed;
  }
  if (pipe_.empty()) {
    pipe_.swap(body_);
  } else {
    pipe_.append(body_);
  }
  body_.clear();
  whole_ = last && !committed_;
  committed_ = true;
  last_ = ended_ = last;
  if (!output_notified_) {
    output_notified_ = true;
    loop_.post(output_task_);
  }
  return room ? Write::ok : Write::closed;
}

void Exchange::reset_connection() {
  if (ended_) return;
  if (workers_ == nullptr) {
    cut_ = true;
    hand_over(true);
    return;
  }
  {
    const std::scoped_lock lock(mutex_);
    cut_ = true;
  }
  hand_over(true);
}

void Exchange::output_posted() {
  {
    const std::scoped_lock lock(mutex_);
    output_notified_ = false;
  }
  wire_sees_head_ = true;
  if (wire_ != nullptr) wire_->output(*this);
}

Exchange::Output Exchange::output() {
  if (overtaken_) return {substitute_->body, true, true, false};
  if (workers_ == nullptr) return {body_, last_, whole_, cut_};
  const std::scoped_lock lock(mutex_);
  if (taken_.empty() && !pipe_.empty()) {
    taken_.swap(pipe_);
    room_or_data_.notify_one();
  }
  const bool rest = !pipe_.empty();
  return {taken_, last_ && !rest, whole_ && !rest, cut_};
}

void Exchange::output_taken() {
  (overtaken_ ? substitute_->body : workers_ != nullptr ? taken_ : body_).clear();
}

void Exchange::room() {
  if (!reported_full_ || workers_ != nullptr || running_) return;
  reported_full_ = false;
  raise(Event::writable);
}

// --- the request's body
// ----------------------------------------------------------------------------

bool Exchange::input(std::string_view bytes) {
  if (!input_wanted_) return true;
  if (!streamed_) {
    if (input_.size() + bytes.size() > body_limit_) {
      refuse(413, "The request body is longer than this application takes.");
      return false;
    }
    input_.append(bytes);
    return true;
  }
  {
    const std::scoped_lock lock(mutex_);
    if (input_read_ == input_.size()) {
      input_.clear();
      input_read_ = 0;
    } else if (input_read_ > limits_.high_mark) {
      input_.erase(0, input_read_);
      input_read_ = 0;
    }
    input_.append(bytes);
    room_or_data_.notify_one();
  }
  if (workers_ == nullptr) raise(Event::readable);
  return true;
}

bool Exchange::room_for_input() {
  if (!streamed_ || !input_wanted_) return true;
  const std::scoped_lock lock(mutex_);
  input_paused_ = input_.size() - input_read_ >= limits_.high_mark;
  return !input_paused_;
}

bool Exchange::is_reading() const {
  const std::scoped_lock lock(mutex_);
  return reading_;
}

void Exchange::input_end(std::string_view trailers) {
  {
    const std::scoped_lock lock(mutex_);
    trailers_.assign(trailers);
    input_ended_ = true;
    room_or_data_.notify_one();
  }
  if (!input_wanted_) return;
  if (!streamed_) {
    serve_wanted_ = true;
    next_turn();
  } else if (workers_ == nullptr) {
    raise(Event::readable);
  }
}

void Exchange::input_lost() {
  {
    const std::scoped_lock lock(mutex_);
    input_lost_ = true;
    room_or_data_.notify_one();
  }
  if (input_wanted_ && streamed_ && workers_ == nullptr) raise(Event::readable);
}

std::ptrdiff_t Exchange::read(std::span<char> into) {
  if (!request.has_body) return 0;
  if (!streamed_) {  // whole already: for a handler that another one has passed the request on to
    const std::size_t there = std::min(into.size(), input_.size() - input_read_);
    std::memcpy(into.data(), input_.data() + input_read_, there);
    input_read_ += there;
    return static_cast<std::ptrdiff_t>(there);
  }
  bool wanted = false;
  std::ptrdiff_t got = 0;
  {
    std::unique_lock lock(mutex_);
    if (!reading_) wanted = reading_ = true;
    if (workers_ != nullptr) {
      if (wanted) notify_input();
      wanted = false;
      room_or_data_.wait(lock, [&] {
        return input_read_ < input_.size() || input_ended_ || input_lost_ || is_lost();
      });
    }
    const std::size_t there = std::min(into.size(), input_.size() - input_read_);
    if (there == 0 || is_lost()) {
      got = input_lost_ || is_lost() ? -2 : input_ended_ ? 0 : -1;
    } else {
      std::memcpy(into.data(), input_.data() + input_read_, there);
      input_read_ += there;
      got = static_cast<std::ptrdiff_t>(there);
      if (input_paused_ && input_.size() - input_read_ <= limits_.low_mark) {
        input_paused_ = false;
        wanted = true;
        if (workers_ != nullptr) notify_input();
      }
    }
  }
  if (wanted && workers_ == nullptr && wire_ != nullptr) wire_->input_wanted(*this);
  return got;
}

std::string_view Exchange::trailer(std::string_view name) const {
  std::string_view rest;
  {
    const std::scoped_lock lock(mutex_);  // does not change any more once the body has ended
    if (input_ended_) rest = trailers_;
  }
  while (!rest.empty()) {
    const auto end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    const auto colon = line.find(':');
    if (equal_ignoring_case(line.substr(0, colon), name)) return trim(line.substr(colon + 1));
  }
  return {};
}

// With mutex_ held: a task may be posted once only before it runs.
void Exchange::notify_input() {
  if (std::exchange(input_notified_, true)) return;
  loop_.post(input_task_);
}

void Exchange::input_posted() {
  {
    const std::scoped_lock lock(mutex_);
    input_notified_ = false;
  }
  if (wire_ != nullptr) wire_->input_wanted(*this);
}

// --- the end
// ---------------------------------------------------------------------------------------

void Exchange::peer_closed() { raise(Event::aborted); }

void Exchange::detach(bool aborted) {
  if (wire_ == nullptr) return;
  if (aborted && remote_.family == 0) remote_ = wire_->remote();
  wire_ = nullptr;
  if (aborted) {
    const std::scoped_lock lock(mutex_);
    aborted_.store(true, std::memory_order_release);
    events_ = static_cast<std::uint8_t>(events_ | 1u << static_cast<unsigned>(Event::aborted));
    room_or_data_.notify_all();
  }
  if (!running_) next_turn();  // may be the end of this exchange
}

void Exchange::reset() {
  loop_.forget(*this);
  loop_.forget(deadline_);
  if (file_.descriptor >= 0) ::close(file_.descriptor);
  file_ = {};
  upgrade_.reset();
  request = {};
  id = 0;
  local = wire_local = nullptr;
  wire_ = nullptr;
  handler_ = nullptr;
  workers_ = nullptr;
  remote_ = {};
  response_.clear();
  for (std::string* text : {&body_, &pipe_, &taken_, &input_, &trailers_}) empty(*text);
  asyncs_ = releases_ = 0;
  committed_ = ended_ = watching_ = reported_full_ = false;
  wire_sees_head_ = running_ = serve_wanted_ = abandon_wanted_ = false;
  served_ = input_wanted_ = streamed_ = false;
  events_ = 0;
  turn_ = Turn::none;
  body_limit_ = input_read_ = 0;
  sent_ = 0;
  resumes_.clear();
  last_ = whole_ = cut_ = overtaken_ = output_notified_ = false;
  overdue_wanted_ = false;
  overdue_status_ = wanted_status_ = 0;
  due_ = 0;
  substitute_.reset();
  input_ended_ = input_lost_ = input_paused_ = input_notified_ = reading_ = false;
  aborted_.store(false, std::memory_order_relaxed);
  arena_.reset();
}

}  // namespace server
