// Which sockets of one loop a publication is for: their subscriptions, by application and pattern.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace server::websocket {

class Subscriber;

// Owner: one loop; no threads inside. A topic is a path, "/room/42": segments that are not empty,
// without `*` and control bytes. In a pattern, `*` stands for any one segment, and `**` at the end
// for any number of them: "/room/**" takes "/room", "/room/42" and "/room/42/typing".
class Topics {
 public:
  static constexpr std::size_t kMaxSubscriptions = 1024;  // of one subscriber; more are refused
  static constexpr std::size_t kMaxLength = 256;  // bytes of a topic or pattern; longer: malformed

  Topics();
  ~Topics();
  Topics(const Topics&) = delete;
  Topics& operator=(const Topics&) = delete;

  static bool well_formed_topic(std::string_view topic);
  static bool well_formed_pattern(std::string_view pattern);

  // `scope` is the context path of the application: scopes share nothing. False: the pattern is
  // malformed, or the subscriber has too many already. The same once more is true and changes
  // nothing.
  bool subscribe(Subscriber& subscriber, std::string_view scope, std::string_view pattern);
  // False: it was not subscribed to exactly this pattern.
  bool unsubscribe(Subscriber& subscriber, std::string_view scope, std::string_view pattern);
  // From everything, in O(its subscriptions).
  void leave(Subscriber& subscriber);

  // Calls `visit(Subscriber&)` once for each subscriber with a pattern that takes the well-formed
  // topic, in no order. The visit may change subscriptions, its own or any other's, destroy
  // subscribers that have left, and begin another `each`. Who has left is not visited any more, nor
  // is who has subscribed since the beginning; who gave up one of several patterns that take the
  // topic may be passed over.
  template <class Visit>
  void each(std::string_view scope, std::string_view topic, Visit&& visit);

  bool empty() const { return scopes_.empty(); }                // nothing is kept for anybody
  std::size_t subscriptions() const { return subscriptions_; }  // of all subscribers

 private:
  friend class Subscriber;
  struct Scope;   // one application
  struct Branch;  // one segment of its patterns with wildcards

  // The subscribers of one pattern. Exists as long as it has one, or is visited.
  struct Audience {
    // No subscriber: it went while somebody was visited. `place` is where it remembers the
    // audience.
    struct Member {
      Subscriber* subscriber;
      std::uint32_t place;
    };
    std::vector<Member> members;
    Scope* scope = nullptr;
    Branch* branch = nullptr;  // where it is, if the pattern has wildcards
    std::string_view topic;    // else: as its scope knows it
    bool has_gaps = false;
  };

  // A member of the first audience in which its subscriber was met.
  struct Stop {
    const Audience* audience;
    std::size_t member;
  };

  // Where a visit's own part of the two scratch stacks begins: below are the visits it is within.
  struct Visiting {
    explicit Visiting(Topics& of)
        : topics(of), audiences(of.audiences_.size()), stops(of.stops_.size()) {
      ++topics.visits_;
    }
    ~Visiting() { topics.end_visit(*this); }
    Visiting(const Visiting&) = delete;
    Visiting& operator=(const Visiting&) = delete;

    Topics& topics;
    const std::size_t audiences, stops;
  };

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  template <class Value>
  using ByName = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  void find(std::string_view scope, std::string_view topic);  // adds to audiences_
  void find(const Branch& branch, std::string_view rest);
  void find_stops(std::size_t first_audience);  // adds to stops_
  void end_visit(const Visiting& visiting);

  Audience* at(std::string_view scope, std::string_view pattern);
  Audience& make(std::string_view scope, std::string_view pattern);
  void remove(Subscriber& subscriber, std::size_t place);
  void close_gaps(Audience& audience);
  void release(Audience& audience);  // which is empty
  static void prune(Branch& from);
  static std::pair<Branch*, std::unique_ptr<Audience>*> place_for(Branch& root,
                                                                  std::string_view pattern);
  static std::optional<std::size_t> place_of(const Subscriber& subscriber,
                                             const Audience& audience);

  ByName<std::unique_ptr<Scope>> scopes_;
  std::size_t subscriptions_ = 0;
  std::uint64_t look_ups_ = 0;  // that found several audiences
  std::size_t visits_ = 0;      // that are going on
  std::vector<const Audience*> audiences_;
  std::vector<Stop> stops_;
  std::vector<Audience*> gapped_;  // to be put in order when no visit goes on
};

// What the index knows of a socket; embedded in it, at an address that stays. Must have left when
// it ends.
class Subscriber {
 public:
  Subscriber() = default;
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  ~Subscriber() { assert(kept_ == nullptr); }

  std::size_t subscriptions() const { return kept_ == nullptr ? 0 : kept_->places.size(); }

 private:
  friend class Topics;
  struct Place {
    Topics::Audience* audience;
    std::uint32_t member;  // its index there
  };
  struct Kept {
    std::vector<Place> places;
    std::uint64_t met = 0;  // by which look-up last
  };
  std::unique_ptr<Kept> kept_;  // as long as it has a subscription
};

template <class Visit>
void Topics::each(std::string_view scope, std::string_view topic, Visit&& visit) {
  const Visiting visiting(*this);
  find(scope, topic);
  const std::size_t found = audiences_.size() - visiting.audiences;
  if (found == 0) return;
  if (found == 1) {
    const std::vector<Audience::Member>& members = audiences_.back()->members;
    const std::size_t count = members.size();
    for (std::size_t i = 0; i < count; ++i)
      if (Subscriber* subscriber = members[i].subscriber) visit(*subscriber);
    return;
  }
  find_stops(visiting.audiences);
  const std::size_t end = stops_.size();
  for (std::size_t i = visiting.stops; i < end; ++i) {
    const Stop stop = stops_[i];
    if (Subscriber* subscriber = stop.audience->members[stop.member].subscriber) visit(*subscriber);
  }
}

}  // namespace server::websocket
