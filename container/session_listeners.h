// Who of an application hears of its sessions.
#pragma once

#include <vector>

#include <margay/abi_session.h>

namespace container {

// Filled while the application's instances are made, on the control thread, and constant from then
// on: each generation hears of what happens in its own exchanges, the current one of what expires.
class SessionListeners {
 public:
  using Event = void (*)(void*, const margay_session_change*);

  SessionListeners() = default;
  ~SessionListeners() {
    for (const One& one : all_)
      if (one.gone != nullptr) one.gone(one.argument);
  }
  SessionListeners(const SessionListeners&) = delete;
  SessionListeners& operator=(const SessionListeners&) = delete;

  void add(Event event, void* argument, void (*gone)(void*)) {
    all_.push_back({event, argument, gone});
  }
  bool empty() const { return all_.empty(); }
  void tell(margay_session_change change) const {
    change.size = sizeof change;
    for (const One& one : all_) one.event(one.argument, &change);
  }

 private:
  struct One {
    Event event;
    void* argument;
    void (*gone)(void*);
  };
  std::vector<One> all_;
};

}  // namespace container
