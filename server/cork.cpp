// Output of this turn's connections on its way to one write each.
#include "server/cork.h"

#include <cassert>

#include "server/connection.h"

namespace server {

char* Cork::reserve(Connection& owner, int& piece, std::size_t size) {
  assert(size <= kRoom);
  const bool is_last = piece != kNone && static_cast<std::size_t>(piece) + 1 == count_;
  if (used_ + size > kRoom || (!is_last && (piece != kNone || count_ == kPieces))) flush();
  if (piece == kNone) {
    pieces_[count_] = {&owner, used_, 0};
    piece = static_cast<int>(count_++);
  }
  return bytes_.get() + used_;
}

std::string_view Cork::take(int& piece) {
  if (piece == kNone) return {};
  Piece& mine = pieces_[static_cast<std::size_t>(piece)];
  mine.owner = nullptr;
  if (static_cast<std::size_t>(piece) + 1 == count_) {
    --count_;
    used_ = mine.begin;
  }
  piece = kNone;
  return {bytes_.get() + mine.begin, mine.size};
}

void Cork::flush() {
  for (std::size_t i = 0; i < count_; ++i)
    if (pieces_[i].owner != nullptr) pieces_[i].owner->flush();
  count_ = 0;
  used_ = 0;
}

}  // namespace server
