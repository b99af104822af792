// Sessions in a file.
#include "container/session_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace container {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "margay-sessions 2\n";
constexpr std::string_view kMark("\x01SES", 4);
constexpr std::size_t kHead = 12;  // mark, size, CRC
constexpr int kMaxComplaints = 10;

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320u : 0u);
    table[i] = value;
  }
  return table;
}

// As of IEEE 802.3.
std::uint32_t crc32(std::string_view bytes) {
  static constexpr auto table = make_crc_table();
  std::uint32_t value = ~0u;
  for (const char c : bytes)
    value = table[(value ^ static_cast<unsigned char>(c)) & 255] ^ (value >> 8);
  return ~value;
}

void put_number(std::string& to, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to += static_cast<char>(value >> (8 * i) & 255);
}

void put_text(std::string& to, std::string_view text) {
  put_number(to, text.size(), 4);
  to += text;
}

std::uint64_t number_at(std::string_view bytes, int count) {
  std::uint64_t value = 0;
  for (int i = count; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  return value;
}

// Takes values off the front; `good` is false once there was too little.
struct Cursor {
  std::string_view rest;
  bool good = true;

  std::uint64_t number(int bytes) {
    const auto size = static_cast<std::size_t>(bytes);
    if (!good || rest.size() < size) return good = false, 0;
    const std::uint64_t value = number_at(rest, bytes);
    rest.remove_prefix(size);
    return value;
  }
  std::string_view text() {
    const std::uint64_t size = number(4);
    if (!good || rest.size() < size) return good = false, std::string_view{};
    const std::string_view taken = rest.substr(0, size);
    rest.remove_prefix(size);
    return taken;
  }
};

std::optional<SessionRecord> parse(std::string_view payload) {
  Cursor cursor{payload};
  SessionRecord record;
  record.id = cursor.text();
  record.created = static_cast<std::int64_t>(cursor.number(8));
  record.last_accessed = static_cast<std::int64_t>(cursor.number(8));
  record.max_inactive = static_cast<std::int64_t>(cursor.number(8));
  record.owner = cursor.text();
  for (std::uint64_t left = cursor.number(4); cursor.good && left > 0; --left) {
    const std::string_view name = cursor.text();
    const std::string_view value = cursor.text();
    if (cursor.good)
      record.attributes.emplace_back(name, std::make_shared<const std::string>(value));
  }
  if (!cursor.good || !cursor.rest.empty() || record.id.empty()) return std::nullopt;
  return record;
}

[[noreturn]] void fail(const fs::path& file, const char* what) {
  throw std::runtime_error("sessions are not kept: " + file.string() + ": " + what + ": " +
                           std::strerror(errno));
}

// Everything of it is on the disk when this returns.
void write_durably(const fs::path& file, std::string_view bytes) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                                S_IRUSR | S_IWUSR);
  if (descriptor < 0) fail(file, "cannot be opened");
  bool good = ::fchmod(descriptor, S_IRUSR | S_IWUSR) == 0;
  while (good && !bytes.empty()) {
    const ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    good = done > 0;
    if (good) bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  good = good && ::fsync(descriptor) == 0;
  const int error = errno;
  ::close(descriptor);
  errno = error;
  if (!good) fail(file, "cannot be written");
}

}  // namespace

std::string write_sessions(const std::vector<SessionRecord>& all) {
  std::string bytes(kFormat);
  std::string payload;
  for (const SessionRecord& one : all) {
    payload.clear();
    put_text(payload, one.id);
    put_number(payload, static_cast<std::uint64_t>(one.created), 8);
    put_number(payload, static_cast<std::uint64_t>(one.last_accessed), 8);
    put_number(payload, static_cast<std::uint64_t>(one.max_inactive), 8);
    put_text(payload, one.owner);
    put_number(payload, one.attributes.size(), 4);
    for (const auto& [name, value] : one.attributes) {
      put_text(payload, name);
      put_text(payload, *value);
    }
    bytes += kMark;
    put_number(bytes, payload.size(), 4);
    put_number(bytes, crc32(payload), 4);
    bytes += payload;
  }
  return bytes;
}

void read_sessions(std::string_view bytes, const std::function<void(SessionRecord)>& each,
                   const std::function<void(std::size_t, const char*)>& bad) {
  if (!bytes.starts_with(kFormat)) return bad(0, "this is no file of sessions");
  for (std::size_t at = kFormat.size(); at < bytes.size();) {
    const std::string_view rest = bytes.substr(at);
    const bool headed = rest.size() >= kHead && rest.starts_with(kMark);
    const std::uint64_t size = headed ? number_at(rest.substr(4), 4) : 0;
    const char* why = !headed                      ? "no record begins here"
                      : size > rest.size() - kHead ? "the record is cut"
                                                   : nullptr;
    if (why == nullptr) {
      const std::string_view payload = rest.substr(kHead, size);
      if (auto record =
              crc32(payload) == number_at(rest.substr(8), 4) ? parse(payload) : std::nullopt) {
        each(std::move(*record));
        at += kHead + size;
        continue;
      }
      why = "the record is damaged";
    }
    bad(at, why);
    at = bytes.find(kMark, at + 1);
  }
}

void SessionFile::load(const std::function<void(SessionRecord)>& each) {
  std::error_code none;
  if (!fs::exists(file_, none)) return;
  std::ostringstream bytes;
  bytes << std::ifstream(file_, std::ios::binary).rdbuf();
  int complaints = 0;
  read_sessions(bytes.str(), each, [&](std::size_t offset, const char* why) {
    if (++complaints <= kMaxComplaints)
      log_.warn("{}: offset {}: {}; it is skipped", file_.string(), offset, why);
  });
  if (complaints > kMaxComplaints)
    log_.warn("{}: {} more of that", file_.string(), complaints - kMaxComplaints);
}

void SessionFile::save(const std::vector<SessionRecord>& all) {
  std::error_code ignored;  // opening says it better
  fs::create_directories(file_.parent_path(), ignored);
  fs::path fresh = file_;
  fresh += ".new";
  write_durably(fresh, write_sessions(all));
  if (::rename(fresh.c_str(), file_.c_str()) != 0) fail(file_, "cannot be replaced");
  const int folder = ::open(file_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  ::fsync(folder);
  ::close(folder);
}

}  // namespace container
