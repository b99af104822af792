// HTTP/1.1 and 1.0 on a connection (RFC 9112): answers out, in the order of their requests.
#include <algorithm>
#include <cassert>
#include <charconv>
#include <utility>

#include "server/http1/http1.h"
#include "server/http1/response_writer.h"

namespace server::http1 {

namespace {

std::uint64_t number(std::string_view text, bool& valid) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  valid = !text.empty() && error == std::errc{} && end == text.data() + text.size();
  return value;
}

}  // namespace

bool Http1::has_room(const Exchange& exchange) const {
  return exchange.wire_local == front_ && connection_.has_room();
}

void Http1::output(Exchange& exchange) {
  if (exchange.wire_local == front_) pump();
}

void Http1::room() {
  pump();
  if (front_ != nullptr && connection_.has_room()) front_->exchange.room();
  if (connection_.queued() > 0 || connection_.closing()) return;
  // The deadline was that of the queue.
  if (incoming_ != Incoming::none) {
    connection_.arm(options_.connection_timeout);
  } else if (outstanding_ == 0) {
    connection_.arm(options_.keep_alive_timeout);
  }
}

void Http1::pump() {
  if (pumping_) return;
  pumping_ = true;
  do {
    while (front_ != nullptr && !connection_.closing() && front_->exchange.head_ready() &&
           pump_front()) {
    }
  } while (proceed() && front_ != nullptr && !connection_.closing());
  pumping_ = false;
  if (token_ != nullptr) return;
  // One that became the first has room without the socket having been full.
  if (front_ != nullptr && front_->head_sent && connection_.has_room()) front_->exchange.room();
  if (connection_.queued() > 0 && !connection_.closing()) {
    progress_ = connection_.progress();
    connection_.arm(options_.write_timeout);
  }
}

// Sends what the first exchange has. True when its answer is complete.
bool Http1::pump_front() {
  Slot& slot = *front_;
  Exchange& exchange = slot.exchange;
  if (!connection_.has_room()) return false;
  const Exchange::Output output = exchange.output();
  if (output.cut) {
    connection_.close();
    return false;
  }
  if (output.last && exchange.upgrades()) {
    write_switch(slot);
    return false;
  }
  if (!slot.head_sent && !write_front_head(slot, output)) return false;
  write_body(slot, output.bytes);
  exchange.output_taken();
  if (connection_.closing() || !output.last) return false;
  if (FileRange& file = exchange.file(); file.length > 0 && !slot.bodiless) {
    const std::uint64_t before = file.length;
    if (!connection_.send_file(file, options_.use_sendfile)) {
      connection_.close();
      return false;
    }
    exchange.sent(before - file.length);
    if (slot.counted) slot.body_left -= std::min(slot.body_left, before - file.length);
    if (file.length > 0 || connection_.closing()) return false;
  }
  if (slot.counted && slot.body_left != 0) {  // the application promised more than it wrote
    connection_.close();
    return false;
  }
  if (slot.chunked && !slot.bodiless) connection_.write("0\r\n\r\n");
  finish_front();
  return true;
}

// RFC 9112 section 6: how the answer's body is delimited, and whether the connection stays.
bool Http1::write_front_head(Slot& slot, const Exchange::Output& output) {
  Exchange& exchange = slot.exchange;
  const ResponseHead& head = exchange.answer_head();
  const bool without = head.status < 200 || head.status == 204 || head.status == 304;
  const bool reset = head.status == 205;  // RFC 9110 section 15.3.6: says so, and has no content
  slot.bodiless = without || reset || exchange.request.method == "HEAD";
  ResponseShape shape{.http10 = slot.http10};
  bool promised = false;
  const std::uint64_t promise = number(head.find("content-length"), promised);
  if (without) {
    shape.length = ResponseShape::Length::none;
  } else if (reset) {
    shape.bytes = 0;
  } else if (output.whole) {
    shape.bytes = output.bytes.size() + exchange.file().length;
    if (slot.bodiless && promised && shape.bytes == 0) shape.bytes = promise;
  } else if (promised) {
    shape.bytes = promise;
    slot.counted = !slot.bodiless;
    slot.body_left = promise;
  } else if (slot.http10) {
    shape.length = ResponseShape::Length::until_close;
    slot.keep_alive = false;
  } else {
    shape.length = ResponseShape::Length::chunked;
    slot.chunked = true;
  }
  if (draining_ || (body_slot_ == &slot && !swallows_rest()) ||
      has_token(head.find("connection"), "close"))
    slot.keep_alive = false;
  shape.keep_alive = slot.keep_alive;
  if (!slot.keep_alive) no_more_ = true;
  write_head(head, shape);
  slot.head_sent = true;
  return true;
}

void Http1::write_head(const ResponseHead& head, const ResponseShape& shape) {
  char* const to = connection_.reserve(head_room(head, options_.server));
  const char* end = http1::write_head(to, head, shape, connection_.loop().date(), options_.server);
  connection_.wrote(static_cast<std::size_t>(end - to));
}

// The last answer of HTTP on this connection. It is the only one outstanding: may_leave. Whoever
// gave it may still be on the stack, so the next protocol has to wait.
void Http1::write_switch(Slot& slot) {
  assert(slot.next == nullptr);
  Exchange& exchange = slot.exchange;
  write_head(exchange.answer_head(), {.length = ResponseShape::Length::none, .upgrade = true});
  exchange.output_taken();
  token_ = exchange.take_upgrade();
  front_ = nullptr;
  outstanding_ = 0;
  if (!consuming_) connection_.loop().at_turn_end(*this);
  exchange.detach(false);
}

void Http1::run() {
  if (token_ != nullptr) leave({});  // no bytes have made it go before
}

// Gives the connection away, with `rest` or what was kept. Whoever called this must only return.
void Http1::leave(std::span<char> rest) {
  const std::unique_ptr<std::string> kept = std::move(stash_);
  if (kept != nullptr) rest = *kept;
  const std::unique_ptr<UpgradeToken> token = std::move(token_);
  connection_.disarm();
  if (connection_.paused()) connection_.resume();
  options_.log.debug("connection {} speaks {} now, {} bytes are there", connection_.number(),
                     token->protocol_name(), rest.size());
  std::unique_ptr<Protocol> next = token->install(connection_);
  if (next == nullptr) {
    end_connection(!rest.empty());
    return connection_.flush();  // the 101 may have left long ago
  }
  connection_.become(std::move(next));
  if (!rest.empty() && !connection_.closing()) connection_.protocol()->bytes(rest);
  if (connection_.input_ended() && !connection_.closing()) connection_.protocol()->end_of_input();
  if (draining_ && !connection_.closing()) connection_.protocol()->drain();
  if (connection_.closing()) connection_.flush();
}

// A client that waits for 100 (Continue) and got an answer instead may or may not send the body:
// the next bytes could be either, so the connection has to end (RFC 9110 section 10.1.1).
bool Http1::swallows_rest() const {
  if (body_slot_ == nullptr || body_slot_->owes_continue) return false;
  return incoming_ == Incoming::chunked || incoming_left_ <= options_.max_swallow;
}

void Http1::write_body(Slot& slot, std::string_view bytes) {
  if (slot.bodiless || bytes.empty()) return;
  if (slot.counted) {
    bytes = bytes.substr(
        0, static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), slot.body_left)));
    slot.body_left -= bytes.size();
    if (bytes.empty()) return;
  }
  slot.exchange.sent(bytes.size());
  if (!slot.chunked) return connection_.write(bytes);
  char size[20];
  char* end = std::to_chars(size, size + 16, bytes.size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  connection_.write({size, static_cast<std::size_t>(end - size)});
  connection_.write(bytes);
  connection_.write("\r\n");
}

void Http1::finish_front() {
  Slot& slot = *front_;
  const bool keep = slot.keep_alive;
  const bool unread = incoming_ != Incoming::none && (body_slot_ == &slot || body_slot_ == nullptr);
  if (body_slot_ == &slot) body_slot_ = nullptr;
  front_ = slot.next;
  --outstanding_;
  slot.exchange.detach(false);  // the slot may be gone from here on
  if (!keep) return end_connection(unread || stash_ != nullptr || more_input_);
  stalled_ = false;
  if (front_ != nullptr) offer_continue(*front_);
  if (outstanding_ == 0 && incoming_ == Incoming::none)
    connection_.arm(options_.keep_alive_timeout);
}

void Http1::end_connection(bool unread) {
  no_more_ = true;
  if (unread) {
    connection_.linger();
  } else {
    connection_.close_when_flushed();
  }
  if (connection_.queued() > 0) connection_.arm(options_.write_timeout);
  while (front_ != nullptr) {  // answers behind the last one go nowhere
    Slot* slot = std::exchange(front_, front_->next);
    --outstanding_;
    slot->exchange.detach(true);
  }
}

}  // namespace server::http1
