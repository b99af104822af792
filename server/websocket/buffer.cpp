// Bytes of one message that did not arrive in one piece, or had to be inflated.
#include "server/websocket/buffer.h"

#include <algorithm>
#include <new>
#include <utility>

namespace server::websocket {

void Buffer::grow(std::size_t more, std::size_t most) {
  const std::size_t wanted = std::max(size_ + more, std::min(capacity_ * 2, most));
  // Nothing to keep: realloc would copy it.
  if (size_ == 0) bytes_.reset();
  char* bytes = static_cast<char*>(std::realloc(bytes_.get(), wanted));
  if (bytes == nullptr) throw std::bad_alloc();
  static_cast<void>(bytes_.release());
  bytes_.reset(bytes);
  capacity_ = wanted;
}

Buffer BufferStock::take(std::size_t size) {
  Buffer taken;
  if (count_ != 0) {
    taken = std::move(spare_[--count_]);
    untouched_ = std::min(untouched_, count_);
  }
  taken.reserve(size, size);
  return taken;
}

void BufferStock::give_back(Buffer buffer) {
  if (buffer.capacity() == 0 || buffer.capacity() > kSpareBytes || count_ == spare_.size()) return;
  buffer.clear();
  spare_[count_++] = std::move(buffer);
}

void BufferStock::trim() {
  // Taken and given back is from the end: what lies in front was not needed.
  std::rotate(spare_.begin(), spare_.begin() + static_cast<std::ptrdiff_t>(untouched_),
              spare_.end());
  for (std::size_t at = count_ - untouched_; at < count_; ++at) spare_[at] = Buffer();
  count_ -= untouched_;
  untouched_ = count_;
}

std::size_t BufferStock::memory() const {
  std::size_t bytes = 0;
  for (std::size_t at = 0; at < count_; ++at) bytes += spare_[at].capacity();
  return bytes;
}

}  // namespace server::websocket
