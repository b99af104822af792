// One TLS connection behind its handshake: records in, records out, and what was agreed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "server/tls/warm_channels.h"

struct ssl_st;

namespace server::tls {

class Context;
class RecordBuffers;
struct Facts;

struct FreeSsl {
  void operator()(ssl_st* ssl) const;
};
using SslPointer = std::unique_ptr<ssl_st, FreeSsl>;

// Owner thread: its connection's loop.
class Channel {
 public:
  // `ssl` has shaken hands through the buffers' BIO. Context: null for a client.
  // `first` goes ahead of the first output: the handshake's last records, which need not leave
  // alone when an answer follows.
  Channel(SslPointer ssl, RecordBuffers& buffers, std::shared_ptr<const Context> context,
          std::string server_name, std::string first = {});
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // --- what was agreed; constant ---
  std::string_view protocol() const;                             // "TLSv1.3"
  std::string_view server_name() const { return server_name_; }  // SNI, lower case; empty: none
  std::string_view alpn() const;                                 // "h2", "http/1.1" or empty
  // All there is to know, for any thread and as long as wanted; made at the first call.
  const std::shared_ptr<const Facts>& facts() const;
  // Whether a request for `host` (a Host field without its port) may come over this connection:
  // it belongs to the same SSLHostConfig as the name the client sent (RFC 9110 section 7.4).
  bool serves(std::string_view host) const;

  // --- records, for the socket under it ---
  // The most that OpenSSL keeps of earlier input: `decrypt` may write so much more than it reads.
  static constexpr std::size_t kHeld = 18 * 1024;

  // Of what TLS itself says to a peer's wishes: new keys, refusals. A peer that wishes on without
  // reading would fill the queue, which no protocol watches; beyond, it is broken, and what came
  // with the last of them is dropped.
  static constexpr std::size_t kMostReplies = 64 * 1024;  // bytes in the connection's life

  enum class Input : std::uint8_t { open, ended, broken };
  // All of `records`; the plain bytes go to `into`, which may begin kHeld bytes before them, and
  // `size` becomes their number. Ended: the peer said so. Broken: no more can be made of it; the
  // log says why. Words for the peer may be in `output` behind each of these.
  Input decrypt(std::string_view records, char* into, std::size_t& size);
  // At most RecordBuffers::kSlice at once, and two slices before `clear_output`. False: broken.
  bool encrypt(std::string_view plain, std::uint64_t now);
  void say_goodbye();        // close_notify, once
  bool has_replied() const;  // to what was decrypted last
  bool holds_first() const { return !first_.empty(); }
  std::string_view output();
  void clear_output();
  char* plain_room();  // for a slice of the owner's, until the next call
  const std::string& why() const { return why_; }  // it is broken

 private:
  friend class WarmChannels;

  const SslPointer ssl_;
  RecordBuffers& buffers_;
  const std::shared_ptr<const Context> context_;
  const std::string server_name_;
  std::string first_;
  std::string why_;
  mutable std::shared_ptr<const Facts> facts_;
  std::uint64_t last_write_ = 0;  // ms
  std::size_t replies_ = 0;       // bytes
  std::size_t place_ = WarmChannels::kNone;
  bool used_ = false;      // since the warm ones were looked at
  std::size_t burst_ = 0;  // bytes written since the peer was given time to open its window
};

}  // namespace server::tls
