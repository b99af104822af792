// What the server keeps of one client for an application, from request to request.
#include "container/http_session.h"

#include <algorithm>

#include "container/session_id.h"

namespace container {

namespace {

constexpr std::chrono::seconds kLongest = std::chrono::hours(24 * 365 * 100);

// Whatever a file says, so that the clock can reckon with it.
std::chrono::milliseconds idle_time(const SessionRecord& record) {
  const std::int64_t now = milliseconds_since_1970();
  return std::chrono::milliseconds(now - std::clamp<std::int64_t>(record.last_accessed, 0, now));
}

template <class Attributes>
auto find_in(Attributes& attributes, std::string_view name) {
  return std::find_if(attributes.begin(), attributes.end(),
                      [&](const auto& one) { return one.first == name; });
}

template <class Attributes>
SessionValue value_in(const Attributes& attributes, std::string_view name) {
  const auto found = find_in(attributes, name);
  return found == attributes.end() ? nullptr : found->second;
}

}  // namespace

std::int64_t milliseconds_since_1970() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

HttpSession::HttpSession(std::string id, const SessionLimits& limits,
                         std::chrono::seconds max_inactive, SessionMoment now)
    : id_(std::move(id)),
      limits_(limits),
      created_(milliseconds_since_1970()),
      last_accessed_(created_),
      idle_since_(now),
      max_inactive_(max_inactive) {}

// The time that passed while nobody kept it in memory counts as idle.
HttpSession::HttpSession(SessionRecord record, const SessionLimits& limits, SessionMoment now)
    : id_(std::move(record.id)),
      attributes_(std::move(record.attributes)),
      owner_(std::move(record.owner)),
      limits_(limits),
      created_(record.created),
      last_accessed_(record.last_accessed),
      idle_since_(now - idle_time(record)),
      max_inactive_(std::clamp<std::int64_t>(record.max_inactive, 0, kLongest.count())),
      new_(false) {
  for (const auto& [name, value] : attributes_) bytes_ += name.size() + value->size();
}

bool HttpSession::is_over(SessionMoment now) const {
  return uses_ == 0 && max_inactive_.count() > 0 && now - idle_since_ >= max_inactive_;
}

bool HttpSession::enter(SessionMoment now) {
  const std::scoped_lock lock(mutex_);
  if (ended_ || is_over(now)) return false;
  ++uses_;
  new_ = false;
  return true;
}

void HttpSession::use() {
  const std::scoped_lock lock(mutex_);
  ++uses_;
}

void HttpSession::leave(SessionMoment now) {
  const std::scoped_lock lock(mutex_);
  if (uses_ > 0) --uses_;
  idle_since_ = std::max(idle_since_, now);
  last_accessed_ = milliseconds_since_1970();
}

bool HttpSession::expire(SessionMoment now) {
  const std::scoped_lock lock(mutex_);
  if (ended_ || !is_over(now)) return false;
  return ended_ = true;
}

bool HttpSession::end() {
  const std::scoped_lock lock(mutex_);
  return !std::exchange(ended_, true);
}

std::string HttpSession::id() const {
  const std::scoped_lock lock(mutex_);
  return id_;
}

void HttpSession::use_id(std::string id) {
  const std::scoped_lock lock(mutex_);
  id_ = std::move(id);
}

bool HttpSession::is_valid() const {
  const std::scoped_lock lock(mutex_);
  return !ended_;
}

bool HttpSession::is_new() const {
  const std::scoped_lock lock(mutex_);
  return new_;
}

bool HttpSession::is_within_limits() const {
  const std::scoped_lock lock(mutex_);
  return attributes_.size() <= limits_.attributes && bytes_ <= limits_.bytes;
}

std::int64_t HttpSession::last_accessed() const {
  const std::scoped_lock lock(mutex_);
  return last_accessed_;
}

std::chrono::seconds HttpSession::max_inactive() const {
  const std::scoped_lock lock(mutex_);
  return max_inactive_;
}

void HttpSession::max_inactive(std::chrono::seconds seconds) {
  const std::scoped_lock lock(mutex_);
  usual_max_inactive_.reset();
  max_inactive_ = seconds;
}

// --- attributes
// -------------------------------------------------------------------------------

SessionValue HttpSession::attribute(std::string_view name) const {
  const std::scoped_lock lock(mutex_);
  return value_in(attributes_, name);
}

SessionAttributes HttpSession::attributes() const {
  const std::scoped_lock lock(mutex_);
  return attributes_;
}

AttributeOutcome HttpSession::set_attribute(std::string_view name, std::string_view value) {
  auto made = std::make_shared<const std::string>(value);  // outside of the lock
  const std::scoped_lock lock(mutex_);
  if (ended_) return {AttributeChange::ended, nullptr, nullptr};
  const auto there = find_in(attributes_, name);
  if (there == attributes_.end()) {
    if (attributes_.size() >= limits_.attributes ||
        bytes_ + name.size() + value.size() > limits_.bytes)
      return {AttributeChange::full, nullptr, nullptr};
    bytes_ += name.size() + value.size();
    attributes_.emplace_back(std::string(name), made);
    return {AttributeChange::added, nullptr, std::move(made)};
  }
  const std::size_t rest = bytes_ - there->second->size();
  if (rest + value.size() > limits_.bytes) return {AttributeChange::full, nullptr, nullptr};
  bytes_ = rest + value.size();
  SessionValue before = std::exchange(there->second, made);
  return {AttributeChange::replaced, std::move(before), std::move(made)};
}

AttributeOutcome HttpSession::remove_attribute(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  if (ended_) return {AttributeChange::ended, nullptr, nullptr};
  const auto there = find_in(attributes_, name);
  if (there == attributes_.end()) return {AttributeChange::nothing, nullptr, nullptr};
  SessionValue before = std::move(there->second);
  bytes_ -= name.size() + before->size();
  attributes_.erase(there);
  return {AttributeChange::removed, std::move(before), nullptr};
}

// --- logins
// -----------------------------------------------------------------------------------

std::string HttpSession::owner() const {
  const std::scoped_lock lock(mutex_);
  return owner_;
}

security::LoginPointer HttpSession::login() const {
  const std::scoped_lock lock(mutex_);
  return login_;
}

void HttpSession::log_in(security::LoginPointer login) {
  const std::scoped_lock lock(mutex_);
  owner_ = login->user->name;
  login_.swap(login);
  if (usual_max_inactive_) max_inactive_ = *std::exchange(usual_max_inactive_, std::nullopt);
}

void HttpSession::renew_login(const security::LoginPointer& before, security::LoginPointer now) {
  const std::scoped_lock lock(mutex_);
  if (login_ == before) login_ = std::move(now);
}

bool HttpSession::log_out() {
  const std::scoped_lock lock(mutex_);
  awaited_.reset();
  const bool was_there = std::exchange(login_, nullptr) != nullptr;
  logouts_ += was_there ? 1 : 0;
  return was_there;
}

std::uint64_t HttpSession::logouts() const {
  const std::scoped_lock lock(mutex_);
  return logouts_;
}

void HttpSession::await_login(security::SavedRequest request,
                              std::optional<std::chrono::seconds> patience) {
  const std::scoped_lock lock(mutex_);
  awaited_ = std::move(request);
  const bool shorter = patience && (max_inactive_.count() <= 0 || *patience < max_inactive_);
  if (!shorter || usual_max_inactive_) return;
  usual_max_inactive_ = std::exchange(max_inactive_, *patience);
}

bool HttpSession::awaits_login() const {
  const std::scoped_lock lock(mutex_);
  return awaited_.has_value();
}

std::string HttpSession::awaited_target() const {
  const std::scoped_lock lock(mutex_);
  return awaited_ ? awaited_->target() : std::string();
}

std::optional<security::SavedRequest> HttpSession::take_awaited(std::string_view target,
                                                                std::string_view path,
                                                                std::string_view query) {
  const std::scoped_lock lock(mutex_);
  if (login_ == nullptr || !awaited_) return std::nullopt;
  const bool is_it =
      awaited_->target() == target || (awaited_->path == path && awaited_->query == query);
  return is_it ? std::exchange(awaited_, std::nullopt) : std::nullopt;
}

std::optional<security::SavedRequest> HttpSession::give_awaited() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(awaited_, std::nullopt);
}

// --- sockets
// -----------------------------------------------------------------------------------

std::string HttpSession::bind_socket() {
  const std::scoped_lock lock(mutex_);
  if (ended_) return {};
  if (bound_.empty()) bound_ = random_hex(16);
  return bound_;
}

std::string HttpSession::bound() const {
  const std::scoped_lock lock(mutex_);
  return bound_;
}

SessionRecord HttpSession::record() const {
  const std::scoped_lock lock(mutex_);
  // One that a request uses is not idle.
  return {id_,
          created_,
          uses_ == 0 ? last_accessed_ : milliseconds_since_1970(),
          usual_max_inactive_.value_or(max_inactive_).count(),
          owner_,
          attributes_};
}

// --- turns
// ------------------------------------------------------------------------------------

bool HttpSession::try_turn() {
  const std::scoped_lock lock(mutex_);
  return !std::exchange(turn_taken_, true);
}

Turn HttpSession::take_turn(TurnWaiter& waiter, std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  if (!std::exchange(turn_taken_, true)) return Turn::mine;
  if (waiting_ >= limit) return Turn::full;
  ++waiting_;
  (first_ == nullptr ? first_ : last_->next) = &waiter;
  last_ = &waiter;
  return Turn::waits;
}

TurnWaiter* HttpSession::pass_turn() {
  const std::scoped_lock lock(mutex_);
  TurnWaiter* const next = first_;
  if (next == nullptr) {
    turn_taken_ = false;
    return nullptr;
  }
  first_ = next->next;
  next->next = nullptr;
  --waiting_;
  return next;
}

bool HttpSession::leave_queue(TurnWaiter& waiter) {
  const std::scoped_lock lock(mutex_);
  TurnWaiter* before = nullptr;
  for (TurnWaiter* one = first_; one != nullptr; before = one, one = one->next) {
    if (one != &waiter) continue;
    (before == nullptr ? first_ : before->next) = one->next;
    if (last_ == one) last_ = before;
    --waiting_;
    return true;
  }
  return false;
}

}  // namespace container
