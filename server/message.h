// The head of a request and of an answer, free of any protocol version.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "server/arena.h"

namespace server {

// A view whose layout is {pointer, size}: the same as the C ABI's string, so fields cross without
// being copied.
struct Text {
  const char* data = nullptr;
  std::size_t size = 0;

  constexpr Text() = default;
  constexpr Text(std::string_view text) : data(text.data()), size(text.size()) {}
  constexpr operator std::string_view() const { return {data, size}; }
};

struct Field {
  Text name;  // lower-case in requests
  Text value;
};

// Fields that the server or nearly every application asks for; found without a search.
enum class Known : std::uint8_t {
  host,
  connection,
  content_length,
  transfer_encoding,
  expect,
  upgrade,
  accept,
  cookie,
  user_agent,
  content_type,
  accept_encoding,
  if_none_match,
  if_modified_since,
  range,
  referer,
  authorization,
  date,
  server,
  keep_alive,
  trailer,
  te,
  other
};
inline constexpr std::size_t kKnownFields = static_cast<std::size_t>(Known::other);

// `name` in lower case.
Known known_field(std::string_view name);

bool equal_ignoring_case(std::string_view a, std::string_view b);

std::string_view trim(std::string_view text);  // of the white space around a field value

// Whether a comma-separated list has `token` (lower-case), RFC 9110 section 5.6.1.
bool has_token(std::string_view list, std::string_view token);

struct RequestHead {
  std::string_view method;
  std::string_view target;  // as received
  std::string_view protocol = "HTTP/1.1";
  std::span<const Field> fields;
  std::array<std::uint16_t, kKnownFields>
      first{};                       // position + 1 of the first such field; 0 = none
  std::int64_t content_length = -1;  // -1: unknown (chunked)
  bool has_body = false;
  // Upgrade and `Connection: upgrade`, in a version that knows them (RFC 9110 section 7.8).
  bool offers_upgrade = false;
  // The offer is for this stream alone (RFC 8441 section 4): the 101 is only meant, so fields that
  // prove an upgrade of HTTP/1.1 are neither due nor answered.
  bool tunnels = false;

  // `all` as it is, and how to find in it.
  void set_fields(std::span<const Field> all);

  std::string_view find(Known known) const {
    const auto at = first[static_cast<std::size_t>(known)];
    return at == 0 ? std::string_view{} : std::string_view{fields[at - 1u].value};
  }
  bool has(Known known) const { return first[static_cast<std::size_t>(known)] != 0; }
  std::string_view find(std::string_view lower_name) const;
};

// Fields that copy what they are given into an arena, which grows with their number.
class FieldList {
 public:
  explicit FieldList(std::uint32_t first_room) : first_room_(first_room) {}

  void append(Arena& arena, std::string_view name, std::string_view value);
  void cut(std::uint32_t count) { count_ = count; }  // the first ones stay

  std::uint32_t size() const { return count_; }
  Field& operator[](std::uint32_t at) const { return fields_[at]; }
  std::span<Field> all() const { return {fields_, count_}; }

 private:
  Field* fields_ = nullptr;
  std::uint32_t count_ = 0;
  std::uint32_t room_ = 0;
  std::uint32_t first_room_;  // how many have room at first
};

// Status and fields of an answer. Names keep their case on the wire and are compared without it.
class ResponseHead {
 public:
  int status = 200;

  // Copies into `arena`. False when name or value could split the head (RFC 9110 section 5.5), or
  // when kMaxFields are there already.
  bool set(Arena& arena, std::string_view name, std::string_view value);
  bool add(Arena& arena, std::string_view name, std::string_view value);
  void remove(std::string_view name);
  std::string_view find(std::string_view name) const;
  bool has(std::string_view name) const;

  std::span<const Field> fields() const { return fields_.all(); }
  std::size_t bytes() const { return bytes_; }  // of all names and values
  void clear() { *this = {}; }

  static constexpr std::uint32_t kMaxFields = 256;
  static constexpr std::size_t kMaxBytes = 32 * 1024;  // the head goes out in one piece

 private:
  bool append(Arena& arena, std::string_view name, std::string_view value);
  static std::uint32_t length_bit(std::size_t length) {
    return std::uint32_t{1} << (length < 31 ? length : 31);
  }

  FieldList fields_{8};
  std::uint32_t lengths_ = 0;  // bit n: a name of n bytes was added; most questions end here
  std::size_t bytes_ = 0;
};

// How many bytes at the front of `text` may stand in a token (RFC 9110 section 5.6.2).
std::size_t token_length(std::string_view text);
bool is_field_name(std::string_view name);
bool is_field_value(std::string_view value);

}  // namespace server
