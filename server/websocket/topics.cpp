#include "server/websocket/topics.h"

#include <algorithm>
#include <utility>

namespace server::websocket {

namespace {

constexpr std::size_t kScratchKept = 4096;  // entries of a scratch list that outlive the visits

// The segment in front, taken off `rest`, which begins with its slash.
std::string_view next_segment(std::string_view& rest) {
  rest.remove_prefix(1);
  const std::string_view segment = rest.substr(0, rest.find('/'));
  rest.remove_prefix(segment.size());
  return segment;
}

bool has_wildcard(std::string_view pattern) { return pattern.find('*') != pattern.npos; }

bool is_plain(char c) { return c != '*' && c != 0x7f && static_cast<unsigned char>(c) >= ' '; }

// `wildcards`: whether `*` and a last `**` are segments, or no `*` may occur.
bool well_formed(std::string_view text, bool wildcards) {
  if (text.empty() || text.front() != '/' || text.size() > Topics::kMaxLength) return false;
  while (!text.empty()) {
    const std::string_view segment = next_segment(text);
    if (segment.empty()) return false;
    if (wildcards && (segment == "*" || (segment == "**" && text.empty()))) continue;
    if (!std::all_of(segment.begin(), segment.end(), is_plain)) return false;
  }
  return true;
}

// Keeps a vector that has shrunk from holding more than four times what it needs.
template <class Item>
void trim(std::vector<Item>& items) {
  if (items.capacity() > 16 && items.size() < items.capacity() / 4) items.shrink_to_fit();
}

// Empties a scratch list, and frees it if one great visit made it long.
template <class Item>
void forget(std::vector<Item>& items) {
  items.clear();
  if (items.capacity() > kScratchKept) items.shrink_to_fit();
}

template <class Map>
void trim_buckets(Map& map) {
  if (map.bucket_count() > 64 && map.size() < map.bucket_count() / 8) map.rehash(0);
}

}  // namespace

struct Topics::Branch {
  Branch* parent = nullptr;
  std::string_view segment;  // as its parent knows it
  ByName<std::unique_ptr<Branch>> branches;
  std::unique_ptr<Branch> any;     // `*`
  std::unique_ptr<Audience> here;  // of the pattern that ends here
  std::unique_ptr<Audience> rest;  // of the one that goes on with `**`

  bool empty() const { return branches.empty() && !any && !here && !rest; }
};

struct Topics::Scope {
  std::string_view name;
  ByName<Audience> exact;
  Branch patterns;

  bool empty() const { return exact.empty() && patterns.empty(); }
};

Topics::Topics() = default;
Topics::~Topics() = default;

bool Topics::well_formed_topic(std::string_view topic) { return well_formed(topic, false); }
bool Topics::well_formed_pattern(std::string_view pattern) { return well_formed(pattern, true); }

bool Topics::subscribe(Subscriber& subscriber, std::string_view scope, std::string_view pattern) {
  if (!well_formed_pattern(pattern)) return false;
  Audience* audience = at(scope, pattern);
  if (audience != nullptr && place_of(subscriber, *audience)) return true;
  if (subscriber.subscriptions() == kMaxSubscriptions) return false;
  if (audience == nullptr) audience = &make(scope, pattern);
  if (subscriber.kept_ == nullptr) subscriber.kept_ = std::make_unique<Subscriber::Kept>();
  const auto place = static_cast<std::uint32_t>(subscriber.kept_->places.size());
  const auto member = static_cast<std::uint32_t>(audience->members.size());
  audience->members.push_back({&subscriber, place});
  subscriber.kept_->places.push_back({audience, member});
  ++subscriptions_;
  return true;
}

bool Topics::unsubscribe(Subscriber& subscriber, std::string_view scope, std::string_view pattern) {
  if (!well_formed_pattern(pattern)) return false;
  const Audience* audience = at(scope, pattern);
  if (audience == nullptr) return false;
  const auto place = place_of(subscriber, *audience);
  if (!place) return false;
  remove(subscriber, *place);
  return true;
}

void Topics::leave(Subscriber& subscriber) {
  while (subscriber.subscriptions() > 0) remove(subscriber, subscriber.subscriptions() - 1);
}

void Topics::find(std::string_view scope, std::string_view topic) {
  assert(well_formed_topic(topic));
  const auto found = scopes_.find(scope);
  if (found == scopes_.end()) return;
  Scope& in = *found->second;
  if (const auto exact = in.exact.find(topic); exact != in.exact.end())
    audiences_.push_back(&exact->second);
  if (!in.patterns.empty()) find(in.patterns, topic);
}

void Topics::find(const Branch& branch, std::string_view rest) {
  if (branch.rest) audiences_.push_back(branch.rest.get());
  if (rest.empty()) {
    if (branch.here) audiences_.push_back(branch.here.get());
    return;
  }
  const std::string_view segment = next_segment(rest);
  if (const auto next = branch.branches.find(segment); next != branch.branches.end())
    find(*next->second, rest);
  if (branch.any) find(*branch.any, rest);
}

// All stops are found before the first visit, so that visits within visits cannot confuse who was
// met already.
void Topics::find_stops(std::size_t first_audience) {
  ++look_ups_;
  for (std::size_t i = first_audience; i < audiences_.size(); ++i) {
    const Audience& audience = *audiences_[i];
    for (std::size_t member = 0; member < audience.members.size(); ++member) {
      Subscriber* subscriber = audience.members[member].subscriber;
      if (subscriber == nullptr || std::exchange(subscriber->kept_->met, look_ups_) == look_ups_)
        continue;
      stops_.push_back({&audience, member});
    }
  }
}

void Topics::end_visit(const Visiting& visiting) {
  audiences_.resize(visiting.audiences);
  stops_.resize(visiting.stops);
  if (--visits_ > 0) return;
  for (Audience* audience : gapped_) close_gaps(*audience);
  forget(audiences_);
  forget(stops_);
  forget(gapped_);
}

Topics::Audience* Topics::at(std::string_view scope, std::string_view pattern) {
  const auto found = scopes_.find(scope);
  if (found == scopes_.end()) return nullptr;
  Scope& in = *found->second;
  if (!has_wildcard(pattern)) {
    const auto exact = in.exact.find(pattern);
    return exact == in.exact.end() ? nullptr : &exact->second;
  }
  Branch* branch = &in.patterns;
  while (!pattern.empty()) {
    const std::string_view segment = next_segment(pattern);
    if (segment == "**") return branch->rest.get();
    if (segment == "*") {
      branch = branch->any.get();
    } else {
      const auto next = branch->branches.find(segment);
      branch = next == branch->branches.end() ? nullptr : next->second.get();
    }
    if (branch == nullptr) return nullptr;
  }
  return branch->here.get();
}

Topics::Audience& Topics::make(std::string_view scope, std::string_view pattern) {
  auto found = scopes_.find(scope);
  if (found == scopes_.end()) {
    found = scopes_.emplace(scope, std::make_unique<Scope>()).first;
    found->second->name = found->first;
  }
  Scope& in = *found->second;
  if (!has_wildcard(pattern)) {
    const auto exact = in.exact.try_emplace(std::string(pattern)).first;
    exact->second.scope = &in;
    exact->second.topic = exact->first;
    return exact->second;
  }
  auto [branch, place] = place_for(in.patterns, pattern);
  *place = std::make_unique<Audience>();
  (*place)->scope = &in;
  (*place)->branch = branch;
  return **place;
}

// Where the audience of a pattern with wildcards belongs; makes the branches on the way.
std::pair<Topics::Branch*, std::unique_ptr<Topics::Audience>*> Topics::place_for(
    Branch& root, std::string_view pattern) {
  Branch* branch = &root;
  while (!pattern.empty()) {
    const std::string_view segment = next_segment(pattern);
    if (segment == "**") return {branch, &branch->rest};
    std::unique_ptr<Branch>* next = &branch->any;
    std::string_view name;
    if (segment != "*") {
      const auto named = branch->branches.try_emplace(std::string(segment)).first;
      next = &named->second;
      name = named->first;
    }
    if (*next == nullptr) {
      *next = std::make_unique<Branch>();
      (*next)->parent = branch;
      (*next)->segment = name;
    }
    branch = next->get();
  }
  return {branch, &branch->here};
}

void Topics::remove(Subscriber& subscriber, std::size_t place) {
  const auto [audience, member] = subscriber.kept_->places[place];
  const Subscriber::Place last = subscriber.kept_->places.back();
  subscriber.kept_->places[place] = last;
  last.audience->members[last.member].place = static_cast<std::uint32_t>(place);
  subscriber.kept_->places.pop_back();
  if (subscriber.kept_->places.empty()) {
    subscriber.kept_.reset();
  } else {
    trim(subscriber.kept_->places);
  }
  --subscriptions_;

  std::vector<Audience::Member>& members = audience->members;
  if (visits_ > 0) {
    members[member].subscriber = nullptr;
    if (!std::exchange(audience->has_gaps, true)) gapped_.push_back(audience);
    return;
  }
  const Audience::Member moved = members.back();
  members.pop_back();
  if (member < members.size()) {
    members[member] = moved;
    moved.subscriber->kept_->places[moved.place].member = member;
  }
  if (members.empty()) {
    release(*audience);
  } else {
    trim(members);
  }
}

void Topics::close_gaps(Audience& audience) {
  std::uint32_t kept = 0;
  for (const Audience::Member& member : audience.members) {
    if (member.subscriber == nullptr) continue;
    member.subscriber->kept_->places[member.place].member = kept;
    audience.members[kept++] = member;
  }
  audience.members.resize(kept);
  audience.has_gaps = false;
  if (kept == 0) {
    release(audience);
  } else {
    trim(audience.members);
  }
}

void Topics::release(Audience& audience) {
  Scope& scope = *audience.scope;
  if (Branch* branch = audience.branch) {
    (branch->here.get() == &audience ? branch->here : branch->rest).reset();
    prune(*branch);
  } else {
    scope.exact.erase(scope.exact.find(audience.topic));
    trim_buckets(scope.exact);
  }
  if (!scope.empty()) return;
  scopes_.erase(scopes_.find(scope.name));
  trim_buckets(scopes_);
}

// Removes the branch if it leads to nobody, and those above it that led only to it.
void Topics::prune(Branch& from) {
  Branch* branch = &from;
  while (branch->parent != nullptr && branch->empty()) {
    Branch* parent = branch->parent;
    if (parent->any.get() == branch) {
      parent->any.reset();
    } else {
      parent->branches.erase(parent->branches.find(branch->segment));
      trim_buckets(parent->branches);
    }
    branch = parent;
  }
}

// Looks through the shorter of the two lists.
std::optional<std::size_t> Topics::place_of(const Subscriber& subscriber,
                                            const Audience& audience) {
  if (audience.members.size() < subscriber.subscriptions()) {
    for (const Audience::Member& member : audience.members)
      if (member.subscriber == &subscriber) return member.place;
    return std::nullopt;
  }
  for (std::size_t place = 0; place < subscriber.subscriptions(); ++place)
    if (subscriber.kept_->places[place].audience == &audience) return place;
  return std::nullopt;
}

}  // namespace server::websocket
