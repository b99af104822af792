// The first bytes of a connection that is not encrypted: HTTP/2 by prior knowledge, or HTTP/1.
#include "server/http2/preface.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace server::http2 {

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::uint64_t kFirstRequest = 1'000;  // ms that a new connection has when we drain

}  // namespace

Preface::Preface(Connection& connection, Speakers& speakers, std::uint64_t patience)
    : connection_(connection), speakers_(speakers), patience_(patience) {
  connection_.arm(patience_);
}

void Preface::bytes(std::span<char> data) {
  const std::string_view expected = kPreface.substr(matched_).substr(0, data.size());
  if (!std::equal(expected.begin(), expected.end(), data.begin())) return become(false, data);
  if (matched_ + expected.size() == kPreface.size()) return become(true, data);
  matched_ += expected.size();
}

void Preface::end_of_input() {
  if (matched_ == 0) return connection_.close();
  become(false, {});
}

// Whoever has just connected is about to ask, and was promised an answer.
void Preface::drain() {
  draining_ = true;
  connection_.arm(std::min(kFirstRequest, patience_));
}

// This is freed at the turn's end.
void Preface::become(bool http2, std::span<char> data) {
  std::string whole;
  if (matched_ != 0) {
    whole.assign(kPreface.substr(0, matched_)).append(data.data(), data.size());
    data = whole;
  }
  connection_.become(speakers_.speaker(connection_, http2 ? "h2" : ""));
  if (!data.empty()) connection_.protocol()->bytes(data);
  if (connection_.input_ended() && !connection_.closing()) connection_.protocol()->end_of_input();
  if (draining_ && !connection_.closing()) connection_.protocol()->drain();
}

}  // namespace server::http2
