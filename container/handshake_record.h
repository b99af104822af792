// What the handshake of a WebSocket left: constant, compact, and readable as long as somebody holds
// it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <margay/abi_websocket.h>

#include "container/security/held_token.h"
#include "server/message.h"
#include "server/tls/facts.h"
#include "server/websocket/counted.h"

namespace container {

// One heap block: every idle socket has one. Any thread.
class HandshakeRecord final : public server::websocket::Counted {
 public:
  static constexpr std::size_t kTexts = MARGAY_WS_BINDING + 1;
  struct Source {
    std::array<std::string_view, kTexts> texts;
    std::string_view scope;                    // of its topics
    std::span<const margay_field> parameters;  // path variables
    // Kept but for those of the handshake itself (Upgrade, Connection, Sec-WebSocket-Key, -Version,
    // -Extensions), which are over.
    std::span<const server::Field> fields;
    std::shared_ptr<const server::tls::Facts> tls;     // null: not encrypted
    std::unique_ptr<const security::HeldToken> token;  // null: it came without
  };
  // With one count.
  static HandshakeRecord& make(Source source);

  std::string_view text(int what) const;  // {} when there is no such text
  std::string_view scope() const override;
  std::optional<margay_field> parameter(std::uint32_t index) const;
  std::optional<margay_field> field(std::uint32_t index) const;
  const server::tls::Facts* tls() const { return tls_.get(); }       // null: not encrypted
  const security::HeldToken* token() const { return token_.get(); }  // null: it came without

 private:
  HandshakeRecord(std::uint16_t fields, Source& source)
      : parameters_(static_cast<std::uint16_t>(source.parameters.size())),
        fields_(fields),
        tls_(std::move(source.tls)),
        token_(std::move(source.token)) {}
  static void operator delete(void* memory) { ::operator delete(memory); }
  std::string_view nth(std::size_t index) const;
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }

  // Behind the object: texts, scope, names and values, each behind its length (16 bits, and 65535
  // with 32 more for the long ones).
  const std::uint16_t parameters_, fields_;
  const std::shared_ptr<const server::tls::Facts> tls_;
  const std::unique_ptr<const security::HeldToken> token_;
};

// For MARGAY_SESSION_ID: 128 random bits of the kernel's, so that nobody guesses another's.
std::string random_session_id();

inline const margay_handshake* handle(const HandshakeRecord* record) {
  return reinterpret_cast<const margay_handshake*>(record);
}

}  // namespace container
