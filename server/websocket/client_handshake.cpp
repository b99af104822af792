// A client's half of the opening handshake, RFC 6455 section 4.1: its request, and what makes an
// answer a good one. No I/O.
#include "server/websocket/client_handshake.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "server/ascii.h"
#include "server/websocket/accept_key.h"

namespace server::websocket {

namespace {

using Failure = tl::unexpected<std::string>;

// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
    return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// RFC 9110 section 5.5: nothing that would end the field.
bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
  });
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (lowered(trimmed(list.substr(0, comma))) == token) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

bool is_ours(std::string_view name) {
  static constexpr std::string_view kOurs[] = {"host",
                                               "upgrade",
                                               "connection",
                                               "content-length",
                                               "transfer-encoding",
                                               "te",
                                               "trailer",
                                               "expect",
                                               "keep-alive",
                                               "proxy-connection",
                                               "sec-websocket-key",
                                               "sec-websocket-version",
                                               "sec-websocket-accept",
                                               "sec-websocket-protocol",
                                               "sec-websocket-extensions"};
  return std::find(std::begin(kOurs), std::end(kOurs), name) != std::end(kOurs);
}

bool is_credential(std::string_view name) {
  return name == "authorization" || name == "cookie" || name == "proxy-authorization";
}

tl::expected<AnswerHead, std::string> parse_head(std::string_view text) {
  const auto line = [&]() {
    const auto end = text.find("\r\n");
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(end + 2);
    return one;
  };
  const std::string_view status = line();
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (status.size() < 12 || !status.starts_with("HTTP/1.1 ") ||
      (status.size() > 12 && status[12] != ' ') ||
      !std::all_of(status.begin() + 9, status.begin() + 12, is_digit))
    return Failure("the answer is not one of HTTP/1.1");
  AnswerHead head;
  for (int i = 9; i < 12; ++i)
    head.status = head.status * 10 + (status[static_cast<std::size_t>(i)] - '0');
  for (std::string_view field = line(); !field.empty(); field = line()) {
    const auto colon = field.find(':');
    const std::string_view name = field.substr(0, colon);
    if (colon == field.npos || !is_token(name) || !is_field_value(field.substr(colon + 1)))
      return Failure("the answer has a malformed field");
    head.fields.emplace_back(lowered(name), trimmed(field.substr(colon + 1)));
  }
  return head;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string check_extensions(std::string_view field, const ClientWishes& wishes,
                             Agreement& agreed) {
  const auto elements = split_extensions(field);
  if (!elements) return "the answer has a malformed Sec-WebSocket-Extensions";
  const bool offered = wishes.deflate.mode != DeflatePolicy::Mode::off;
  for (const std::string_view element : *elements) {
    const std::string_view name = trimmed(element.substr(0, element.find(';')));
    if (!offered || name != "permessage-deflate")
      return "the answer has the extension '" + std::string(name) + "', which was not offered";
    if (agreed.deflate) return "the answer has permessage-deflate twice";
    agreed.deflate = accept_deflate(element, wishes.deflate);
    if (!agreed.deflate)
      return "the answer has permessage-deflate with parameters that were not offered";
  }
  agreed.extensions = field;
  return {};
}

}  // namespace

std::string check_wishes(const ClientWishes& wishes) {
  for (const auto& [name, value] : wishes.fields) {
    if (!is_token(name)) return "the name of a field is not valid: '" + name + "'";
    if (is_ours(lowered(name))) return "the field " + name + " is the client's own to set";
    if (!is_field_value(value))
      return "the value of the field " + name + " has a line break or another control character";
  }
  for (std::size_t i = 0; i < wishes.subprotocols.size(); ++i) {
    const std::string& one = wishes.subprotocols[i];
    if (!is_token(one)) return "the subprotocol '" + one + "' is not a token";
    if (std::find(wishes.subprotocols.begin(),
                  wishes.subprotocols.begin() + static_cast<std::ptrdiff_t>(i),
                  one) != wishes.subprotocols.begin() + static_cast<std::ptrdiff_t>(i))
      return "the subprotocol '" + one + "' is named twice";
  }
  return {};
}

std::string make_key() {
  std::array<std::uint8_t, 16> random;
  ssize_t got = 0;
  do {
    got = ::getrandom(random.data(), random.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(random.size()))
    throw std::system_error(errno, std::generic_category(), "getrandom");
  return base64(random);
}

std::string handshake_request(const Url& url, const ClientWishes& wishes, std::string_view key,
                              bool elsewhere) {
  std::string text = "GET " + url.target + " HTTP/1.1\r\n";
  const auto add = [&](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  add("Host", url.authority());
  add("Upgrade", "websocket");
  add("Connection", "Upgrade");
  add("Sec-WebSocket-Key", key);
  add("Sec-WebSocket-Version", "13");
  if (!wishes.subprotocols.empty()) add("Sec-WebSocket-Protocol", joined(wishes.subprotocols));
  if (wishes.deflate.mode != DeflatePolicy::Mode::off)
    add("Sec-WebSocket-Extensions", deflate_offer(wishes.deflate));
  for (const auto& [name, value] : wishes.fields)
    if (!elsewhere || !is_credential(lowered(name))) add(name, value);
  return text += "\r\n";
}

std::optional<std::string> AnswerHead::find(std::string_view name) const {
  std::optional<std::string> found;
  for (const auto& [its, value] : fields)
    if (its == name) found = found ? *found + ", " + value : value;
  return found;
}

tl::expected<std::size_t, std::string> AnswerReader::read(std::string_view bytes) {
  for (std::size_t used = 0;;) {
    const std::size_t before = text_.size();
    text_.append(bytes.substr(used, kMaxAnswerHead + 1 - total_ - before));
    const auto end = text_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
    if (end == text_.npos) {
      if (text_.size() + total_ > kMaxAnswerHead)
        return Failure("the head of the answer is longer than 8 KiB");
      return bytes.size();
    }
    text_.resize(end + 4);
    used += text_.size() - before;
    total_ += text_.size();
    if (total_ > kMaxAnswerHead) return Failure("the head of the answer is longer than 8 KiB");
    auto head = parse_head(text_);
    if (!head) return Failure(head.error());
    text_.clear();
    if (head->status >= 200 || head->status == 101) {
      head_ = std::move(*head);
      return used;
    }
  }
}

tl::expected<Agreement, std::string> check_answer(const AnswerHead& head,
                                                  const ClientWishes& wishes,
                                                  std::string_view key) {
  if (lowered(head.find("upgrade").value_or("")) != "websocket")
    return Failure("the answer lacks 'Upgrade: websocket'");
  if (!has_token(head.find("connection").value_or(""), "upgrade"))
    return Failure("the answer lacks 'Connection: Upgrade'");
  if (head.find("sec-websocket-accept") != accept_key(key))
    return Failure("the answer's Sec-WebSocket-Accept does not fit the request");
  Agreement agreed;
  if (const auto chosen = head.find("sec-websocket-protocol")) {
    if (std::find(wishes.subprotocols.begin(), wishes.subprotocols.end(), *chosen) ==
        wishes.subprotocols.end())
      return Failure("the answer has the subprotocol '" + *chosen + "', which was not offered");
    agreed.subprotocol = *chosen;
  }
  if (const auto extensions = head.find("sec-websocket-extensions"))
    if (std::string why = check_extensions(*extensions, wishes, agreed); !why.empty())
      return Failure(std::move(why));
  return agreed;
}

}  // namespace server::websocket
