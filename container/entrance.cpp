// How the requests of one connector come into the engine: by which rules, as what they appear, and
// where their endpoints may block.
#include "container/entrance.h"

#include "container/engine.h"
#include "server/exchange.h"

namespace container {

namespace {

// One writer: no locked instruction is needed.
void count(std::atomic<std::uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

}  // namespace

void Entrance::handle(server::Exchange& exchange) {
  count(per_loop_[exchange.loop().index()].begun);
  engine_.handle(exchange, *this);
}

// A head that cannot be used is refused without having been handled.
void Entrance::refuse(server::Exchange& exchange, int status, std::string_view reason) {
  if (exchange.local == nullptr) count(per_loop_[exchange.loop().index()].begun);
  engine_.refuse(exchange, *this, status, reason);
}

void Entrance::finished(server::Exchange& exchange) {
  const bool seen = exchange.local != nullptr;
  const std::size_t loop = exchange.loop().index();
  engine_.finished(exchange);
  if (seen) count(per_loop_[loop].finished);
}

std::size_t Entrance::in_use() const {
  std::uint64_t over = 0;
  for (const PerLoop& one : per_loop_) over += one.finished.load(std::memory_order_acquire);
  return static_cast<std::size_t>(requests() - over);
}

std::uint64_t Entrance::requests() const {
  std::uint64_t begun = 0;
  for (const PerLoop& one : per_loop_) begun += one.begun.load(std::memory_order_acquire);
  return begun;
}

}  // namespace container
