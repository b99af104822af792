// The sessions of one context. They are the server's: a reload of the application leaves them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "container/http_session.h"
#include "container/session_rules.h"

namespace container {

// Any thread. Ids are spread over shards with a mutex each, which is held for a look-up, an entry,
// or a slice of a sweep; loops meet in it by chance only.
class SessionTable {
 public:
  using Shared = std::shared_ptr<HttpSession>;

  struct Figures {
    std::size_t live = 0;
    std::uint64_t created = 0;
    std::uint64_t expired = 0;   // their time was over
    std::uint64_t rejected = 0;  // maxActiveSessions
  };

  // Closes the sockets that are bound to what ended, by HttpSession::bound. Any thread.
  using SocketCloser = std::function<void(const std::vector<std::string>& bound)>;

  explicit SessionTable(SocketCloser closer = {}) : closer_(std::move(closer)) {}
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;

  // Entered, for the caller to leave; null: nobody has this id, or its time is over.
  Shared find(std::string_view id, SessionMoment now);
  // Entered. Null: there are maxActiveSessions.
  Shared create(const SessionRules& rules, SessionMoment now);
  // One that a store kept. The limits hold for it as for those that are made.
  enum class Restored : std::uint8_t { yes, over, taken, large, full };
  Restored restore(SessionRecord record, const SessionRules& rules, SessionMoment now);
  // Takes out one that has ended by HttpSession::end.
  void forget(const HttpSession& session);
  // False: it has ended meanwhile.
  bool change_id(const Shared& session, std::size_t id_bytes, std::string& old_id);

  // Ends what is over in the next slice of the table, a fraction of a millisecond's work, and gives
  // it to the caller. About kShards calls go through a table of 100,000. One thread.
  std::vector<Shared> sweep(SessionMoment now);
  // All that live. An id that changes meanwhile is not missed.
  std::vector<Shared> all() const;
  // Of sessions that have ended.
  void close_sockets(std::span<const Shared> sessions) const;
  Figures figures() const;

 private:
  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kSlice = 2048;  // buckets of one call of sweep()

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view id) const { return std::hash<std::string_view>()(id); }
  };
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, Shared, Hash, std::equal_to<>> sessions;
  };

  Shard& shard_of(std::string_view id) { return shards_[Hash()(id) % kShards]; }
  bool reserve(std::size_t max_active);  // a place among those that live
  bool put(const std::string& id, const Shared& session);
  bool take_out(const std::string& id);

  const SocketCloser closer_;
  std::array<Shard, kShards> shards_;
  std::atomic<std::size_t> live_{0};
  std::atomic<std::uint64_t> created_{0}, expired_{0}, rejected_{0};
  // Of the thread that sweeps.
  std::size_t shard_ = 0, bucket_ = 0;
  // Held while an id changes; all() looks at what changed while it went through the shards.
  mutable std::mutex moves_mutex_;
  mutable bool copying_ = false;
  mutable std::vector<Shared> moved_;
};

}  // namespace container
