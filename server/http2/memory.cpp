// Memory for HTTP/2 on one loop: small blocks of nghttp2 are kept by size, and buffers of tunnels.
#include "server/http2/memory.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace server::http2 {

struct Memory::Functions : nghttp2_mem {};

Memory::Memory() : functions_(std::make_unique<Functions>()) {
  static_cast<nghttp2_mem&>(*functions_) = {
      this,
      [](std::size_t size, void* user) { return static_cast<Memory*>(user)->allocate(size); },
      [](void* block, void* user) { static_cast<Memory*>(user)->release(block); },
      [](std::size_t count, std::size_t size, void* user) {
        void* const block = static_cast<Memory*>(user)->allocate(count * size);
        if (block != nullptr) std::memset(block, 0, count * size);
        return block;
      },
      [](void* block, std::size_t size, void* user) {
        return static_cast<Memory*>(user)->reallocate(block, size);
      },
  };
}

Memory::~Memory() {
  for (Spare& spare : spare_)
    while (spare.first != nullptr) std::free(std::exchange(spare.first, spare.first->next));
}

void* Memory::allocate(std::size_t size) {
  const std::size_t size_class = size == 0 ? 0 : (size - 1) / kStep;
  Head* head = nullptr;
  if (size_class < kClasses) {
    Spare& spare = spare_[size_class];
    if (spare.first != nullptr) {
      --spare.count;
      head = std::exchange(spare.first, spare.first->next);
      return head + 1;
    }
    size = (size_class + 1) * kStep;
  }
  head = static_cast<Head*>(std::malloc(sizeof(Head) + size));
  if (head == nullptr) return nullptr;
  head->size_class = size_class;
  return head + 1;
}

void Memory::release(void* block) {
  if (block == nullptr) return;
  Head* const head = static_cast<Head*>(block) - 1;
  if (head->size_class < kClasses) {
    Spare& spare = spare_[head->size_class];
    if (spare.count < kKept) {
      ++spare.count;
      head->next = std::exchange(spare.first, head);
      return;
    }
  }
  std::free(head);
}

void* Memory::reallocate(void* block, std::size_t size) {
  if (block == nullptr) return allocate(size);
  const Head* const head = static_cast<Head*>(block) - 1;
  const std::size_t there = (head->size_class + 1) * kStep;
  if (size <= there && size + kStep > there) return block;
  void* const moved = allocate(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(there, size));
  release(block);
  return moved;
}

std::string Memory::take_buffer() {
  if (buffers_.empty()) return {};
  std::string buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void Memory::give_back(std::string buffer) {
  if (buffers_.size() == kBuffers || buffer.capacity() > kBufferRoom) return;
  buffer.clear();
  buffers_.push_back(std::move(buffer));
}

}  // namespace server::http2
