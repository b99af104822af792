// Prices that walk at random.
#include "market.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ticker {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::array<std::string_view, 24> kSymbols{
    "ACRE", "BOLT", "CEDR", "DUNE", "EMBR", "FERN", "GALE", "HALO", "IRIS", "JADE", "KELP", "LYNX",
    "MOSS", "NOVA", "OPAL", "PINE", "QUAY", "REEF", "SAGE", "TIDE", "UMBR", "VALE", "WREN", "YARN"};

// The thread wakes up so often, and makes what has become due; what it missed for longer than
// kLate, since the machine slept, is never made.
constexpr milliseconds kStep{1};
constexpr milliseconds kLate{100};

}  // namespace

Market::Market(const margay::Config& config)
    : config_(config), rate_(config.integer("rate", 10'000, 1, 1'000'000)) {
  const auto count = config.integer<std::size_t>("symbols", kSymbols.size(), 1, kSymbols.size());
  for (std::size_t i = 0; i < count; ++i)
    quotes_.push_back({kSymbols[i], 20.0 + static_cast<double>(random() % 20'000) / 100, 0});
  thread_ = std::thread([this] { serve(); });
}

Market::~Market() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  change_.notify_one();
  thread_.join();
}

bool Market::knows(std::string_view symbol) const {
  return std::any_of(quotes_.begin(), quotes_.end(),
                     [&](const Quote& one) { return one.symbol == symbol; });
}

void Market::enter() {
  const std::scoped_lock lock(mutex_);
  if (++watchers_ == 1) change_.notify_one();
}

void Market::leave() {
  const std::scoped_lock lock(mutex_);
  --watchers_;
}

void Market::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    change_.wait(lock, [&] { return stopping_ || watchers_ > 0; });
    if (stopping_) return;
    lock.unlock();
    open();
    lock.lock();
  }
}

// Until nobody looks any more.
void Market::open() {
  const std::chrono::nanoseconds pace = std::chrono::nanoseconds(std::chrono::seconds(1)) / rate_;
  auto due = Clock::now();
  for (;;) {
    const auto now = Clock::now();
    if (now - due > kLate) due = now;
    for (; due <= now; due += pace) {
      publish(quotes_[next_]);
      next_ = (next_ + 1) % quotes_.size();
    }
    std::unique_lock lock(mutex_);
    if (stopping_ || watchers_ == 0) return;
    change_.wait_until(lock, std::max(due, now + kStep), [&] { return stopping_; });
  }
}

// A newer quote takes the place of one of its symbol that still waits: a slow reader sees fewer
// of them, and none that is old. When even the loops cannot keep up it is left out.
void Market::publish(Quote& quote) {
  const double step = (static_cast<double>(random() % 2001) - 1000) / 1e6;
  quote.price = std::clamp(quote.price * (1 + step), 1.0, 1000.0);
  const auto at =
      std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  char text[128];
  const int size = std::snprintf(
      text, sizeof text, R"({"symbol":"%.*s","price":%.2f,"number":%llu,"at":%lld})",
      static_cast<int>(quote.symbol.size()), quote.symbol.data(), quote.price,
      static_cast<unsigned long long>(++quote.number), static_cast<long long>(at.count()));
  margay::publish(config_, "/quotes/" + std::string(quote.symbol),
                  std::string_view(text, static_cast<std::size_t>(size)), {.key = quote.symbol});
}

// Xorshift: good enough for prices.
std::uint32_t Market::random() {
  seed_ ^= seed_ << 13;
  seed_ ^= seed_ >> 17;
  return seed_ ^= seed_ << 5;
}

}  // namespace ticker
