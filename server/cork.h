// Output of this turn's connections on its way to one write each.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

namespace server {

class Connection;

// One per loop. Holds what connections wrote until the end of the loop's turn and then sends it
// piece by piece: reads in a row and sends in a row leave the kernel's code in the caches, which is
// most of what a small request costs.
class Cork {
 public:
  static constexpr std::size_t kRoom = 64 * 1024;
  static constexpr std::size_t kPieces = 32;  // then they are sent, so that peers can go on
  static constexpr int kNone = -1;

  // At least `size` (at most kRoom) bytes behind what `owner` has here; others' output is sent when
  // it is in the way. `piece` is the owner's number and kNone at first.
  char* reserve(Connection& owner, int& piece, std::size_t size);
  void wrote(std::size_t size) {
    used_ += size;
    pieces_[count_ - 1].size += size;
  }
  // Takes a piece out, to be sent at once; good until the next reserve.
  std::string_view take(int& piece);
  // Sends everything. Owners may close or write meanwhile.
  void flush();
  bool empty() const { return count_ == 0; }

 private:
  struct Piece {
    Connection* owner;  // null: taken
    std::size_t begin;
    std::size_t size;
  };

  std::unique_ptr<char[]> bytes_ = std::make_unique_for_overwrite<char[]>(kRoom);
  std::array<Piece, kPieces> pieces_;
  std::size_t count_ = 0;
  std::size_t used_ = 0;
};

}  // namespace server
