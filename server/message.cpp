// The head of a request and of an answer, free of any protocol version.
#include "server/message.h"

#include <algorithm>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>

#include "server/ascii.h"
#endif

namespace server {

namespace {

constexpr std::array<bool, 256> token_characters() {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr auto kToken = token_characters();

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

}  // namespace

Known known_field(std::string_view name) {
  const auto is = [&](std::string_view text, Known known) {
    return name == text ? known : Known::other;
  };
  switch (name.size()) {
    case 2:
      return is("te", Known::te);
    case 4:
      return name[0] == 'h' ? is("host", Known::host) : is("date", Known::date);
    case 5:
      return is("range", Known::range);
    case 6:
      if (name[0] == 'a') return is("accept", Known::accept);
      if (name[0] == 'c') return is("cookie", Known::cookie);
      return name[0] == 'e' ? is("expect", Known::expect) : is("server", Known::server);
    case 7:
      if (name[0] == 'u') return is("upgrade", Known::upgrade);
      return name[0] == 'r' ? is("referer", Known::referer) : is("trailer", Known::trailer);
    case 10:
      if (name[0] == 'c') return is("connection", Known::connection);
      return name[0] == 'u' ? is("user-agent", Known::user_agent)
                            : is("keep-alive", Known::keep_alive);
    case 12:
      return is("content-type", Known::content_type);
    case 13:
      return name[0] == 'a' ? is("authorization", Known::authorization)
                            : is("if-none-match", Known::if_none_match);
    case 14:
      return is("content-length", Known::content_length);
    case 15:
      return is("accept-encoding", Known::accept_encoding);
    case 17:
      return name[0] == 't' ? is("transfer-encoding", Known::transfer_encoding)
                            : is("if-modified-since", Known::if_modified_since);
    default:
      return Known::other;
  }
}

bool equal_ignoring_case(std::string_view a, std::string_view b) { return same_name(a, b); }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (same_name(trim(list.substr(0, comma)), token)) return true;
    list = comma == list.npos ? std::string_view{} : list.substr(comma + 1);
  }
  return false;
}

std::size_t token_length(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && kToken[static_cast<unsigned char>(text[at])]) ++at;
  return at;
}

bool is_field_name(std::string_view name) {
  return !name.empty() && token_length(name) == name.size();
}

bool is_field_value(std::string_view value) {
  std::size_t at = 0;
#ifdef __SSE2__
  // Sixteen bytes at once, the last ones filled up with blanks: unsigned `byte < 0x20` is a
  // minimum.
  const auto is_plain = [](const char* bytes) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
    const __m128i del = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7f));
    return _mm_movemask_epi8(_mm_or_si128(low, del)) == 0;
  };
  while (value.size() - at >= 16 && is_plain(value.data() + at)) at += 16;
  if (value.size() - at < 16) {
    char rest[16];
    std::memset(rest, ' ', sizeof rest);
    std::memcpy(rest, value.data() + at, value.size() - at);
    if (is_plain(rest)) return true;
  }
#endif
  return std::all_of(value.begin() + static_cast<std::ptrdiff_t>(at), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
  });
}

void RequestHead::set_fields(std::span<const Field> all) {
  fields = all;
  first = {};
  for (std::size_t i = all.size(); i-- > 0;)
    if (const Known known = known_field(all[i].name); known != Known::other)
      first[static_cast<std::size_t>(known)] = static_cast<std::uint16_t>(i + 1);
}

std::string_view RequestHead::find(std::string_view lower_name) const {
  if (const Known known = known_field(lower_name); known != Known::other) return find(known);
  for (const Field& field : fields)
    if (std::string_view{field.name} == lower_name) return field.value;
  return {};
}

void FieldList::append(Arena& arena, std::string_view name, std::string_view value) {
  if (count_ == room_) {
    const std::uint32_t room = room_ == 0 ? first_room_ : room_ * 2;
    Field* grown = arena.array<Field>(room);
    if (count_ != 0) std::memcpy(static_cast<void*>(grown), fields_, count_ * sizeof(Field));
    fields_ = grown;
    room_ = room;
  }
  char* text = static_cast<char*>(arena.allocate(name.size() + value.size(), 1));
  std::memcpy(text, name.data(), name.size());
  if (!value.empty()) std::memcpy(text + name.size(), value.data(), value.size());
  fields_[count_++] = {std::string_view{text, name.size()},
                       std::string_view{text + name.size(), value.size()}};
}

bool ResponseHead::append(Arena& arena, std::string_view name, std::string_view value) {
  if (fields_.size() == kMaxFields || bytes_ + name.size() + value.size() > kMaxBytes) return false;
  fields_.append(arena, name, value);
  lengths_ |= length_bit(name.size());
  bytes_ += name.size() + value.size();
  return true;
}

bool ResponseHead::add(Arena& arena, std::string_view name, std::string_view value) {
  value = trim(value);
  return is_field_name(name) && is_field_value(value) && append(arena, name, value);
}

bool ResponseHead::set(Arena& arena, std::string_view name, std::string_view value) {
  value = trim(value);
  if (!is_field_name(name) || !is_field_value(value)) return false;
  remove(name);
  return append(arena, name, value);
}

void ResponseHead::remove(std::string_view name) {
  if ((lengths_ & length_bit(name.size())) == 0) return;
  std::uint32_t kept = 0;
  for (const Field& field : fields_.all()) {
    if (same_name(field.name, name)) {
      bytes_ -= field.name.size + field.value.size;
    } else {
      fields_[kept++] = field;
    }
  }
  fields_.cut(kept);
}

std::string_view ResponseHead::find(std::string_view name) const {
  if ((lengths_ & length_bit(name.size())) == 0) return {};
  for (const Field& field : fields())
    if (same_name(field.name, name)) return field.value;
  return {};
}

bool ResponseHead::has(std::string_view name) const {
  const auto all = fields();
  return std::any_of(all.begin(), all.end(),
                     [&](const Field& field) { return same_name(field.name, name); });
}

}  // namespace server
