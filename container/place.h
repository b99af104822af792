// The right to be one of those that are counted.
#pragma once

#include <utility>

namespace container {

// Given back by its end, on any thread. `Count` is a friend with `take`, false when no more may
// come in, and `give_back`; it outlives the place.
template <class Count>
class Place {
 public:
  Place() = default;
  // Empty when all are taken.
  static Place take(Count& count) { return adopt(count.take() ? &count : nullptr); }
  // What `keep` has left to its caller; null: nothing.
  static Place adopt(Count* count) {
    Place place;
    place.count_ = count;
    return place;
  }
  void keep() { count_ = nullptr; }  // the caller adopts it later
  Place(Place&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Place& operator=(Place&& other) noexcept {
    const Place before(std::move(*this));
    count_ = std::exchange(other.count_, nullptr);
    return *this;
  }
  ~Place() {
    if (count_ != nullptr) count_->give_back();
  }

  explicit operator bool() const { return count_ != nullptr; }

 private:
  Count* count_ = nullptr;
};

}  // namespace container
