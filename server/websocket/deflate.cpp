// The streams of permessage-deflate, RFC 7692 section 7.2: payloads of messages to and from bytes.
#include "server/websocket/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <new>

namespace server::websocket {

namespace {

// What a flush ends with, and what the sender cuts off (RFC 7692 section 7.2.1).
constexpr std::string_view kTail("\x00\x00\xff\xff", 4);

constexpr std::size_t kMost = std::numeric_limits<uInt>::max();  // of a step of zlib

// zlib wants it writable, and writes nothing.
Bytef* input_of(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

}  // namespace

struct Deflater::Stream : z_stream {
  Stream() : z_stream{} {}
};

Deflater::Deflater(int window_bits, int level, int mem_level)
    : stream_(std::make_unique<Stream>()),
      window_bits_(window_bits),
      mem_level_(mem_level),
      level_(level) {
  assert(window_bits >= 9 && window_bits <= 15);  // zlib would take 8 for 9 and break the promise
  const int outcome =
      deflateInit2(stream_.get(), level, Z_DEFLATED, -window_bits, mem_level, Z_DEFAULT_STRATEGY);
  if (outcome != Z_OK) throw std::bad_alloc();
}

Deflater::~Deflater() { deflateEnd(stream_.get()); }

void Deflater::compress(std::string_view message, std::string& out, bool reset_after) {
  assert(message.size() <= kMost / 4);
  if (message.empty()) {  // RFC 7692 section 7.2.3.6; zlib would not flush nothing twice
    out.push_back('\0');
    if (reset_after) reset();
    return;
  }
  fresh_ = false;
  z_stream& stream = *stream_;
  stream.next_in = input_of(message);
  stream.avail_in = static_cast<uInt>(message.size());
  // More than any message needs, so one step does it.
  std::size_t room = deflateBound(&stream, static_cast<uLong>(message.size())) + 16;
  do {
    const std::size_t size = out.size();
    out.resize(size + room);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = static_cast<uInt>(room);
    deflate(&stream, Z_SYNC_FLUSH);
    out.resize(size + room - stream.avail_out);
    room = 1024;
  } while (stream.avail_out == 0);
  assert(out.ends_with(kTail));
  out.resize(out.size() - kTail.size());
  if (reset_after) reset();
}

void Deflater::reset() {
  if (fresh_) return;
  deflateReset(stream_.get());
  fresh_ = true;
}

void Deflater::set_level(int level) {
  assert(fresh_);
  if (level == level_) return;
  deflateParams(stream_.get(), level, Z_DEFAULT_STRATEGY);
  level_ = level;
}

// The formula of zlib's zconf.h, with its state.
std::size_t Deflater::memory(int window_bits, int mem_level) {
  return (std::size_t{4} << window_bits) + (std::size_t{512} << mem_level) + 6144 +
         sizeof(Deflater) + sizeof(Stream);
}

struct Inflater::Stream : z_stream {
  Stream() : z_stream{} {}
};

Inflater::Inflater(int window_bits, bool context_takeover)
    : stream_(std::make_unique<Stream>()),
      window_bits_(std::max(window_bits, 9)),  // a larger one is always right
      context_takeover_(context_takeover) {
  if (inflateInit2(stream_.get(), -window_bits_) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() { inflateEnd(stream_.get()); }

void Inflater::reset() {
  inflateReset(stream_.get());
  ended_ = false;
  tail_left_ = kTail.size();
}

std::size_t Inflater::memory(int window_bits) {
  return (std::size_t{1} << std::max(window_bits, 9)) + 7168 + sizeof(Inflater) + sizeof(Stream);
}

// Inflates what stands at next_in.
Inflater::Result Inflater::run() {
  z_stream& stream = *stream_;
  for (;;) {
    if (stream.avail_in != 0) ended_ = false;
    const int outcome = ::inflate(&stream, Z_SYNC_FLUSH);
    if (outcome == Z_STREAM_END) {
      // A final block is allowed (RFC 7692 section 7.2.3.4), and more may follow it. The window
      // stays: what follows may refer to what came before.
      inflateResetKeep(&stream);
      ended_ = true;
    } else if (outcome != Z_OK && outcome != Z_BUF_ERROR) {
      return Result::bad;
    }
    if (stream.avail_out == 0) return Result::full;
    if (stream.avail_in == 0) return Result::ok;
    if (outcome == Z_BUF_ERROR) return Result::bad;
  }
}

Inflater::Step Inflater::inflate(std::string_view input, bool last, char* to, std::size_t room) {
  assert(room > 0 && room <= kMost && input.size() <= kMost);
  z_stream& stream = *stream_;
  stream.next_in = input_of(input);
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(to);
  stream.avail_out = static_cast<uInt>(room);
  Step step{.result = run(), .taken = input.size() - stream.avail_in, .made = 0};
  if (step.result == Result::ok && last) step.result = finish();
  step.made = room - stream.avail_out;
  return step;
}

// Adds the tail that the sender cut off. Behind it a block must begin, at the bound of a byte;
// otherwise the message ended within one. A message that ends with a final block needs no tail,
// although RFC 7692 section 7.2.3.4 wants a byte for it: some senders leave that out.
Inflater::Result Inflater::finish() {
  z_stream& stream = *stream_;
  if (!ended_ || tail_left_ != kTail.size()) {  // the tail may end a block itself, which is bad
    const std::string_view tail = kTail.substr(kTail.size() - tail_left_);
    stream.next_in = input_of(tail);
    stream.avail_in = tail_left_;
    const Result result = run();
    tail_left_ = static_cast<std::uint8_t>(stream.avail_in);
    if (result != Result::ok) return result;
    if (stream.data_type != 128) return Result::bad;
  }
  ended_ = false;
  tail_left_ = kTail.size();
  if (!context_takeover_) inflateReset(&stream);
  return Result::ok;
}

DeflatePool::DeflatePool() = default;
DeflatePool::~DeflatePool() = default;

void DeflatePool::compress(std::string_view message, std::string& out, int window_bits, int level) {
  deflater(window_bits, level, message.size()).compress(message, out, true);
}

Deflater& DeflatePool::deflater(int window_bits, int level, std::size_t message_size) {
  // A reset clears the hash table, 64 KiB of it with 8: a quarter of the time that 512 bytes take.
  // With 5 it is 8 KiB, which longer messages pay for with chains and blocks that are too short.
  const int mem_level = message_size <= 4096 ? 5 : 8;
  const auto found = std::find_if(deflaters_.begin(), deflaters_.end(), [&](const Spare& one) {
    return one.window_bits == window_bits && one.mem_level == mem_level;
  });
  if (found != deflaters_.end()) {
    found->used = true;
    found->deflater->set_level(level);
    return *found->deflater;
  }
  deflaters_.push_back({.deflater = std::make_unique<Deflater>(window_bits, level, mem_level),
                        .window_bits = window_bits,
                        .mem_level = mem_level,
                        .used = true});
  return *deflaters_.back().deflater;
}

Inflater& DeflatePool::inflater() {
  inflater_used_ = true;
  if (inflater_ == nullptr) {
    inflater_ = std::make_unique<Inflater>(15, false);
  } else {
    inflater_->reset();
  }
  return *inflater_;
}

void DeflatePool::trim() {
  std::erase_if(deflaters_, [](const Spare& one) { return !one.used; });
  for (Spare& one : deflaters_) one.used = false;
  if (!inflater_used_) inflater_.reset();
  inflater_used_ = false;
}

std::size_t DeflatePool::memory() const {
  std::size_t bytes = inflater_ == nullptr ? 0 : inflater_->memory();
  for (const Spare& one : deflaters_) bytes += one.deflater->memory();
  return bytes;
}

}  // namespace server::websocket
