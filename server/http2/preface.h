// The first bytes of a connection that is not encrypted: HTTP/2 by prior knowledge, or HTTP/1
// (RFC 9113 sections 3.3 and 3.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "server/connection.h"
#include "server/protocol.h"
#include "server/speakers.h"

namespace server::http2 {

class Preface final : public Protocol {
 public:
  // `patience`: ms for the preface or for the first byte of another kind.
  Preface(Connection& connection, Speakers& speakers, std::uint64_t patience);

  void bytes(std::span<char> data) override;
  void end_of_input() override;
  void room() override {}
  void timeout() override { connection_.close(); }
  void drain() override;
  void lost() override {}

 private:
  void become(bool http2, std::span<char> data);

  Connection& connection_;
  Speakers& speakers_;
  const std::uint64_t patience_;
  std::size_t matched_ = 0;  // bytes of the preface, before these
  bool draining_ = false;
};

}  // namespace server::http2
