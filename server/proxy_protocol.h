// A connection from a proxy before its PROXY header has come; then the connection is the client's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/address.h"
#include "server/log.h"
#include "server/protocol.h"

namespace server {

class SocketConnection;
struct ProxyHeader;

struct ProxyProtocolOptions {
  // Whether a trusted peer may also begin without a header, which its first bytes tell.
  bool may_be_absent = false;
  // Who may say where a client is; Unix domain sockets always may. Others are refused, or served as
  // they are where a header may be absent.
  std::vector<AddressBlock> trusted;
};

// What speaks on a connection that needs no header, or has had it. Outlives its connections.
class FirstSpeakers {
 public:
  virtual std::unique_ptr<Protocol> first_speaker(SocketConnection& connection) = 0;

 protected:
  ~FirstSpeakers() = default;
};

class ProxyProtocol final : public Protocol {
 public:
  // What speaks on a new connection. Null: its peer is not trusted, and refused.
  static std::unique_ptr<Protocol> begin(SocketConnection& connection, bool unix_domain,
                                         const ProxyProtocolOptions& options,
                                         FirstSpeakers& speakers, std::uint64_t patience,
                                         const Log& log);

  // `patience`: ms for the whole header. The references outlive the connection.
  ProxyProtocol(SocketConnection& connection, const ProxyProtocolOptions& options,
                FirstSpeakers& speakers, std::uint64_t patience, const Log& log);

  void bytes(std::span<char> data) override;
  void end_of_input() override;
  void room() override {}
  void timeout() override;
  void drain() override;
  void lost() override {}

 private:
  void take(const ProxyHeader& header, std::span<char> data);
  void give_on(std::span<char> rest);
  void refuse(const char* trouble);

  SocketConnection& connection_;
  const ProxyProtocolOptions& options_;
  FirstSpeakers& speakers_;
  const std::uint64_t patience_;
  const Log& log_;
  std::string kept_;  // a header in pieces: less than ProxyHeader::kMostBinary
  bool draining_ = false;
};

}  // namespace server
