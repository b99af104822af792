// HTTP/1.1 and 1.0 on a connection (RFC 9112): requests in.
#include "server/http1/http1.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace server::http1 {

namespace {

constexpr std::uint64_t kFirstRequest = 1'000;  // ms that a new connection has when we drain

// Methods whose requests may be answered side by side (RFC 9110 section 9.2.1, RFC 9112 9.3.2).
bool is_safe(std::string_view line) {
  return line.starts_with("GET ") || line.starts_with("HEAD ") || line.starts_with("OPTIONS ") ||
         line.starts_with("TRACE ");
}

}  // namespace

Http1::Http1(Connection& connection, Service& service, const Options& options)
    : connection_(connection), service_(service), options_(options) {
  connection_.arm(options_.connection_timeout);
}

Http1::~Http1() = default;

// --- input ---------------------------------------------------------------------------------------

void Http1::bytes(std::span<char> data) {
  if (stash_ != nullptr) {
    stash_->append(data.data(), data.size());
    proceed();
    return;
  }
  const std::span<char> rest = data.subspan(consume({data.data(), data.size()}));
  if (token_ != nullptr) return leave(rest);
  if (!rest.empty() && !connection_.closing())
    stash_ = std::make_unique<std::string>(rest.data(), rest.size());
}

// Goes on with what was kept. True when something was used.
bool Http1::proceed() {
  if (consuming_ || token_ != nullptr || stash_ == nullptr || connection_.closing()) return false;
  const std::unique_ptr<std::string> kept = std::move(stash_);
  const std::size_t used = consume(*kept);
  if (token_ != nullptr) {
    leave(std::span(*kept).subspan(used));
  } else if (used < kept->size() && !connection_.closing()) {
    kept->erase(0, used);
    if (stash_ == nullptr) stash_ = std::make_unique<std::string>();
    stash_->swap(*kept);
  }
  return used != 0;
}

// Uses what it can from the front of `data`; pauses the connection when it must wait for its own
// side, and lets it read on when it only lacks bytes.
std::size_t Http1::consume(std::string_view data) {
  consuming_ = true;
  const std::size_t size = data.size();
  bool starved = true;  // for bytes, not for room
  while (!data.empty() && !connection_.closing() && token_ == nullptr) {
    if (incoming_ != Incoming::none) {
      if (!body(data)) {
        starved = !stalled_;
        break;
      }
    } else if (may_leave()) {
      starved = false;
      break;
    } else if (no_more_) {
      data = {};
    } else if (!may_begin(data)) {
      starved = false;
      break;
    } else if (!begin(data)) {
      break;
    }
  }
  consuming_ = false;
  if (!connection_.closing() && token_ == nullptr && connection_.paused() == starved) {
    if (starved) {
      connection_.resume();
    } else {
      connection_.pause();
    }
  }
  return size - data.size();
}

bool Http1::may_begin(std::string_view data) const {
  if (outstanding_ == 0) return true;
  return outstanding_ < options_.max_pipelined && !back_->unsafe && is_safe(data);
}

// What comes behind an offer to upgrade is HTTP or not, which its answer will tell.
bool Http1::may_leave() const {
  return outstanding_ != 0 && back_->exchange.request.offers_upgrade;
}

// Takes one request head. False when it is not complete yet.
bool Http1::begin(std::string_view& data) {
  while (data.starts_with("\r\n")) data.remove_prefix(2);  // RFC 9112 section 2.2
  if (data.empty()) return true;
  if (data == "\r") return false;
  const HeadScan scan = scan_head(data, options_.head);
  switch (scan.verdict) {
    case HeadScan::Verdict::incomplete:
      if (!head_started_) connection_.arm(options_.connection_timeout);
      head_started_ = true;
      return false;
    case HeadScan::Verdict::bad: {
      const std::string_view line = data.substr(0, data.find_first_of("\r\n"));
      data = {};
      refuse_head(line, scan.status, scan.reason);
      return true;
    }
    case HeadScan::Verdict::complete:
      break;
  }
  head_started_ = false;
  const std::string_view head = data.substr(0, scan.size);
  data.remove_prefix(scan.size);
  more_input_ = !data.empty();
  open_exchange(head, scan);
  return true;
}

Http1::Slot& Http1::append_slot() {
  Exchange& exchange = connection_.loop().take_exchange();
  exchange.begin(*this, service_, options_.exchange);
  exchange.id = (connection_.number() << 24) | (++requests_ & 0xffffff);
  Slot* slot = exchange.arena().make<Slot>(exchange);
  exchange.wire_local = slot;
  (front_ == nullptr ? front_ : back_->next) = slot;
  back_ = slot;
  ++outstanding_;
  return *slot;
}

void Http1::open_exchange(std::string_view head, const HeadScan& scan) {
  Slot& slot = append_slot();
  Exchange& exchange = slot.exchange;
  const Framing framing = parse_head(exchange.arena().copy(head), scan, exchange.arena(),
                                     options_.rules, exchange.request);
  slot.http10 = framing.http10;
  if (framing.status != 0) return refuse(slot, framing.status, framing.reason);
  slot.unsafe = !is_safe(head);
  slot.keep_alive =
      framing.keep_alive && !draining_ &&
      (options_.max_keep_alive_requests < 0 || requests_ < options_.max_keep_alive_requests);
  if (!slot.keep_alive) no_more_ = true;
  if (exchange.request.has_body) {
    slot.owes_continue = framing.expects_continue;
    incoming_ = framing.chunked ? Incoming::chunked : Incoming::length;
    incoming_left_ =
        framing.chunked ? 0 : static_cast<std::uint64_t>(exchange.request.content_length);
    chunks_.reset();
    body_slot_ = &slot;
    received_ = swallowed_ = silent_ = 0;
    connection_.arm(body_window());
  }
  service_.handle(exchange);  // may be its end
}

void Http1::refuse_head(std::string_view line, int status, const char* reason) {
  Slot& slot = append_slot();
  RequestHead& request = slot.exchange.request;
  const std::string_view kept = slot.exchange.arena().copy(line.substr(0, 512));
  const auto space = kept.find(' ');
  if (space != kept.npos && is_field_name(kept.substr(0, space))) {
    request.method = kept.substr(0, space);
    request.target = kept.substr(space + 1, kept.find(' ', space + 1) - space - 1);
  }
  request.content_length = 0;
  refuse(slot, status, reason);
}

void Http1::refuse(Slot& slot, int status, const char* reason) {
  slot.keep_alive = false;
  no_more_ = true;
  more_input_ = true;  // perhaps; the peer shall read the answer though it is still sending
  incoming_ = Incoming::none;
  body_slot_ = nullptr;
  service_.refuse(slot.exchange, status, reason);
}

// What comes in makes no sense any more: the answers owed are the last.
void Http1::stop_input() {
  no_more_ = true;
  more_input_ = true;
  incoming_ = Incoming::none;
  body_slot_ = nullptr;
  if (outstanding_ == 0) return end_connection(true);
  back_->keep_alive = false;
}

// --- the request's body --------------------------------------------------------------------------

// Takes body bytes. False when the reader has no room, or bytes are lacking.
bool Http1::body(std::string_view& data) {
  if (body_slot_ != nullptr && !body_slot_->exchange.room_for_input()) {
    stalled_ = true;
    return false;
  }
  stalled_ = false;
  std::string_view piece;
  if (incoming_ == Incoming::length) {
    piece = data.substr(
        0, static_cast<std::size_t>(std::min<std::uint64_t>(incoming_left_, data.size())));
    data.remove_prefix(piece.size());
    incoming_left_ -= piece.size();
    more_input_ = !data.empty();
    if (!deliver(piece)) return true;
    if (incoming_left_ == 0) body_complete();
    return true;
  }
  switch (chunks_.read(data, piece, options_.chunks)) {
    case ChunkReader::State::more:
      return false;
    case ChunkReader::State::data:
      deliver(piece);
      return true;
    case ChunkReader::State::done:
      more_input_ = !data.empty();
      body_complete();
      return true;
    case ChunkReader::State::bad:
      break;
  }
  data = {};
  Slot* slot = body_slot_;
  if (slot != nullptr && slot->exchange.collecting()) {
    refuse(*slot, chunks_.status(), "The chunked body is not well formed.");
  } else {
    stop_input();
    if (slot != nullptr) slot->exchange.input_lost();
  }
  return true;
}

bool Http1::deliver(std::string_view piece) {
  received_ += piece.size();
  if (body_slot_ == nullptr) {
    swallowed_ += piece.size();
    if (swallowed_ <= options_.max_swallow) return true;
    stop_input();
    return false;
  }
  body_slot_->owes_continue = false;  // the client did not wait for it
  if (!body_slot_->exchange.input(piece)) body_slot_ = nullptr;
  return !connection_.closing();
}

void Http1::body_complete() {
  const bool chunked = std::exchange(incoming_, Incoming::none) == Incoming::chunked;
  Slot* slot = std::exchange(body_slot_, nullptr);
  if (slot != nullptr) {
    slot->owes_continue = false;
    slot->exchange.input_end(chunked ? chunks_.trailers() : std::string_view{});  // may be its end
  } else if (outstanding_ == 0) {
    if (no_more_ || draining_) return end_connection(false);
    connection_.arm(options_.keep_alive_timeout);
  }
}

// RFC 9110 section 10.1.1: at once, or when the handler reads; not behind the head of the answer.
void Http1::offer_continue(Slot& slot) {
  const Exchange& exchange = slot.exchange;
  if (!slot.owes_continue || &slot != front_ || !exchange.wants_body() || exchange.head_ready())
    return;
  if (options_.continue_on_read && !exchange.is_reading()) return;
  slot.owes_continue = false;
  connection_.write("HTTP/1.1 100 Continue\r\n\r\n");
}

void Http1::input_wanted(Exchange& exchange) {
  Slot& slot = *static_cast<Slot*>(exchange.wire_local);
  offer_continue(slot);
  if (!stalled_ || &slot != body_slot_) return;
  stalled_ = false;
  if (!proceed() && !connection_.closing()) connection_.resume();
  connection_.flush();
}

Address Http1::remote() {
  if (!std::exchange(knows_remote_, true)) remote_ = connection_.remote();
  return remote_;
}

// --- time and the end ----------------------------------------------------------------------------

void Http1::end_of_input() {
  if (token_ != nullptr) return;
  no_more_ = true;
  if (incoming_ != Incoming::none) {
    Slot* slot = body_slot_;
    if (slot != nullptr && slot->exchange.collecting()) {
      refuse(*slot, 400, "The request body ended too soon.");
    } else {
      incoming_ = Incoming::none;
      body_slot_ = nullptr;
      if (slot != nullptr) slot->exchange.input_lost();
    }
    if (connection_.closing()) return;
  }
  if (outstanding_ == 0) return connection_.close_when_flushed();
  back_->keep_alive = false;
  // Telling one may end it and others with it, so each is looked for again.
  std::vector<Slot*> told;
  for (;;) {
    Slot* slot = front_;
    while (slot != nullptr && std::find(told.begin(), told.end(), slot) != told.end())
      slot = slot->next;
    if (slot == nullptr) return;
    told.push_back(slot);
    slot->exchange.peer_closed();
  }
}

// How often a body is looked at. A limit that was taken away leaves the others.
std::uint64_t Http1::body_window() const {
  return std::min({options_.connection_timeout, options_.upload_timeout, std::uint64_t{20'000}});
}

// At the end of a window: by its rate, and by how long nothing has come at all.
bool Http1::body_is_slow() {
  silent_ = received_ == 0 ? silent_ + body_window() : 0;
  return silent_ >= options_.upload_timeout ||
         received_ < options_.min_upload_rate * body_window() / 1000;
}

void Http1::timeout() {
  if (token_ != nullptr) return;
  if (connection_.queued() > 0) {
    if (connection_.progress() == progress_) return connection_.close();
    progress_ = connection_.progress();
    return connection_.arm(options_.write_timeout);
  }
  if (incoming_ != Incoming::none) {
    const bool ours = connection_.paused();
    if (ours) silent_ = 0;
    if (ours || !body_is_slow()) {
      received_ = 0;
      return connection_.arm(body_window());
    }
    if (body_slot_ == nullptr || body_slot_->head_sent || body_slot_->exchange.streaming())
      return connection_.close();
    if (!body_slot_->exchange.collecting()) return stop_input();
    return refuse(*body_slot_, 408, "The request body came too slowly.");
  }
  if (outstanding_ != 0) return;
  if (head_started_) return refuse_head({}, 408, "The request head came too slowly.");
  connection_.close();
}

void Http1::drain() {
  draining_ = true;
  if (token_ != nullptr || outstanding_ != 0 || head_started_ || incoming_ != Incoming::none)
    return;
  // Whoever has just connected is about to ask, and was promised an answer.
  if (requests_ == 0) return connection_.arm(std::min(kFirstRequest, options_.connection_timeout));
  connection_.close_when_flushed();
  connection_.flush();
}

void Http1::lost() {
  stash_.reset();
  token_.reset();
  body_slot_ = nullptr;
  for (Slot* slot = std::exchange(front_, nullptr); slot != nullptr;) {
    Slot* next = slot->next;
    slot->exchange.detach(true);
    slot = next;
  }
  outstanding_ = 0;
}

}  // namespace server::http1
