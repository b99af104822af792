// A client's half of the opening handshake, RFC 6455 section 4.1: its request, and what makes an
// answer a good one. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "server/websocket/client_url.h"
#include "server/websocket/deflate_terms.h"

namespace server::websocket {

using ClientFields = std::vector<std::pair<std::string, std::string>>;

// What a client wants, the same for all its attempts.
struct ClientWishes {
  std::vector<std::string> subprotocols;  // the preferred one first
  ClientFields fields;                    // added to our own; see check_wishes
  DeflatePolicy deflate;                  // off: not offered
};

// Why it cannot be asked for, as a sentence: a field that is ours to set, or that would smuggle
// others in, a subprotocol that is no token. Empty: it can.
std::string check_wishes(const ClientWishes& wishes);

// 16 random bytes of the kernel's in Base64.
std::string make_key();

// `elsewhere`: a redirection led to another host, to which fields with credentials do not go.
std::string handshake_request(const Url& url, const ClientWishes& wishes, std::string_view key,
                              bool elsewhere);

// The head of an answer.
struct AnswerHead {
  int status = 0;
  ClientFields fields;  // names in lower case; in order

  // The values of all such fields, as one list; null when there is none.
  std::optional<std::string> find(std::string_view name) const;
};

// As in Tomcat: bytes of an answer's head, its empty line included.
constexpr std::size_t kMaxAnswerHead = 8192;

// Collects the head from what comes; skips the interim ones, 100 and 103.
class AnswerReader {
 public:
  // Bytes used, all of them until `head` is there; the unexpected is a sentence.
  tl::expected<std::size_t, std::string> read(std::string_view bytes);
  const std::optional<AnswerHead>& head() const { return head_; }

 private:
  std::string text_;
  std::size_t total_ = 0;  // of all heads
  std::optional<AnswerHead> head_;
};

// What both agreed on.
struct Agreement {
  std::string subprotocol;  // "" for none
  std::string extensions;   // as in the answer
  std::optional<DeflateTerms> deflate;
};

// The checks of section 4.1 of a 101; the unexpected is a sentence.
tl::expected<Agreement, std::string> check_answer(const AnswerHead& head,
                                                  const ClientWishes& wishes, std::string_view key);

}  // namespace server::websocket
