// What is known of a request when it is over: the input of the access log, filled by the container
// per exchange.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace container {

// What a pattern may look up by name. Asked on the loop's thread, only for names that the pattern
// contains.
class AccessFields {
 public:
  enum class Source : std::uint8_t {
    request_header,
    response_header,
    cookie,
    request_attribute,
    session_attribute,
    tls,  // a variable of tls_names.h
  };

  virtual ~AccessFields() = default;

  // The nth value (from 0) under this name, in the order received; none after the last. The view
  // lasts as long as the record. Header names compare without case.
  virtual std::optional<std::string_view> find(Source source, std::string_view name,
                                               std::size_t nth) const = 0;
};

// What became of the connection: %X.
enum class ConnectionState : char { aborted = 'X', kept = '+', closing = '-' };

// Borrowed views, good for the one call they are passed to. Empty text and port 0 mean "not known"
// and are logged as `-`.
struct AccessRecord {
  std::string_view remote_address;  // %a; as a filter such as RemoteIp may have set it
  std::string_view peer_address;    // %{peer}a; the socket's other end
  std::string_view local_address;   // %A
  std::string_view remote_host;     // %h; the address where names are not looked up
  std::uint16_t local_port = 0;     // %p
  std::uint16_t remote_port = 0;    // %{remote}p

  std::string_view method;      // %m
  std::string_view target;      // in %r, as it stood on the request line
  std::string_view path;        // %U, not decoded
  std::string_view query;       // %q, without the question mark
  std::string_view protocol;    // %H
  std::string_view host;        // %v
  std::string_view user;        // %u
  std::string_view session_id;  // %S
  std::string_view thread;      // %I

  int status = 0;                // %s
  std::uint64_t bytes_sent = 0;  // %b %B; without the header section
  std::chrono::system_clock::time_point begin;
  std::chrono::nanoseconds elapsed{0};                   // %D %T
  std::optional<std::chrono::nanoseconds> until_commit;  // %F; none when nothing was committed

  std::uint64_t connection_id = 0;  // %{c}L
  ConnectionState connection = ConnectionState::kept;

  const AccessFields* fields = nullptr;  // null: every name is unknown
};

}  // namespace container
