// What two ends of a WebSocket agree on about compression: permessage-deflate, RFC 7692
// section 7.1.
#include "server/websocket/deflate_terms.h"

#include <algorithm>

#include "server/message.h"

namespace server::websocket {

namespace {

constexpr std::string_view kName = "permessage-deflate";

struct Parameter {
  std::string_view name;
  std::optional<std::string> value;  // without quotes
};

struct Extension {
  std::string_view name;
  std::vector<Parameter> parameters;
};

// RFC 6455 section 9.1, at the front of `text_`:
//   extension = token *( ";" token [ "=" ( token / quoted-string ) ] )
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::string_view rest() const { return text_; }

  bool take(char c) {
    skip_blanks();
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool at_end() {
    skip_blanks();
    return text_.empty();
  }
  std::optional<Extension> extension() {
    Extension read;
    read.name = token();
    if (read.name.empty()) return std::nullopt;
    while (take(';')) {
      Parameter parameter;
      parameter.name = token();
      if (parameter.name.empty()) return std::nullopt;
      if (take('=')) {
        parameter.value = take('"') ? quoted() : token();
        if (!is_field_name(*parameter.value)) return std::nullopt;
      }
      read.parameters.push_back(std::move(parameter));
    }
    return read;
  }

 private:
  void skip_blanks() {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \t"), text_.size()));
  }
  std::string_view token() {
    skip_blanks();
    std::size_t size = 0;
    while (size < text_.size() && is_field_name(text_.substr(size, 1))) ++size;
    const std::string_view found = text_.substr(0, size);
    text_.remove_prefix(size);
    return found;
  }
  // Behind the opening quote. Empty, which is no value, when there is no closing one.
  std::string quoted() {
    std::string value;
    for (std::size_t at = 0; at < text_.size(); ++at) {
      if (text_[at] == '"') {
        text_.remove_prefix(at + 1);
        return value;
      }
      if (text_[at] == '\\') ++at;
      if (at < text_.size()) value.push_back(text_[at]);
    }
    return {};
  }

  std::string_view text_;
};

std::optional<Extension> parse_extension(std::string_view text) {
  Parser parser(text);
  std::optional<Extension> read = parser.extension();
  return parser.at_end() ? read : std::nullopt;
}

// What an offer or an answer says; 0: not named.
struct Stated {
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  int server_max_window_bits = 0;
  int client_max_window_bits = 0;
};

constexpr int kUnvalued = 16;  // client_max_window_bits without a value, in offers only

// 8 to 15 without leading zeros (RFC 7692 section 7.1.2); 0: anything else.
int window_bits(const std::string& value) {
  if (value == "8" || value == "9") return value[0] - '0';
  if (value.size() == 2 && value[0] == '1' && value[1] >= '0' && value[1] <= '5')
    return 10 + (value[1] - '0');
  return 0;
}

bool state_flag(bool& flag, const Parameter& parameter) {
  if (flag || parameter.value.has_value()) return false;
  flag = true;
  return true;
}

bool state_bits(int& bits, const Parameter& parameter, int unvalued) {
  if (bits != 0) return false;
  bits = parameter.value.has_value() ? window_bits(*parameter.value) : unvalued;
  return bits != 0;
}

// Nothing: not permessage-deflate, or a parameter is unknown, repeated or out of its range.
std::optional<Stated> parse_stated(std::string_view text, bool is_offer) {
  const std::optional<Extension> extension = parse_extension(text);
  if (!extension.has_value() || extension->name != kName) return std::nullopt;
  Stated stated;
  for (const Parameter& one : extension->parameters) {
    bool good = false;
    if (one.name == "server_no_context_takeover") {
      good = state_flag(stated.server_no_context_takeover, one);
    } else if (one.name == "client_no_context_takeover") {
      good = state_flag(stated.client_no_context_takeover, one);
    } else if (one.name == "server_max_window_bits") {
      good = state_bits(stated.server_max_window_bits, one, 0);
    } else if (one.name == "client_max_window_bits") {
      good = state_bits(stated.client_max_window_bits, one, is_offer ? kUnvalued : 0);
    }
    if (!good) return std::nullopt;
  }
  return stated;
}

// Terms as text. A window of 32 KiB is what is meant when none is named.
std::string written(const DeflateTerms& terms) {
  std::string text(kName);
  if (terms.server_no_context_takeover) text += "; server_no_context_takeover";
  if (terms.client_no_context_takeover) text += "; client_no_context_takeover";
  if (terms.server_max_window_bits < 15)
    text += "; server_max_window_bits=" + std::to_string(terms.server_max_window_bits);
  if (terms.client_max_window_bits < 15)
    text += "; client_max_window_bits=" + std::to_string(terms.client_max_window_bits);
  return text;
}

std::uint8_t smaller(int one, std::uint8_t other) {
  return static_cast<std::uint8_t>(std::min<int>(one, other));
}

}  // namespace

std::optional<std::vector<std::string_view>> split_extensions(std::string_view field) {
  std::vector<std::string_view> elements;
  Parser parser(field);
  while (!parser.at_end()) {
    if (parser.take(',')) continue;  // empty elements are passed over, RFC 9110 section 5.6.1.2
    const std::string_view from = parser.rest();
    if (!parser.extension().has_value()) return std::nullopt;
    elements.push_back(from.substr(0, from.size() - parser.rest().size()));
    if (!parser.at_end() && !parser.take(',')) return std::nullopt;
  }
  return elements;
}

std::optional<DeflateAgreement> negotiate(std::span<const std::string_view> offers,
                                          const DeflatePolicy& policy) {
  if (policy.mode == DeflatePolicy::Mode::off) return std::nullopt;
  const bool pooled = policy.mode == DeflatePolicy::Mode::pooled;
  for (const std::string_view offer : offers) {
    const std::optional<Stated> stated = parse_stated(offer, true);
    if (!stated.has_value() || stated->server_max_window_bits == 8) continue;
    DeflateTerms terms;
    // Both may be answered without being offered (RFC 7692 sections 7.1.1.1 and 7.1.1.2), and so
    // may the server's window, the client's not (sections 7.1.2.1 and 7.1.2.2).
    terms.server_no_context_takeover = pooled || stated->server_no_context_takeover;
    terms.client_no_context_takeover = pooled || stated->client_no_context_takeover;
    terms.server_max_window_bits = policy.server_max_window_bits;
    if (stated->server_max_window_bits != 0)
      terms.server_max_window_bits =
          smaller(stated->server_max_window_bits, policy.server_max_window_bits);
    if (stated->client_max_window_bits != 0)
      terms.client_max_window_bits =
          smaller(stated->client_max_window_bits, policy.client_max_window_bits);
    std::string answer = written(terms);
    // The acceptance of what was asked for has to be said, also where it is the default.
    if (stated->server_max_window_bits == 15 && terms.server_max_window_bits == 15)
      answer += "; server_max_window_bits=15";
    return DeflateAgreement{.terms = terms, .answer = std::move(answer)};
  }
  return std::nullopt;
}

std::string deflate_offer(const DeflatePolicy& policy) {
  if (policy.mode == DeflatePolicy::Mode::off) return {};
  const bool pooled = policy.mode == DeflatePolicy::Mode::pooled;
  std::string offer = written({.server_no_context_takeover = pooled,
                               .client_no_context_takeover = pooled,
                               .server_max_window_bits = policy.server_max_window_bits,
                               .client_max_window_bits = policy.client_max_window_bits});
  if (policy.client_max_window_bits == 15) offer += "; client_max_window_bits";
  return offer;
}

std::optional<DeflateTerms> accept_deflate(std::string_view answer, const DeflatePolicy& policy) {
  if (policy.mode == DeflatePolicy::Mode::off) return std::nullopt;
  const std::optional<Stated> stated = parse_stated(answer, false);
  if (!stated.has_value()) return std::nullopt;
  const bool pooled = policy.mode == DeflatePolicy::Mode::pooled;
  if (pooled && !stated->server_no_context_takeover) return std::nullopt;
  // Where a smaller window was asked for, a server that agrees must say so.
  const int server_bits = stated->server_max_window_bits;
  if (policy.server_max_window_bits < 15 &&
      (server_bits == 0 || server_bits > policy.server_max_window_bits))
    return std::nullopt;
  const int client_bits = stated->client_max_window_bits;
  if (client_bits == 8 || client_bits > policy.client_max_window_bits) return std::nullopt;
  return DeflateTerms{.server_no_context_takeover = stated->server_no_context_takeover,
                      .client_no_context_takeover = pooled || stated->client_no_context_takeover,
                      .server_max_window_bits = smaller(server_bits == 0 ? 15 : server_bits, 15),
                      .client_max_window_bits = smaller(client_bits == 0 ? 15 : client_bits,
                                                        policy.client_max_window_bits)};
}

}  // namespace server::websocket
