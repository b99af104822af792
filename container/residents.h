// Who stays in an application longer than an exchange: what its connections were upgraded to.
#pragma once

#include <atomic>
#include <cstddef>

#include "container/place.h"

namespace container {

// Of one application, and in its own cache line: counted by the loops, asked by the control thread,
// which keeps the application and its libraries until nobody stays. A store for each connection
// that comes or goes, none for what passes over it.
class alignas(64) Residents {
 public:
  // Any thread. 0 means that what they did in the application is over.
  std::size_t count() const { return count_.load(std::memory_order_acquire); }

 private:
  friend class Place<Residents>;

  bool take() {
    count_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  void give_back() { count_.fetch_sub(1, std::memory_order_release); }

  std::atomic<std::size_t> count_{0};
};

// The right to stay, and to use everything of the application meanwhile. Taken on any thread while
// an exchange of the application is under way or another Resident is there. Let go of where no code
// of the application is on the stack any more: its library may be unmapped at once. The destructor
// of a server::Protocol is such a place.
using Resident = Place<Residents>;

}  // namespace container
