// What makes bodies smaller: gzip (RFC 1952) by zlib, brotli (RFC 7932) by libbrotlienc.
#include "filters/compressor.h"

#include <brotli/encode.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>
#include <vector>

namespace filters {

namespace {

constexpr std::size_t kSpareStreams = 4;               // of gzip, for each thread
constexpr std::size_t kSpareMemory = 4 * 1024 * 1024;  // of brotli, for each thread
constexpr std::size_t kPiece = 32 * 1024;

// What zlib needs for a body: window and hash table are cleared or filled for each one, so a short
// body gets small ones.
struct Shape {
  int level, window_bits, mem_level;
  bool operator==(const Shape&) const = default;
};

Shape shape_for(const CompressorChoice& choice) {
  if (choice.size && *choice.size <= 8 * 1024) return {choice.level, 13, 6};
  return {choice.level, 15, 8};
}

class Gzip final : public Compressor {
 public:
  explicit Gzip(const Shape& shape) : shape_(shape) {
    constexpr int kGzipFrame = 16;
    if (deflateInit2(&stream_, shape.level, Z_DEFLATED, kGzipFrame + shape.window_bits,
                     shape.mem_level, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  ~Gzip() override { deflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  const Shape& shape() const { return shape_; }
  void reset() { deflateReset(&stream_); }

 private:
  void begin(std::string_view bytes, End end) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    mode_ = end == End::none ? Z_NO_FLUSH : end == End::flush ? Z_SYNC_FLUSH : Z_FINISH;
    more_ = true;
  }
  // A piece that is not full is the last one. zlib itself makes no second flush of nothing.
  std::string_view more() override {
    thread_local std::array<char, kPiece> piece;
    if (!more_) return {};
    stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream_.avail_out = kPiece;
    const int outcome = deflate(&stream_, mode_);
    more_ = stream_.avail_out == 0 && outcome != Z_STREAM_END;
    return {piece.data(), kPiece - stream_.avail_out};
  }

  z_stream stream_{};
  Shape shape_;
  int mode_ = Z_NO_FLUSH;
  bool more_ = false;
};

std::vector<std::unique_ptr<Gzip>>& spare_streams() {
  thread_local std::vector<std::unique_ptr<Gzip>> spare;
  return spare;
}

// An encoder of brotli cannot begin anew, but the memory of the last one serves the next.
class SpareMemory {
 public:
  ~SpareMemory() {
    for (Block* block : blocks_) std::free(block);
  }
  void* take(std::size_t size) {
    const auto found = std::find_if(blocks_.begin(), blocks_.end(),
                                    [&](const Block* block) { return block->size == size; });
    if (found == blocks_.end()) {
      auto* made = static_cast<Block*>(std::malloc(sizeof(Block) + size));
      if (made == nullptr) return nullptr;
      made->size = size;
      return made + 1;
    }
    Block* const block = *found;
    kept_ -= size;
    blocks_.erase(found);
    return block + 1;
  }
  void give_back(void* memory) {
    if (memory == nullptr) return;
    Block* const block = static_cast<Block*>(memory) - 1;
    if (blocks_.size() == blocks_.capacity() || kept_ + block->size > kSpareMemory)
      return std::free(block);
    kept_ += block->size;
    blocks_.push_back(block);
  }
  SpareMemory() { blocks_.reserve(32); }
  SpareMemory(const SpareMemory&) = delete;
  SpareMemory& operator=(const SpareMemory&) = delete;

 private:
  struct alignas(std::max_align_t) Block {
    std::size_t size;
  };
  std::vector<Block*> blocks_;
  std::size_t kept_ = 0;
};

SpareMemory& spare_memory() {
  thread_local SpareMemory memory;
  return memory;
}

class Brotli final : public Compressor {
 public:
  explicit Brotli(const CompressorChoice& choice)
      : state_(BrotliEncoderCreateInstance(
            [](void*, std::size_t size) { return spare_memory().take(size); },
            [](void*, void* memory) { spare_memory().give_back(memory); }, nullptr)) {
    if (state_ == nullptr) throw std::bad_alloc();
    constexpr std::uint32_t kWindowBits = 18;  // 256 KiB: pages are rarely longer
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY,
                              static_cast<std::uint32_t>(choice.level));
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, kWindowBits);
    if (choice.size)
      BrotliEncoderSetParameter(
          state_, BROTLI_PARAM_SIZE_HINT,
          static_cast<std::uint32_t>(std::min<std::uint64_t>(*choice.size, 1U << 30)));
  }
  ~Brotli() override { BrotliEncoderDestroyInstance(state_); }
  Brotli(const Brotli&) = delete;
  Brotli& operator=(const Brotli&) = delete;

 private:
  void begin(std::string_view bytes, End end) override {
    next_ = reinterpret_cast<const std::uint8_t*>(bytes.data());
    left_ = bytes.size();
    operation_ = end == End::none    ? BROTLI_OPERATION_PROCESS
                 : end == End::flush ? BROTLI_OPERATION_FLUSH
                                     : BROTLI_OPERATION_FINISH;
    more_ = true;
  }
  std::string_view more() override {
    while (more_) {
      std::size_t no_room = 0;
      if (BrotliEncoderCompressStream(state_, operation_, &left_, &next_, &no_room, nullptr,
                                      nullptr) == BROTLI_FALSE)
        throw std::bad_alloc();
      std::size_t size = 0;
      const std::uint8_t* const made = BrotliEncoderTakeOutput(state_, &size);
      more_ = left_ > 0 || BrotliEncoderHasMoreOutput(state_) == BROTLI_TRUE ||
              (operation_ == BROTLI_OPERATION_FINISH &&
               BrotliEncoderIsFinished(state_) == BROTLI_FALSE);
      if (size > 0) return {reinterpret_cast<const char*>(made), size};
    }
    return {};
  }

  BrotliEncoderState* state_;
  const std::uint8_t* next_ = nullptr;
  std::size_t left_ = 0;
  BrotliEncoderOperation operation_ = BROTLI_OPERATION_PROCESS;
  bool more_ = false;
};

}  // namespace

std::unique_ptr<Compressor> borrow_compressor(const CompressorChoice& choice) {
  if (choice.coding == Coding::brotli) return std::make_unique<Brotli>(choice);
  const Shape shape = shape_for(choice);
  auto& spare = spare_streams();
  const auto found = std::find_if(spare.begin(), spare.end(),
                                  [&](const auto& one) { return one->shape() == shape; });
  if (found == spare.end()) return std::make_unique<Gzip>(shape);
  std::unique_ptr<Gzip> stream = std::move(*found);
  spare.erase(found);
  stream->reset();
  return stream;
}

void give_back(std::unique_ptr<Compressor> compressor) {
  auto* const gzip = dynamic_cast<Gzip*>(compressor.get());
  auto& spare = spare_streams();
  if (gzip == nullptr || spare.size() == kSpareStreams) return;
  spare.reserve(kSpareStreams);
  compressor.release();
  spare.emplace_back(gzip);
}

}  // namespace filters
