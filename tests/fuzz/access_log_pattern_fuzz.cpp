// Any pattern over any record: one line, without control bytes, and no quote that the pattern did
// not put there. Input: the pattern, a newline, then the bytes that the client sent.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "container/access_log_pattern.h"

namespace {

using container::AccessFields;
using container::AccessLogPattern;
using container::AccessRecord;
using container::LocalTimes;

class SameForAll final : public AccessFields {
 public:
  explicit SameForAll(std::string_view value) : value_(value) {}

  std::optional<std::string_view> find(Source, std::string_view name,
                                       std::size_t nth) const override {
    return nth <= name.size() % 3 ? std::optional(value_) : std::nullopt;
  }

 private:
  std::string_view value_;
};

std::string line_of(const AccessLogPattern& pattern, std::string_view value,
                    std::string_view numbers) {
  const SameForAll fields(value);
  AccessRecord record;
  for (auto member :
       {&AccessRecord::remote_address, &AccessRecord::peer_address, &AccessRecord::local_address,
        &AccessRecord::remote_host, &AccessRecord::method, &AccessRecord::target,
        &AccessRecord::path, &AccessRecord::query, &AccessRecord::protocol, &AccessRecord::host,
        &AccessRecord::user, &AccessRecord::session_id, &AccessRecord::thread})
    record.*member = value;
  std::int64_t amounts[4] = {};
  std::memcpy(amounts, numbers.data(), std::min(numbers.size(), sizeof amounts));
  record.status = static_cast<int>(amounts[0]);
  record.bytes_sent = static_cast<std::uint64_t>(amounts[1]);
  // A thousand years either way: beyond that the clock's own arithmetic overflows.
  record.begin += std::chrono::seconds(amounts[2] % 8'000'000'000);
  record.elapsed = std::chrono::nanoseconds(amounts[3] % 1'000'000'000'000'000);
  record.until_commit = record.elapsed / 2;
  record.fields = &fields;
  LocalTimes times;
  std::string line;
  pattern.append(record, times, line);
  return line;
}

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }

std::size_t bare_quotes(std::string_view line) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '\\')
      ++at;
    else
      count += line[at] == '"';
  }
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string_view source = input.substr(0, end);
  const std::string_view sent = input.substr(std::min(end + 1, input.size()));

  std::optional<AccessLogPattern> pattern;
  try {
    pattern.emplace(source);
  } catch (const std::invalid_argument&) {
    return 0;
  }
  const std::string line = line_of(*pattern, sent, sent);
  require(line.ends_with('\n'));
  const std::string_view text = std::string_view(line).substr(0, line.size() - 1);
  for (const char byte : text) require(!is_control(byte));
  if (pattern->is_json()) {
    require(nlohmann::json::accept(text));
  } else if (source.find('\\') == std::string_view::npos) {
    const std::string harmless = line_of(*pattern, sent.empty() ? "" : "x", sent);
    require(bare_quotes(text) == bare_quotes(harmless.substr(0, harmless.size() - 1)));
  }
  return 0;
}
