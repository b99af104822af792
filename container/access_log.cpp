// The hand-over between loops and the writer thread, and the writer's loop.
#include "container/access_log.h"

#include <signal.h>

#include <algorithm>
#include <utility>

namespace container {
namespace {

constexpr std::size_t block_size = 16u << 10;
constexpr std::size_t block_room =
    block_size + (4u << 10);  // a usual line fits after the last one short of full
constexpr std::size_t largest_spare = 64u << 10;
constexpr std::size_t most_spares = 64;  // more are freed

}  // namespace

AccessLog::Appender::Appender(AccessLog& log) : log_(log) { text_.reserve(block_room); }

void AccessLog::Appender::append(const AccessRecord& record) {
  if (!log_.wants(record)) return;
  log_.pattern_.append(record, times_, text_);
  ++lines_;
  if (text_.size() >= block_size || !log_.options_.buffered) hand_over();
}

void AccessLog::Appender::tick(std::chrono::steady_clock::time_point now) {
  if (now - handed_over_ < std::chrono::seconds(1)) return;
  handed_over_ = now;
  hand_over();
}

void AccessLog::Appender::hand_over() {
  if (lines_ == 0) return;
  log_.enqueue(text_, std::exchange(lines_, 0));
}

AccessLog::AccessLog(AccessLogOptions options, AccessLogHooks hooks)
    : options_(std::move(options)),
      hooks_(std::move(hooks)),
      pattern_(options_.pattern),
      file_(options_.place, options_.write_stall),
      writer_([this] { run(); }) {}

AccessLog::~AccessLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  writer_.join();
}

void AccessLog::reopen() {
  {
    const std::lock_guard lock(mutex_);
    reopen_ = true;
  }
  wake_.notify_one();
}

bool AccessLog::wants(const AccessRecord& record) const {
  const auto has = [&](const std::string& name) {
    return record.fields && record.fields->find(AccessFields::Source::request_attribute, name, 0);
  };
  if (!options_.condition_if.empty() && !has(options_.condition_if)) return false;
  return options_.condition_unless.empty() || !has(options_.condition_unless);
}

void AccessLog::enqueue(std::string& text, std::uint64_t lines) {
  {
    const std::lock_guard lock(mutex_);
    if (queued_bytes_ + text.size() > options_.queue_limit) {
      overflowed_ += lines;
      dropped_.fetch_add(lines, std::memory_order_relaxed);
    } else {
      queued_bytes_ += text.size();
      queue_.push_back({std::move(text), lines});
      text = {};
      if (!spare_.empty()) {
        text = std::move(spare_.back());
        spare_.pop_back();
      }
    }
  }
  wake_.notify_one();
  text.clear();
  text.reserve(block_room);
}

void AccessLog::run() {
  sigset_t all;  // signals belong to the main loop; a closed pipe is an error of write
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);

  std::vector<Block> batch;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || reopen_ || !queue_.empty() || overflowed_ > 0; });
    if (stopping_ && queue_.empty() && overflowed_ == 0) return;
    batch.swap(queue_);
    const std::uint64_t overflowed = std::exchange(overflowed_, 0);
    const bool reopen = std::exchange(reopen_, false);
    lock.unlock();

    if (reopen) file_.close();
    write(batch);
    unwritten_ += overflowed;
    if (overflowed > 0 && !failing_) write_drop_note();

    lock.lock();
    for (Block& block : batch) {
      queued_bytes_ -= block.text.size();
      if (spare_.size() == most_spares || block.text.capacity() > largest_spare) continue;
      block.text.clear();
      spare_.push_back(std::move(block.text));
    }
    batch.clear();
  }
}

// After one failure the rest of the batch is dropped unseen: a pipe that nobody reads must not
// stall once per block.
void AccessLog::write(const std::vector<Block>& batch) {
  bool working = batch.empty() || write_drop_note();
  for (const Block& block : batch) {
    const std::uint64_t reached = working ? write(block) : 0;
    working = reached == block.lines;
    unwritten_ += block.lines - reached;
    dropped_.fetch_add(block.lines - reached, std::memory_order_relaxed);
  }
}

// Returns how many of its lines reached the file whole.
std::uint64_t AccessLog::write(const Block& block) {
  const auto written = file_.write(block.text, hooks_.now());
  if (written) {
    failing_ = false;
    return block.lines;
  }
  fail(written.error());
  const auto end = block.text.begin() + static_cast<std::ptrdiff_t>(written.error().written);
  return static_cast<std::uint64_t>(std::count(block.text.begin(), end, '\n'));
}

// Tells the file of lines it does not have, at the place where they are missing. False when it
// cannot be written.
bool AccessLog::write_drop_note() {
  if (unwritten_ == 0) return true;
  const std::string count = std::to_string(unwritten_);
  const std::string note =
      pattern_.is_json() ? "{\"dropped\":" + count + "}\n" : "# " + count + " lines dropped\n";
  if (const auto written = file_.write(note, hooks_.now()); !written) {
    fail(written.error());
    return false;
  }
  unwritten_ = 0;
  failing_ = false;
  return true;
}

void AccessLog::fail(const AccessLogFile::Failure& failure) {
  if (!std::exchange(failing_, true)) hooks_.on_error(failure.reason);
}

}  // namespace container
