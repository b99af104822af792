// Where sessions are kept over a restart.
#pragma once

#include <functional>
#include <vector>

#include "container/http_session.h"

namespace container {

// One thread at a time: load() on the control thread, save() there or on one of its own, never
// both at once. A save replaces all that was kept; one that fails leaves what was there.
class SessionStore {
 public:
  virtual ~SessionStore() = default;
  // Whatever cannot be read is left out, and said in the log.
  virtual void load(const std::function<void(SessionRecord)>& each) = 0;
  // Throws std::runtime_error with a sentence. When it returns, the sessions survive a crash.
  virtual void save(const std::vector<SessionRecord>& all) = 0;
};

}  // namespace container
