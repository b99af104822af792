// A connection that is one stream of HTTP/2 (RFC 8441, RFC 9113 section 8.5): what a request with
// :protocol has become.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "server/connection.h"
#include "server/http2/occupant.h"
#include "server/upgrade.h"

namespace server::http2 {

class Tunnel;

// The HTTP/2 connection as its tunnels see it. Owns them: a tunnel that was `closed` is still shown
// to nghttp2 until its stream is closed, too.
class TunnelCarrier : public ConnectionOwner {
 public:
  // Something is to be sent, or told by `settle`: both at the turn's end.
  virtual void is_due(Tunnel& tunnel) = 0;
  // So much more may the client send on the stream.
  virtual void input_taken(Tunnel& tunnel, std::size_t size) = 0;
  // How many bytes would leave at once, as windows and connection are now.
  virtual std::size_t room_for(const Tunnel& tunnel) const = 0;
  virtual void limit_unsent(int bytes) = 0;
  virtual Address remote() = 0;
  virtual Address local() = 0;
  virtual const tls::Channel* tls() const = 0;
  // Buffers of the loop: an idle tunnel has none.
  virtual std::string take_buffer() = 0;
  virtual void give_back(std::string buffer) = 0;

 protected:
  ~TunnelCarrier() = default;
};

// Input is bounded by the window of the stream, which is given back only for what the protocol
// took. Output that waits for a window or for the connection is queued here without a limit of its
// own, as on a socket: whoever writes asks `has_room`.
class Tunnel final : public Connection, public Occupant {
 public:
  // `early` is what came before the answer.
  Tunnel(TunnelCarrier& carrier, Loop& loop, std::int32_t stream, std::uint64_t number,
         std::unique_ptr<UpgradeToken> token, std::string early);
  ~Tunnel() override;

  std::size_t queued() const override;
  std::uint32_t progress() const override;
  void limit_unsent(int bytes) override { carrier_.limit_unsent(bytes); }
  bool send_file(FileRange& file, bool zero_copy) override;
  Address remote() const override { return carrier_.remote(); }
  Address local() const override { return carrier_.local(); }
  const tls::Channel* tls() const override { return carrier_.tls(); }
  bool is_tunnel() const override { return true; }

  // --- for the HTTP/2 connection -----------------------------------------------------------------
  void input(std::span<char> bytes);  // DATA; not from within nghttp2
  // Tells the protocol what has happened. Not from within nghttp2, nor from a write.
  void settle();
  bool is_installed() const { return token_ == nullptr; }
  bool is_closed() const { return closed_; }
  void cut() { doom(); }  // closes at the turn's end

  std::string_view waiting() const { return std::string_view(output_).substr(framed_); }
  bool ends() const;  // behind what waits
  bool has_more() const { return !waiting().empty() || (ends() && !end_framed_); }
  bool has_ended() const { return end_framed_; }
  void framed(std::size_t size, bool end);  // so much of what waited is on its way
  bool stream_is_closed() const { return stream_closed_; }
  void stream_closed() { stream_closed_ = true; }

  Tunnel* next_tunnel() { return static_cast<Tunnel*>(next); }  // of the carrier's
  bool due = false;                                             // stands in another list of its

 private:
  void start_reading() override;
  void stop_reading() override {}  // `paused_` says it
  void send(std::string_view bytes, std::string_view more) override;
  bool end_output(bool input_follows) override;
  void release() override;

  void install();
  void deliver_unread();

  TunnelCarrier& carrier_;
  std::unique_ptr<UpgradeToken> token_;  // until it has made the protocol
  std::string unread_;                   // came while nobody read; the client waits for its window
  std::string output_;
  std::size_t framed_ = 0;  // of `output_`
  bool end_wanted_ = false;
  bool end_framed_ = false;
  bool stream_closed_ = false;  // nghttp2 knows it no more
};

}  // namespace server::http2
