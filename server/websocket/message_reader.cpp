// From bytes to messages: the whole of RFC 6455 section 5 for one direction of one connection, with
// permessage-deflate (RFC 7692). A server reads masked frames with it, a client unmasked ones.
#include "server/websocket/message_reader.h"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <cstring>
#include <utility>

#include "server/websocket/close_code.h"
#include "server/websocket/deflate.h"
#include "server/websocket/mask.h"

namespace server::websocket {

namespace {

// Reserved at once for a frame that says it is longer; what lies beyond has to come first.
constexpr std::uint64_t kEager = 1U << 20U;
// Unmasked at once for an inflater, which may not take it all.
constexpr std::size_t kSlice = 4096;
constexpr std::size_t kStep = 1U << 20U;  // at most what it makes at once
constexpr std::size_t kPart = 16384;      // at most what an inflater gives out at once, in parts

// First bytes of the usual frames: FIN with the opcode; MASK with the length (RFC 6455
// section 5.2).
constexpr unsigned kWholeText = 0x81, kWholeBinary = 0x82, kMasked = 0x80, kTwoBytes = 126;

// More than a compressor makes of a message that does not compress (zlib's deflateBound).
constexpr std::size_t compressed_limit(std::size_t limit) {
  return limit + limit / 8 + limit / 64 + 64;
}

}  // namespace

// What few connections need, and those briefly.
struct MessageReader::Rare {
  std::array<char, kFrameHead> head;
  std::array<char, kControlPayload> control;
  std::size_t control_size = 0;
  Fault fault{.code = 0, .reason = nullptr};
  std::array<char, 64> text;  // of a reason with a number in it
};

MessageReader::MessageReader(Side side, Events& events, const ReaderLimits& limits,
                             BufferStock& stock)
    : events_(&events), limits_(&limits), stock_(&stock), side_(side) {}

MessageReader::~MessageReader() = default;

void MessageReader::inflate_with(DeflatePool& pool) { pool_ = &pool; }

void MessageReader::inflate_with(std::unique_ptr<Inflater> own) { own_ = std::move(own); }

const Fault* MessageReader::fault() const {
  return rare_ == nullptr || rare_->fault.code == 0 ? nullptr : &rare_->fault;
}

std::size_t MessageReader::memory() const {
  return buffer_.capacity() + (rare_ == nullptr ? 0 : sizeof(Rare)) +
         (own_ == nullptr ? 0 : own_->memory());
}

std::size_t MessageReader::read(char* data, std::size_t size) {
  std::size_t at = 0;
  if (closed_ || fault() != nullptr) return 0;
  for (;;) {
    if (stage_ == Stage::head) {
      if (const auto usual = usual_message(data + at, size - at)) {
        at += usual->size;
        if (!tell_usual(*usual)) return at;
        continue;
      }
      const auto head = take_head(data, size, at);
      if (!head || !begin_frame(*head)) return at;
    }
    if (!payload(data, size, at)) return at;
  }
}

// A client's message in one frame that is here as a whole, plain, and shorter than 64 KiB: most
// are, and a socket with many of them under way spends its time here. Whatever else it is, or is
// wrong with it, is found the long way.
std::optional<MessageReader::Usual> MessageReader::usual_message(char* frame, std::size_t size) {
  if (size < 6 || side_ != Side::server || head_size_ != 0 || message_ != Opcode::continuation)
    return std::nullopt;
  const auto byte = [frame](std::size_t at) { return static_cast<unsigned char>(frame[at]); };
  const bool is_text = byte(0) == kWholeText;
  if (!is_text && byte(0) != kWholeBinary) return std::nullopt;
  std::size_t head = 6;
  std::size_t length = byte(1) ^ kMasked;
  if (length == kTwoBytes) {
    head = 8;
    length = static_cast<std::size_t>(byte(2)) << 8U | byte(3);
    if (length < kTwoBytes) return std::nullopt;
  } else if (length > kTwoBytes) {
    return std::nullopt;
  }
  const bool parts = is_text ? limits_->text_in_parts : limits_->binary_in_parts;
  const std::size_t most = is_text ? limits_->max_text : limits_->max_binary;
  if (size - head < length || size < head || parts || length > most || length > limits_->max_frame)
    return std::nullopt;
  std::uint32_t mask = 0;
  std::memcpy(&mask, frame + head - sizeof mask, sizeof mask);
  unmask(frame + head, length, mask, 0);
  return Usual{is_text ? Opcode::text : Opcode::binary, {frame + head, length}, head + length};
}

bool MessageReader::tell_usual(const Usual& message) {
  if (message.kind == Opcode::text && !is_utf8(message.payload))
    return fail(close::bad_text, "text that is not UTF-8");
  return events_->message(message.kind, message.payload, true, true);
}

// Nothing: more bytes must come.
std::optional<FrameHead> MessageReader::take_head(const char* data, std::size_t size,
                                                  std::size_t& at) {
  if (head_size_ == 0 && size - at >= 2) {
    const char* head = data + at;
    const std::size_t length = frame_head_size(static_cast<unsigned char>(head[1]));
    if (size - at >= length) {
      at += length;
      return parse_frame_head(head);
    }
  }
  while (at < size) {
    auto& head = rare().head;
    head[head_size_++] = data[at++];
    if (head_size_ < 2 || head_size_ < frame_head_size(static_cast<unsigned char>(head[1])))
      continue;
    head_size_ = 0;
    const std::unique_ptr<Rare> over = std::move(rare_);
    return parse_frame_head(over->head.data());
  }
  return std::nullopt;
}

bool MessageReader::begin_frame(const FrameHead& head) {
  if (head.rsv2 || head.rsv3) return fail(close::protocol_error, "a reserved bit is set");
  if (head.masked != (side_ == Side::server))
    return fail(close::protocol_error,
                head.masked ? "a server must not mask" : "a client must mask its frames");
  // Section 5.2: the top bit is 0, and the length has its shortest form.
  if (head.length >> 63U != 0 || !head.minimal)
    return fail(close::protocol_error, "a length that is not written as it must be");
  frame_ = head.opcode;
  if (is_control(head.opcode) ? !begin_control(head) : !begin_data(head)) return false;
  fin_ = head.fin;
  left_ = head.length;
  mask_ = head.mask;
  stage_ = Stage::payload;
  return true;
}

bool MessageReader::begin_control(const FrameHead& head) {
  if (head.opcode != Opcode::close && head.opcode != Opcode::ping && head.opcode != Opcode::pong)
    return fail(close::protocol_error, "an unknown opcode");
  if (head.rsv1) return fail(close::protocol_error, "a compressed control frame");
  if (!head.fin) return fail(close::protocol_error, "a control frame in fragments");
  if (head.length > kControlPayload)
    return fail(close::protocol_error, "a control frame longer than 125 bytes");
  if (head.opcode == Opcode::close && head.length == 1)
    return fail(close::protocol_error, "half a close code");
  return true;
}

bool MessageReader::begin_data(const FrameHead& head) {
  if (head.opcode == Opcode::continuation) {
    if (message_ == Opcode::continuation)
      return fail(close::protocol_error, "a continuation of no message");
    if (head.rsv1) return fail(close::protocol_error, "a reserved bit is set");
    return fits(head.length);
  }
  if (head.opcode != Opcode::text && head.opcode != Opcode::binary)
    return fail(close::protocol_error, "an unknown opcode");
  if (message_ != Opcode::continuation)
    return fail(close::protocol_error, "a new message before the last has ended");
  if (head.rsv1 && !inflates()) return fail(close::protocol_error, "a reserved bit is set");
  message_ = head.opcode;
  compressed_ = head.rsv1;
  parts_ = (head.opcode == Opcode::text ? limits_->text_in_parts : limits_->binary_in_parts) &&
           !(compressed_ && own_ == nullptr);
  first_ = true;
  return fits(head.length);
}

// No limit is as good as 1 TiB, with which one can reckon.
std::size_t MessageReader::limit() const {
  const std::size_t most = message_ == Opcode::text ? limits_->max_text : limits_->max_binary;
  return std::min(most, std::size_t{1} << 40U);
}

// Refuses what is too long by what its head says, before any of it is kept.
bool MessageReader::fits(std::uint64_t length) {
  if (length > limits_->max_frame) return fail_length("frame", limits_->max_frame);
  if (parts_ || (compressed_ && own_ != nullptr)) return true;
  const std::size_t most = compressed_ ? compressed_limit(limit()) : limit();
  return length + buffer_.size() <= most || fail_length("message", limit());
}

// False: return from read, be it for want of bytes, a fault or a listener who wants to stop.
bool MessageReader::payload(char* data, std::size_t size, std::size_t& at) {
  const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size - at));
  if (here == 0 && left_ != 0 && !more_) return false;
  char* piece = data + at;
  if (is_control(frame_)) return control(piece, here, at);
  if (parts_) return compressed_ ? inflated_part(piece, here, at) : part(piece, here, at);
  if (compressed_ && own_ != nullptr) return inflated(piece, here, at);
  // All of the message is here, and nothing of it was before.
  if (ends(here) && frame_ != Opcode::continuation && buffer_.size() == 0)
    return whole(piece, here, at);
  return collect(piece, here, at);
}

void MessageReader::advance(std::size_t bytes, std::size_t& at) {
  at += bytes;
  left_ -= bytes;
  mask_ = turned(mask_, bytes);
  if (left_ == 0) stage_ = Stage::head;
}

bool MessageReader::control(char* piece, std::size_t size, std::size_t& at) {
  unmask(piece, size, mask_, 0);
  const bool begun = rare_ != nullptr && rare_->control_size != 0;
  advance(size, at);
  if (!begun && left_ == 0) return tell_control({piece, size});
  Rare& kept = rare();
  std::memcpy(kept.control.data() + kept.control_size, piece, size);
  kept.control_size += size;
  if (left_ != 0) return true;
  const std::unique_ptr<Rare> over = std::move(rare_);
  return tell_control({over->control.data(), over->control_size});
}

bool MessageReader::whole(char* piece, std::size_t size, std::size_t& at) {
  unmask(piece, size, mask_, 0);
  advance(size, at);
  if (!compressed_) {
    if (message_ == Opcode::text && !is_utf8({piece, size}))
      return fail(close::bad_text, "text that is not UTF-8");
    return tell({piece, size}, true);
  }
  Buffer out = stock_->take(std::min(limit() + 1, BufferStock::kSpareBytes));
  const bool goes_on =
      inflate(pool_->inflater(), {piece, size}, true, out) && tell(out.view(), true);
  stock_->give_back(std::move(out));
  return goes_on;
}

// A message in pieces, plain, or for the pool's inflater as it came: another socket may need that
// before the message is complete.
bool MessageReader::collect(char* piece, std::size_t size, std::size_t& at) {
  const auto more = static_cast<std::size_t>(
      std::max<std::uint64_t>(size, std::min<std::uint64_t>(left_, kEager)));
  if (buffer_.capacity() == 0) buffer_ = stock_->take(more);
  buffer_.reserve(more, compressed_ ? compressed_limit(limit()) : limit());
  unmask_to(buffer_.end(), piece, size, mask_, 0);
  const std::string_view added(buffer_.end(), size);
  buffer_.grown(size);
  const bool complete = ends(size);
  advance(size, at);
  const bool checked = message_ == Opcode::text && !compressed_;
  if (checked && (!utf8_.feed(added) || (complete && !utf8_.complete())))
    return fail(close::bad_text, "text that is not UTF-8");
  if (!complete) return true;
  Buffer message = std::move(buffer_);
  bool goes_on = true;
  if (compressed_) {
    Buffer out = stock_->take(std::min(limit() + 1, BufferStock::kSpareBytes));
    goes_on = inflate(pool_->inflater(), message.view(), true, out) && tell(out.view(), true);
    stock_->give_back(std::move(out));
  } else {
    goes_on = tell(message.view(), true);
  }
  stock_->give_back(std::move(message));
  return goes_on;
}

// By an inflater of its own: piece by piece, so that what does not fit or is no text shows at once.
bool MessageReader::inflated(char* piece, std::size_t size, std::size_t& at) {
  unmask(piece, size, mask_, 0);
  const bool complete = ends(size);
  advance(size, at);
  if (buffer_.capacity() == 0)
    buffer_ = stock_->take(std::min(limit() + 1, BufferStock::kSpareBytes));
  if (!inflate(*own_, {piece, size}, complete, buffer_)) return false;
  if (!complete) return true;
  Buffer message = std::move(buffer_);
  const bool goes_on = tell(message.view(), true);
  stock_->give_back(std::move(message));
  return goes_on;
}

// Appends to `out` what the input says, checks it, and stops one byte behind the limit at the
// latest.
bool MessageReader::inflate(Inflater& inflater, std::string_view input, bool last, Buffer& out) {
  const std::size_t most = limit() + 1;
  for (;;) {
    if (out.size() >= most) return fail_length("message", limit());
    const std::size_t room = std::min(std::min(out.capacity(), most) - out.size(), kStep);
    const Inflater::Step step = inflater.inflate(input, last, out.end(), room);
    const std::string_view added(out.end(), step.made);
    out.grown(step.made);
    // In the order of the bytes, so that how they were cut makes no difference.
    if (message_ == Opcode::text && !utf8_.feed(added))
      return fail(close::bad_text, "text that is not UTF-8");
    if (out.size() >= most) return fail_length("message", limit());
    if (step.result == Inflater::Result::bad)
      return fail(close::bad_text, "a compressed message that does not inflate");
    if (step.result == Inflater::Result::ok) break;
    input.remove_prefix(step.taken);
    if (out.size() == out.capacity()) out.reserve(1, most);
  }
  if (last && message_ == Opcode::text && !utf8_.complete())
    return fail(close::bad_text, "text that is not UTF-8");
  return true;
}

bool MessageReader::part(char* piece, std::size_t size, std::size_t& at) {
  // A character that a piece ended within is completed first, and given out by itself.
  if (held_size_ != 0) size = std::min(size, utf8_.missing());
  unmask(piece, size, mask_, 0);
  const bool last = ends(size);
  advance(size, at);
  std::string_view bytes(piece, size);
  if (message_ == Opcode::text) {
    if (!utf8_.feed(bytes) || (last && !utf8_.complete()))
      return fail(close::bad_text, "text that is not UTF-8");
    if (held_size_ != 0) {
      std::memcpy(held_.data() + held_size_, piece, size);
      held_size_ = static_cast<std::uint8_t>(held_size_ + size);
      if (!utf8_.complete()) return true;
      return tell({held_.data(), std::exchange(held_size_, std::uint8_t{0})}, last);
    }
    held_size_ = static_cast<std::uint8_t>(utf8_.begun());
    bytes.remove_suffix(held_size_);
    std::memcpy(held_.data(), bytes.data() + bytes.size(), held_size_);
  }
  return (bytes.empty() && !last) || tell(bytes, last);
}

// One step of the socket's own inflater. What it does not take stays as it came: the listener may
// stop here.
bool MessageReader::inflated_part(char* piece, std::size_t size, std::size_t& at) {
  size = std::min(size, kSlice);
  unmask(piece, size, mask_, 0);
  const bool complete = ends(size);
  Buffer out = stock_->take(kPart);
  std::memcpy(out.end(), held_.data(), held_size_);
  const Inflater::Step step =
      own_->inflate({piece, size}, complete, out.end() + held_size_, kPart - held_size_);
  unmask(piece + step.taken, size - step.taken, mask_, step.taken);
  advance(step.taken, at);
  more_ = step.result == Inflater::Result::full;
  if (more_) stage_ = Stage::payload;
  if (step.result == Inflater::Result::bad)
    return fail(close::bad_text, "a compressed message that does not inflate");
  out.grown(held_size_ + step.made);
  const bool last = complete && !more_;
  std::string_view bytes = out.view();
  if (message_ == Opcode::text) {
    if (!utf8_.feed(bytes.substr(held_size_)) || (last && !utf8_.complete()))
      return fail(close::bad_text, "text that is not UTF-8");
    held_size_ = static_cast<std::uint8_t>(utf8_.begun());
    bytes.remove_suffix(held_size_);
    std::memcpy(held_.data(), bytes.data() + bytes.size(), held_size_);
  }
  const bool goes_on = (bytes.empty() && !last) || tell(bytes, last);
  stock_->give_back(std::move(out));
  return goes_on;
}

// The reader is ready for the next frame before the listener is called.
bool MessageReader::tell(std::string_view bytes, bool last) {
  const Opcode kind = message_;
  const bool first = std::exchange(first_, false);
  if (last) message_ = Opcode::continuation;
  return events_->message(kind, bytes, first, last);
}

bool MessageReader::tell_control(std::string_view payload) {
  if (frame_ == Opcode::ping) return events_->ping(payload);
  if (frame_ == Opcode::pong) return events_->pong(payload);
  return tell_close(payload);
}

bool MessageReader::tell_close(std::string_view payload) {
  std::uint16_t code = close::no_code;
  if (!payload.empty()) {
    code = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8U |
                                      static_cast<unsigned char>(payload[1]));
    if (!is_close_code(code)) return fail(close::protocol_error, "a close code nobody may send");
    payload.remove_prefix(2);
    if (!is_utf8(payload)) return fail(close::bad_text, "a close reason that is not UTF-8");
  }
  closed_ = true;
  events_->close(code, payload);
  return false;
}

MessageReader::Rare& MessageReader::rare() {
  if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
  return *rare_;
}

bool MessageReader::fail(std::uint16_t code, const char* reason) {
  rare().fault = {.code = code, .reason = reason};
  stock_->give_back(std::move(buffer_));
  return false;
}

bool MessageReader::fail_length(const char* what, std::size_t limit) {
  std::snprintf(rare().text.data(), rare().text.size(), "a %s longer than %zu bytes", what, limit);
  return fail(close::too_big, rare().text.data());
}

}  // namespace server::websocket
