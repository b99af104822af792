// What all threads may touch of one WebSocket: the queue of messages for it, its limits, its state.
#include "server/websocket/gate.h"

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>

#include "server/websocket/close_code.h"
#include "server/websocket/stream.h"

namespace server::websocket {

namespace {

constexpr std::size_t kMaxProperties = 64;
constexpr std::size_t kControls = 16;  // pings and pongs of the application that wait; more: full

}  // namespace

// The holder may have been taken off its core; there is nothing to be won by burning ours.
void SpinLock::wait() { std::this_thread::yield(); }

// --- the loop
// -------------------------------------------------------------------------------------

void Gate::open(std::uint32_t generation, WebSocket& socket, const Limits& limits,
                const void* group, Counted& companion, Properties properties) {
  const std::scoped_lock lock(lock_);
  socket_ = &socket;
  limits_.store(&limits, std::memory_order_relaxed);
  companion.hold();
  companion_ = &companion;
  if (!properties.empty()) extras().properties = std::move(properties);
  for (Counts* counts : {&received, &sent}) {
    counts->messages.store(0, std::memory_order_relaxed);
    counts->bytes.store(0, std::memory_order_relaxed);
  }
  dropped.store(0, std::memory_order_relaxed);
  round_trip.store(0, std::memory_order_relaxed);
  messages_ = 0;
  bytes_ = unsent_ = 0;
  wants_drain_ = awaited_ = false;
  group_.store(group, std::memory_order_release);
  generation_.store(generation, std::memory_order_release);
  open_.store(true, std::memory_order_release);
}

Gate::Left Gate::close() {
  Counted* companion = nullptr;
  Left left;
  {
    const std::scoped_lock lock(lock_);
    open_.store(false, std::memory_order_release);
    generation_.store(generation_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    group_.store(nullptr, std::memory_order_release);
    socket_ = nullptr;
    companion = std::exchange(companion_, nullptr);
    limits_.store(nullptr, std::memory_order_release);
    extras_.reset();
    for (std::atomic<Outgoing*>* list : {&controls_, &first_})
      for (Outgoing* one = list->exchange(nullptr); one != nullptr;) {
        Outgoing* next = one->next;
        one->outcome = Outcome::lost;
        one->next = std::exchange(left.lost, one);
        one = next;
      }
    left.awaited = std::exchange(awaited_, false);
    last_ = nullptr;
    messages_ = 0;
    bytes_ = unsent_ = 0;
  }
  companion->release();
  return left;
}

Gate::Extras& Gate::extras() {
  if (extras_ == nullptr) extras_ = std::make_unique<Extras>();
  return *extras_;
}

Gate::CloseRequest* Gate::close_request() const {
  return extras_ != nullptr && extras_->close_request ? &*extras_->close_request : nullptr;
}

// --- messages
// -------------------------------------------------------------------------------------

// Where nothing waits there is room for anything: what is longer than the limit would else be
// refused for ever.
bool Gate::allows(std::uint64_t waiting, std::size_t size) const {
  return waiting == 0 || waiting + size <= limits()[Limit::queue_bytes];
}

bool Gate::has_room_for(std::size_t size, std::size_t messages) const {
  return allows(std::uint64_t{bytes_} + unsent_, size) &&
         messages <= limits()[Limit::queue_messages];
}

void Gate::append(Outgoing& message) {
  message.next = nullptr;
  if (last_ == nullptr) {
    first_.store(&message, std::memory_order_relaxed);
  } else {
    last_->next = &message;
  }
  last_ = &message;
  ++messages_;
  bytes_ += static_cast<std::uint32_t>(message.cost());
}

void Gate::drop(Outgoing& message, Outcome outcome, Outgoing*& finished) {
  message.outcome = outcome;
  message.next = finished;
  finished = &message;
  dropped.fetch_add(1, std::memory_order_relaxed);
}

Outgoing* Gate::unlink(Outgoing* before, Outgoing& one) {
  if (before == nullptr) {
    first_.store(one.next, std::memory_order_relaxed);
  } else {
    before->next = one.next;
  }
  if (last_ == &one) last_ = before;
  --messages_;
  if (one.stream == nullptr) bytes_ -= static_cast<std::uint32_t>(one.cost());
  return &one;
}

// The waiting message with the same key and the one before it.
Gate::Twin Gate::twin_of(const Outgoing& message) const {
  Twin twin;
  if (message.key_size == 0) return twin;
  twin.one = first_.load(std::memory_order_relaxed);
  while (twin.one != nullptr && twin.one->key() != message.key())
    twin.before = std::exchange(twin.one, twin.one->next);
  return twin;
}

bool Gate::fits(const Outgoing& message) const {
  const Outgoing* const twin = twin_of(message).one;
  if (twin == nullptr) return has_room_for(message.cost(), messages_ + 1);
  return allows(std::uint64_t{bytes_} - twin->cost() + unsent_, message.cost());
}

// A waiting message with the same key gives its place to the new one.
void Gate::place(Outgoing& message, Entry& entry) {
  const Twin twin = twin_of(message);
  if (twin.one == nullptr) return append(message);
  message.next = twin.one->next;
  if (twin.before == nullptr) {
    first_.store(&message, std::memory_order_relaxed);
  } else {
    twin.before->next = &message;
  }
  if (last_ == twin.one) last_ = &message;
  bytes_ = static_cast<std::uint32_t>(bytes_ - twin.one->cost() + message.cost());
  drop(*twin.one, Outcome::replaced, entry.finished);
}

// The oldest that is not a stream, which may have begun to leave.
Outgoing* Gate::unlink_oldest() {
  Outgoing* before = nullptr;
  for (Outgoing* one = first_.load(std::memory_order_relaxed); one != nullptr;
       before = std::exchange(one, one->next))
    if (one->stream == nullptr) return unlink(before, *one);
  return nullptr;
}

// A message that could not even stand alone drives nobody out.
void Gate::drop_oldest(const Outgoing& message, Entry& entry) {
  if (unsent_ + message.cost() > limits()[Limit::queue_bytes]) return;
  while (!fits(message)) {
    Outgoing* oldest = unlink_oldest();
    if (oldest == nullptr) return;
    drop(*oldest, Outcome::dropped, entry.finished);
  }
}

// Those that grew too old behind a slow peer take no room from new ones.
void Gate::drop_expired(Entry& entry) {
  const std::uint64_t now = steady_milliseconds();
  Outgoing* before = nullptr;
  for (Outgoing* one = first_.load(std::memory_order_relaxed); one != nullptr;) {
    Outgoing* const next = one->next;
    if (one->expires != 0 && one->expires <= now) {
      drop(*unlink(before, *one), Outcome::expired, entry.finished);
    } else {
      before = one;
    }
    one = next;
  }
}

void Gate::close_slow_reader(Entry& entry) {
  extras().close_request = CloseRequest{
      close::try_later, true,
      "the peer reads too slowly: over " + std::to_string(limits()[Limit::queue_bytes]) +
          " bytes or " + std::to_string(limits()[Limit::queue_messages]) + " messages wait"};
  open_.store(false, std::memory_order_release);
  while (Outgoing* one = unlink_oldest()) drop(*one, Outcome::dropped, entry.finished);
  entry.tell = !told();
}

Gate::Entry Gate::enqueue(Session session, Outgoing& message) {
  const std::scoped_lock lock(lock_);
  Entry entry;
  if (!takes(session)) return entry;
  if (!fits(message)) drop_expired(entry);
  if (!fits(message)) {
    switch (limits().overflow) {
      case Overflow::drop_oldest:
        drop_oldest(message, entry);
        break;
      case Overflow::drop_newest:
        drop(message, Outcome::dropped, entry.finished);
        entry.send = Send::queued;
        return entry;
      case Overflow::close:
        close_slow_reader(entry);
        return entry;
      case Overflow::refuse:
        break;
    }
    if (!fits(message)) {
      wants_drain_ = true;
      entry.send = Send::full;
      return entry;
    }
  }
  place(message, entry);
  entry.send = Send::queued;
  entry.tell = !told();
  return entry;
}

Gate::Entry Gate::enqueue_control(Session session, Outgoing& message) {
  const std::scoped_lock lock(lock_);
  Entry entry;
  if (!takes(session)) return entry;
  std::size_t count = 0;
  Outgoing* last = nullptr;
  for (Outgoing* one = controls_.load(std::memory_order_relaxed); one != nullptr; one = one->next) {
    last = one;
    ++count;
  }
  if (count >= kControls) {
    wants_drain_ = true;
    entry.send = Send::full;
    return entry;
  }
  message.next = nullptr;
  if (last == nullptr) {
    controls_.store(&message, std::memory_order_relaxed);
  } else {
    last->next = &message;
  }
  entry.send = Send::queued;
  entry.tell = !told();
  return entry;
}

// --- streams
// --------------------------------------------------------------------------------------

Gate::Entry Gate::begin_stream(Session session, Stream& stream) {
  Outgoing* message = Outgoing::make(stream);
  Entry entry;
  {
    const std::scoped_lock lock(lock_);
    if (takes(session)) {
      entry.send = has_room_for(0, messages_ + 1) ? Send::queued : Send::full;
      wants_drain_ |= entry.send == Send::full;
      if (entry.send == Send::queued) append(*std::exchange(message, nullptr));
    }
  }
  if (message != nullptr) message->end();
  return entry;
}

bool Gate::is_first(const Stream& stream) const {
  const Outgoing* const first = first_.load(std::memory_order_relaxed);
  return first != nullptr && first->stream == &stream;
}

// A queue that is full of what waits behind a stream must not keep it from its end.
bool Gate::has_room_for_piece(const Stream& stream, std::size_t size) const {
  return has_room_for(size, messages_) ||
         (is_first(stream) && allows(stream.waiting.size() + unsent_, size));
}

Gate::Entry Gate::write_stream(Stream& stream, std::string_view bytes) {
  const std::scoped_lock lock(lock_);
  Entry entry;
  if (!takes_pieces(stream.session) || stream.ended) return entry;
  if (!has_room_for_piece(stream, bytes.size())) {
    wants_drain_ = true;
    entry.send = Send::full;
    return entry;
  }
  stream.spoilt |= stream.kind == Opcode::text && !stream.text.feed(bytes);
  if (stream.spoilt) {
    entry.send = Send::invalid;
    return entry;
  }
  stream.waiting.append(bytes);
  bytes_ += static_cast<std::uint32_t>(bytes.size());
  entry.send = Send::queued;
  entry.tell = !told();
  return entry;
}

Gate::Entry Gate::end_stream(Stream& stream, bool complete) {
  const std::scoped_lock lock(lock_);
  Entry entry;
  if (!is(stream.session) || stream.ended) return entry;
  stream.ended = true;
  if (complete && (stream.spoilt || (stream.kind == Opcode::text && !stream.text.complete()))) {
    complete = false;
    entry.send = Send::invalid;
  } else {
    entry.send = Send::queued;
  }
  stream.abandoned = !complete;
  entry.tell = !told();
  return entry;
}

void Gate::take_stream(Outgoing& message, Batch& batch) {
  Stream& stream = *message.stream;
  bytes_ -= static_cast<std::uint32_t>(stream.waiting.size());
  if (stream.abandoned) {
    stream.waiting.clear();
    batch.broken = stream.begun;
  } else if (!stream.waiting.empty() || (stream.ended && stream.begun)) {
    batch.piece.swap(stream.waiting);
    unsent_ += static_cast<std::uint32_t>(batch.piece.size());
    stream.hold();
    batch.stream = &stream;
    batch.first = !std::exchange(stream.begun, true);
    batch.last = stream.ended;
  } else if (stream.ended) {  // an empty message
    stream.hold();
    batch.stream = &stream;
    batch.first = batch.last = stream.begun = true;
  }
  if (!stream.ended) return;
  unlink(nullptr, message);
  message.outcome = stream.abandoned ? Outcome::dropped : Outcome::sent;
  message.next = std::exchange(batch.finished, &message);
}

void Gate::take_close(Batch& batch) {
  CloseRequest* const request = close_request();
  if (request == nullptr) return;
  batch.close = true;
  batch.code = request->code;
  batch.reason.swap(request->reason);
  extras_->close_request.reset();
}

void Gate::take(std::size_t room, Batch& batch) {
  const std::scoped_lock lock(lock_);
  if (const CloseRequest* request = close_request(); request != nullptr && request->at_once)
    return take_close(batch);
  if (room != 0) batch.controls = controls_.exchange(nullptr, std::memory_order_relaxed);
  std::size_t taken = 0;
  std::uint64_t now = 0;
  for (Outgoing** end = &batch.messages; Outgoing* one = first_.load(std::memory_order_relaxed);) {
    if (room == 0) return;
    // A stream has a batch of its own, behind the messages before it.
    batch.more =
        batch.messages != nullptr && (one->stream != nullptr || taken + one->cost() > room);
    if (batch.more) return;
    if (one->stream != nullptr) {
      const bool ended = one->stream->ended;
      take_stream(*one, batch);
      batch.more = ended;
      if (batch.stream != nullptr || batch.broken || !ended) return;
      continue;
    }
    unlink(nullptr, *one);
    if (one->expires != 0 && one->expires <= (now == 0 ? now = steady_milliseconds() : now)) {
      drop(*one, Outcome::expired, batch.finished);
      continue;
    }
    taken += one->cost();
    unsent_ += static_cast<std::uint32_t>(one->cost());
    one->next = nullptr;
    *end = one;
    end = &one->next;
  }
  batch.more = false;
  take_close(batch);
}

Gate::Entry Gate::request_close(Session session, std::uint16_t code, std::string_view reason) {
  const std::scoped_lock lock(lock_);
  Entry entry;
  if (!takes(session)) return entry;
  extras().close_request = CloseRequest{code, false, std::string(reason)};
  open_.store(false, std::memory_order_release);
  entry.send = Send::queued;
  entry.tell = !told();
  return entry;
}

void Gate::sent_all_but(std::size_t unsent) {
  const std::scoped_lock lock(lock_);
  unsent_ = static_cast<std::uint32_t>(std::min<std::size_t>(unsent, 0xffffffff));
}

Gate::Room Gate::settle(std::size_t unsent) {
  const std::scoped_lock lock(lock_);
  unsent_ = static_cast<std::uint32_t>(std::min<std::size_t>(unsent, 0xffffffff));
  if (!wants_drain_ && !awaited_) return {};
  if (!open_.load(std::memory_order_relaxed))  // there is nothing to wait for
    return {.drained = false, .awaited = std::exchange(awaited_, false)};
  const Limits& its = limits();
  const Outgoing* const first = first_.load(std::memory_order_relaxed);
  if (first != nullptr && first->stream != nullptr) {  // what is behind it waits for its writer
    if (first->stream->waiting.size() + unsent_ > its[Limit::queue_bytes] / 2) return {};
  } else if (bytes_ + unsent_ > its[Limit::queue_bytes] / 2 ||
             messages_ > its[Limit::queue_messages] / 2) {
    return {};
  }
  const bool drained = wants_drain_ && controls_.load(std::memory_order_relaxed) == nullptr;
  if (drained) wants_drain_ = false;
  return {drained, std::exchange(awaited_, false)};
}

bool Gate::has_room(Session session, std::size_t size) {
  const std::scoped_lock lock(lock_);
  if (!takes(session) || has_room_for(size, messages_ + 1)) return true;
  awaited_ = true;
  return false;
}

bool Gate::has_room(const Stream& stream, std::size_t size) {
  const std::scoped_lock lock(lock_);
  if (!takes_pieces(stream.session) || stream.ended || has_room_for_piece(stream, size))
    return true;
  awaited_ = true;
  return false;
}

Gate::Queued Gate::queued() {
  const std::scoped_lock lock(lock_);
  return {messages_, std::size_t{bytes_} + unsent_};
}

// --- the session
// ----------------------------------------------------------------------------------

Counted* Gate::companion(Session session) {
  const std::scoped_lock lock(lock_);
  if (!is(session)) return nullptr;
  companion_->hold();
  return companion_;
}

std::int64_t Gate::limit(Session session, Limit which) {
  const std::scoped_lock lock(lock_);
  return is(session) ? static_cast<std::int64_t>(limits()[which]) : -1;
}

bool Gate::limit(Session session, Limit which, std::uint64_t value) {
  const std::scoped_lock lock(lock_);
  if (!is(session)) return false;
  std::unique_ptr<Limits>& own = extras().limits;
  if (own == nullptr) {
    own = std::make_unique<Limits>(limits());
    limits_.store(own.get(), std::memory_order_release);
  }
  own->set(which, value);
  return true;
}

bool Gate::property(Session session, std::string_view name, std::string& value, bool& found) {
  const std::scoped_lock lock(lock_);
  found = false;
  if (!is(session)) return false;
  if (extras_ == nullptr) return true;
  const Properties& its = extras_->properties;
  if (const auto it = its.find(name); it != its.end()) {
    value = it->second;
    found = true;
  }
  return true;
}

bool Gate::set_property(Session session, std::string_view name, const std::string_view* value) {
  const std::scoped_lock lock(lock_);
  if (!is(session)) return false;
  Properties& its = extras().properties;
  const auto it = its.find(name);
  if (value == nullptr) {
    if (it != its.end()) its.erase(it);
  } else if (it != its.end()) {
    it->second = *value;
  } else if (its.size() < kMaxProperties) {
    its.emplace(name, *value);
  } else {
    return false;
  }
  return true;
}

}  // namespace server::websocket
