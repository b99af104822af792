// A connection from a proxy before its PROXY header has come; then the connection is the client's.
#include "server/proxy_protocol.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "server/proxy_header.h"
#include "server/socket_connection.h"

namespace server {

namespace {
constexpr std::uint64_t kFirstRequest = 1'000;  // ms that a new connection has when we drain
}  // namespace

std::unique_ptr<Protocol> ProxyProtocol::begin(SocketConnection& connection, bool unix_domain,
                                               const ProxyProtocolOptions& options,
                                               FirstSpeakers& speakers, std::uint64_t patience,
                                               const Log& log) {
  const Address peer = unix_domain ? Address{} : connection.remote();
  const bool trusted =
      unix_domain || std::any_of(options.trusted.begin(), options.trusted.end(),
                                 [&](const AddressBlock& block) { return block.contains(peer); });
  if (trusted) return std::make_unique<ProxyProtocol>(connection, options, speakers, patience, log);
  if (options.may_be_absent) return speakers.first_speaker(connection);
  char room[46];
  log.warn("connection from {} closed: 'proxyProtocolTrusted' has no such proxy", peer.text(room));
  return nullptr;
}

ProxyProtocol::ProxyProtocol(SocketConnection& connection, const ProxyProtocolOptions& options,
                             FirstSpeakers& speakers, std::uint64_t patience, const Log& log)
    : connection_(connection),
      options_(options),
      speakers_(speakers),
      patience_(patience),
      log_(log) {
  connection_.arm(patience_);
}

void ProxyProtocol::bytes(std::span<char> data) {
  if (kept_.empty()) return take(read_proxy_header({data.data(), data.size()}), data);
  kept_.append(data.data(), data.size());
  std::string whole = std::move(kept_);
  kept_.clear();
  take(read_proxy_header(whole), whole);
}

void ProxyProtocol::take(const ProxyHeader& header, std::span<char> data) {
  switch (header.state) {
    case ProxyHeader::State::partial:
      kept_.assign(data.data(), data.size());
      return;
    case ProxyHeader::State::malformed:
      return refuse(header.trouble);
    case ProxyHeader::State::absent:
      if (!options_.may_be_absent) return refuse("is missing");
      return give_on(data);
    case ProxyHeader::State::complete:
      if (header.source.family != 0) connection_.present(header.source, header.destination);
      return give_on(data.subspan(header.size));
  }
}

// This is freed at the turn's end.
void ProxyProtocol::give_on(std::span<char> rest) {
  std::unique_ptr<Protocol> next = speakers_.first_speaker(connection_);
  if (next == nullptr) return connection_.close();
  connection_.become(std::move(next));
  if (draining_) connection_.protocol()->drain();
  if (!rest.empty()) connection_.protocol()->bytes(rest);
  if (connection_.input_ended() && !connection_.closing()) connection_.protocol()->end_of_input();
}

// Who says nothing at all looks whether somebody listens.
void ProxyProtocol::end_of_input() {
  if (kept_.empty()) return connection_.close();
  if (!options_.may_be_absent) return refuse("is incomplete");
  std::string kept = std::move(kept_);
  give_on(kept);
}

void ProxyProtocol::timeout() {
  if (draining_ && kept_.empty()) return connection_.close();
  refuse("did not come in time");
}

// Whoever has just connected is about to ask, and was promised an answer.
void ProxyProtocol::drain() {
  draining_ = true;
  connection_.arm(std::min(kFirstRequest, patience_));
}

void ProxyProtocol::refuse(const char* trouble) {
  char room[46];
  log_.warn("connection {} from {} closed: its PROXY header {}", connection_.number(),
            connection_.remote().text(room), trouble);
  connection_.close();
}

}  // namespace server
