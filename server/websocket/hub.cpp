// All WebSockets of the process, for every thread: sending, closing, publishing by session and
// topic.
#include "server/websocket/hub.h"

#include <simdjson.h>

#include <random>
#include <utility>

namespace server::websocket {

namespace {

Node random_node() {
  std::random_device random;
  return static_cast<Node>(random()) << 32 | random();
}

bool sendable(Opcode kind, std::string_view payload) {
  if (is_control(kind)) return payload.size() <= kControlPayload;
  if (payload.size() > Outgoing::kMaxSize) return false;
  return kind != Opcode::text || simdjson::validate_utf8(payload.data(), payload.size());
}

}  // namespace

Hub::Hub(const std::vector<Loop*>& loops, Bus& bus) : bus_(bus), node_(random_node()) {
  for (Loop* loop : loops) loops_.push_back(std::make_unique<LoopSockets>(*this, *loop));
  bus_.attach(*this);
}

Hub::~Hub() { bus_.detach(*this); }

Gate* Hub::gate(Session session) const {
  return session.loop() < loops_.size() ? loops_[session.loop()]->find(session) : nullptr;
}

LoopSockets* Hub::current() const {
  for (const auto& one : loops_)
    if (one->loop().is_current()) return one.get();
  return nullptr;
}

bool Hub::is_loop() const { return current() != nullptr; }

bool Hub::is_here(Session session) const { return loops_[session.loop()]->loop().is_current(); }

WebSocket* Hub::here(Session session, Gate& gate) const {
  return is_here(session) && gate.is(session) ? gate.socket() : nullptr;
}

// --- messages
// -------------------------------------------------------------------------------------

Send Hub::done(Session session, Gate& gate, const Gate::Entry& entry) {
  for (Outgoing* one = entry.finished; one != nullptr;) {
    Outgoing* const finished = std::exchange(one, one->next);
    finished->done(session, finished->outcome);
    finished->end();
  }
  if (entry.tell) loops_[session.loop()]->tell(gate);
  return entry.send;
}

Send Hub::enqueue(Gate& gate, Session session, Outgoing& message) {
  const Gate::Entry entry = is_control(message.kind) ? gate.enqueue_control(session, message)
                                                     : gate.enqueue(session, message);
  if (entry.send != Send::queued) message.end();
  return done(session, gate, entry);
}

Send Hub::send(Session session, Opcode kind, std::string_view payload, const SendOptions& options) {
  Gate* const its = gate(session);
  if (its == nullptr || !its->is_open(session)) return Send::gone;
  if (!sendable(kind, payload) || options.key.size() > Outgoing::kMaxKey) return Send::invalid;
  WebSocket* const socket = is_here(session) ? its->socket() : nullptr;
  if (socket != nullptr && options.done.call == nullptr && socket->may_send_now()) {
    socket->send_now(kind, payload);
    return Send::queued;
  }
  const Send sent = enqueue(*its, session, *Outgoing::make(kind, payload, options));
  if (socket != nullptr) socket->answered_into_queue();
  return sent;
}

Send Hub::send(Session session, Frozen& message, const SendOptions& options) {
  Gate* const its = gate(session);
  if (its == nullptr || !its->is_open(session)) return Send::gone;
  if (message.payload().size() > Outgoing::kMaxSize || options.key.size() > Outgoing::kMaxKey)
    return Send::invalid;
  WebSocket* const socket = is_here(session) ? its->socket() : nullptr;
  if (socket != nullptr && options.done.call == nullptr && socket->may_send_now()) {
    socket->send_now(message);
    return Send::queued;
  }
  const Send sent = enqueue(*its, session, *Outgoing::make(message, options));
  if (socket != nullptr) socket->answered_into_queue();
  return sent;
}

Send Hub::begin(Session session, Opcode kind, Stream*& stream) {
  stream = nullptr;
  Gate* const its = gate(session);
  if (its == nullptr) return Send::gone;
  auto* const made = new Stream(session, kind);
  const Gate::Entry entry = its->begin_stream(session, *made);
  if (entry.send == Send::queued) {
    stream = made;
  } else {
    made->release();
  }
  return done(session, *its, entry);
}

Send Hub::write(Stream& stream, std::string_view bytes) {
  if (bytes.size() > Outgoing::kMaxSize) return Send::invalid;
  Gate& its = *gate(stream.session);
  return done(stream.session, its, its.write_stream(stream, bytes));
}

Send Hub::finish(Stream& stream, bool complete) {
  Gate& its = *gate(stream.session);
  const Send sent = done(stream.session, its, its.end_stream(stream, complete));
  stream.release();
  return sent;
}

bool Hub::close(Session session, std::uint16_t code, std::string_view reason) {
  Gate* const its = gate(session);
  return its != nullptr &&
         done(session, *its, its->request_close(session, code, reason)) == Send::queued;
}

template <class Place>
bool Hub::wait(Gate& gate, const Place& place, std::size_t size,
               std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::unique_lock lock(mutex_);
  for (;;) {
    const std::uint64_t seen = rooms_;
    if (gate.has_room(place, size)) return true;  // asks to be told otherwise
    if (!room_.wait_until(lock, deadline, [&] { return rooms_ != seen; })) return false;
  }
}

bool Hub::wait(Session session, std::size_t size, std::chrono::milliseconds timeout) {
  Gate* const its = gate(session);
  return its == nullptr || wait(*its, session, size, timeout);
}

bool Hub::wait(const Stream& stream, std::size_t size, std::chrono::milliseconds timeout) {
  return wait(*gate(stream.session), stream, size, timeout);
}

void Hub::tell_waiting() {
  {
    const std::scoped_lock lock(mutex_);
    ++rooms_;
  }
  room_.notify_all();
}

// --- the session
// ----------------------------------------------------------------------------------

bool Hub::figures(Session session, Figures& figures) const {
  Gate* const its = gate(session);
  if (its == nullptr || !its->is(session)) return false;
  const Gate::Queued queued = its->queued();
  const auto value = [](const auto& one) { return one.load(std::memory_order_relaxed); };
  figures = {.open = its->is_open(session),
             .queued_messages = static_cast<std::uint32_t>(queued.messages),
             .round_trip = value(its->round_trip),
             .dropped = value(its->dropped),
             .queued_bytes = queued.bytes,
             .received_messages = value(its->received.messages),
             .received_bytes = value(its->received.bytes),
             .sent_messages = value(its->sent.messages),
             .sent_bytes = value(its->sent.bytes)};
  return its->is(session);
}

bool Hub::with(Session session, std::function<void(WebSocket&)> work) {
  Gate* const its = gate(session);
  if (its == nullptr || !its->is(session)) return false;
  if (WebSocket* socket = here(session, *its)) {
    work(*socket);
    return true;
  }
  Loop& loop = loops_[session.loop()]->loop();
  if (loop.is_current()) return false;
  loop.post([this, session, its, work = std::move(work)] {
    if (WebSocket* socket = here(session, *its)) work(*socket);
  });
  return true;
}

bool Hub::set_limit(Session session, Limit which, std::uint64_t value) {
  Gate* const its = gate(session);
  return its != nullptr && its->limit(session, which, value) &&
         with(session, [](WebSocket& socket) { socket.limits_changed(); });
}

bool Hub::suspend_reading(Session session) {
  return with(session, [](WebSocket& socket) { socket.suspend_reading(); });
}

bool Hub::resume_reading(Session session) {
  return with(session, [](WebSocket& socket) { socket.resume_reading(); });
}

void Hub::each(const void* group, const std::function<void(Session, Gate&)>& visit) const {
  for (std::size_t i = 0; i < loops_.size(); ++i)
    loops_[i]->each_gate([&](Gate& gate, std::size_t slot) {
      const Session session(i, slot, gate.generation());  // first: the group is then that one's
      const void* its = gate.group();
      if (its == nullptr || (group != nullptr && its != group)) return;
      if (gate.is_open(session)) visit(session, gate);
    });
}

std::size_t Hub::open_sockets() const {
  std::size_t sum = 0;
  for (const auto& one : loops_) sum += one->open_sockets();
  return sum;
}

std::size_t Hub::tunneled_sockets() const {
  std::size_t sum = 0;
  for (const auto& one : loops_) sum += one->tunneled_sockets();
  return sum;
}

std::size_t Hub::compressor_bytes() const {
  std::size_t sum = 0;
  for (const auto& one : loops_) sum += one->compressor_bytes();
  return sum;
}

// --- topics
// ---------------------------------------------------------------------------------------

bool Hub::subscribe(Session session, std::string_view pattern) {
  if (!Topics::well_formed_pattern(pattern)) return false;
  Gate* const its = gate(session);
  if (WebSocket* socket = its == nullptr ? nullptr : here(session, *its))
    return socket->is_open() &&
           on(socket->loop()).topics().subscribe(*socket, socket->scope(), pattern);
  return with(session, [this, text = std::string(pattern)](WebSocket& socket) {
    if (socket.is_open()) on(socket.loop()).topics().subscribe(socket, socket.scope(), text);
  });
}

bool Hub::unsubscribe(Session session, std::string_view pattern) {
  return with(session, [this, text = std::string(pattern)](WebSocket& socket) {
    on(socket.loop()).topics().unsubscribe(socket, socket.scope(), text);
  });
}

Send Hub::publish(std::string_view scope, std::string_view topic, Frozen& message,
                  const PublishOptions& options) {
  if (!Topics::well_formed_topic(topic) || is_control(message.kind()) ||
      message.payload().size() > Outgoing::kMaxSize || options.key.size() > Outgoing::kMaxKey)
    return Send::invalid;
  const Send sent = deliver(scope, topic, message, options);
  if (sent != Send::queued) return sent;
  bus_.publish({scope, topic, message, options.time_to_live, options.key, node_});
  return Send::queued;
}

void Hub::deliver(const Publication& publication) {
  deliver(publication.scope, publication.topic, publication.message,
          {.time_to_live = publication.time_to_live, .key = publication.key});
}

Send Hub::deliver(std::string_view scope, std::string_view topic, Frozen& message,
                  const PublishOptions& options) {
  const std::size_t cost = Broadcast::cost(message);
  if (waiting_.fetch_add(cost, std::memory_order_relaxed) + cost > kMaxWaiting) {
    waiting_.fetch_sub(cost, std::memory_order_relaxed);
    return Send::full;
  }
  auto* const broadcast = new Broadcast(message, scope, topic, options, loops_.size(), waiting_);
  for (const auto& one : loops_) one->deliver(broadcast->node(one->loop().index()));
  return Send::queued;
}

}  // namespace server::websocket
