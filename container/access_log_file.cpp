// Opens, rotates, renames and prunes access log files with plain system calls.
#include "container/access_log_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>

namespace container {
namespace {

namespace fs = std::filesystem;

std::string error_text(int error) { return std::generic_category().message(error); }

// Same length, digits and letters in the same places.
bool has_shape(std::string_view text, std::string_view like) {
  const auto kind = [](char byte) {
    if (byte >= '0' && byte <= '9') return '0';
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ? 'a' : byte;
  };
  return std::equal(text.begin(), text.end(), like.begin(), like.end(),
                    [&](char left, char right) { return kind(left) == kind(right); });
}

std::chrono::system_clock::time_point last_write(const struct stat& status) {
  return std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec);
}

}  // namespace

AccessLogFile::AccessLogFile(AccessLogPlace place, std::chrono::milliseconds stall)
    : place_(std::move(place)), date_format_(place_.file_date_format), stall_(stall) {}

AccessLogFile::~AccessLogFile() { close(); }

void AccessLogFile::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

tl::expected<void, AccessLogFile::Failure> AccessLogFile::write(std::string_view lines,
                                                                Clock::time_point now) {
  if (fd_ >= 0 && place_.rotatable && !is_standard_stream() && date_of(now) != date_) {
    close();
    if (place_.rename_on_rotate) rename_finished(date_);
  }
  if (fd_ < 0) {
    if (auto opened = open(now); !opened) return opened;
  }
  return write_all(lines);
}

tl::expected<void, AccessLogFile::Failure> AccessLogFile::open(Clock::time_point now) {
  date_ = date_of(now);
  path_ = path_with(place_.rotatable && !place_.rename_on_rotate ? date_ : "");
  if (is_standard_stream()) {
    // Opening /dev/stdout fails where it is a socket, as under systemd; a duplicate always works.
    path_ = place_.directory / place_.prefix;
    fd_ = ::fcntl(place_.prefix == "stdout" ? STDOUT_FILENO : STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  } else {
    std::error_code ignored;  // open tells what is wrong
    fs::create_directories(place_.directory, ignored);
    if (place_.rotatable && place_.rename_on_rotate) finish_left_over(date_);
    // Non-blocking, so that a named pipe without a reader is an error and not a thread that never
    // stops.
    fd_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
  }
  if (fd_ < 0)
    return tl::unexpected(Failure{"cannot open " + path_.string() + ": " + error_text(errno), 0});
  struct stat status {};
  regular_ = ::fstat(fd_, &status) == 0 && S_ISREG(status.st_mode);
  if (regular_ && status.st_size == 0) mid_line_ = false;
  if (place_.rotatable && place_.max_days >= 0) prune(now);
  return {};
}

tl::expected<void, AccessLogFile::Failure> AccessLogFile::write_all(std::string_view lines) {
  std::size_t written = 0;
  if (mid_line_) {
    if (::write(fd_, "\n", 1) == 1) mid_line_ = false;
  }
  while (written < lines.size()) {
    // poll promises room for PIPE_BUF bytes of a pipe, no more.
    const std::size_t rest = lines.size() - written;
    const std::size_t size = regular_ ? rest : std::min<std::size_t>(rest, PIPE_BUF);
    pollfd ready{fd_, POLLOUT, 0};
    const bool stalled = !regular_ && ::poll(&ready, 1, static_cast<int>(stall_.count())) == 0;
    const ssize_t count = stalled ? -1 : ::write(fd_, lines.data() + written, size);
    if (count >= 0) {
      written += static_cast<std::size_t>(count);
      mid_line_ = count > 0 ? lines[written - 1] != '\n' : mid_line_;
    } else if (stalled || (errno != EINTR && errno != EAGAIN)) {
      const std::string why = stalled ? "nobody reads it" : error_text(errno);
      close();
      return tl::unexpected(Failure{"cannot write to " + path_.string() + ": " + why, written});
    }
  }
  return {};
}

fs::path AccessLogFile::path_with(std::string_view date) const {
  return place_.directory / (place_.prefix + std::string(date) + place_.suffix);
}

std::string AccessLogFile::date_of(Clock::time_point moment) {
  std::string date;
  date_format_.append(moment, times_, date);
  return date;
}

bool AccessLogFile::is_standard_stream() const {
  return place_.directory == "/dev" && place_.suffix.empty() &&
         (place_.prefix == "stdout" || place_.prefix == "stderr");
}

// A server that was down at midnight finds the undated file of another day.
void AccessLogFile::finish_left_over(const std::string& today) {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  if (const std::string date = date_of(last_write(status)); date != today) rename_finished(date);
}

// Never over an existing file: then .1, .2 and so on is added, and after 999 the lines stay in the
// undated file.
void AccessLogFile::rename_finished(const std::string& date) {
  const fs::path active = path_with("");
  for (int number = 0; number < 1000; ++number) {
    const fs::path finished = path_with(number == 0 ? date : date + '.' + std::to_string(number));
    std::error_code error;
    if (fs::exists(fs::symlink_status(finished, error))) continue;
    fs::rename(active, finished, error);
    return;
  }
}

void AccessLogFile::prune(Clock::time_point now) {
  const auto oldest = now - std::chrono::days(place_.max_days);
  const std::string date_like = date_of(now);
  std::error_code error;
  for (auto entry = fs::directory_iterator(place_.directory, error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    struct stat status {};
    const bool ours = is_finished_file(entry->path().filename().string(), date_like);
    if (!ours || entry->path() == path_ || ::lstat(entry->path().c_str(), &status) != 0) continue;
    std::error_code ignored;  // tried again at the next rotation
    if (S_ISREG(status.st_mode) && last_write(status) < oldest) fs::remove(entry->path(), ignored);
  }
}

// prefix, a date, perhaps .1 and so on, suffix: the names this class gives, and no other log's.
bool AccessLogFile::is_finished_file(const std::string& name, std::string_view date_like) const {
  std::string_view middle = name;
  if (date_like.empty() || !middle.starts_with(place_.prefix) || !middle.ends_with(place_.suffix))
    return false;
  if (middle.size() < place_.prefix.size() + place_.suffix.size() + date_like.size()) return false;
  middle.remove_prefix(place_.prefix.size());
  middle.remove_suffix(place_.suffix.size());
  const std::string_view number = middle.substr(date_like.size());
  const bool numbered = number.size() > 1 && number[0] == '.' &&
                        number.find_first_not_of("0123456789", 1) == std::string_view::npos;
  return has_shape(middle.substr(0, date_like.size()), date_like) && (number.empty() || numbered);
}

}  // namespace container
