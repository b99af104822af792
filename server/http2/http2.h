// HTTP/2 on a connection (RFC 9113), over nghttp2: streams to exchanges and answers back.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/connection.h"
#include "server/http1/http1.h"
#include "server/http2/closed_streams.h"
#include "server/http2/frame_position.h"
#include "server/http2/memory.h"
#include "server/http2/options.h"
#include "server/http2/overhead.h"
#include "server/http2/stream.h"
#include "server/http2/tunnel.h"
#include "server/protocol.h"
#include "server/service.h"

struct nghttp2_session;

namespace server::http2 {

// What the connections of one listener share; outlives them.
struct Shared {
  Service& service;
  const http1::Options& http1;  // limits and rules that hold for both
  const Options& options;
  Memory& memory;                                // of the loop
  std::atomic<std::uint64_t>* abuses = nullptr;  // counts connections that were ended for abuse
};

// What a frame of DATA carries at most: four fill the cork.
inline constexpr std::size_t kFrame = Cork::kRoom / 4 - kFrameHead;

class Http2 final : public Protocol, private Wire, private TunnelCarrier, private Task {
 public:
  Http2(Connection& connection, const Shared& shared);
  ~Http2() override;

  void bytes(std::span<char> data) override;
  void end_of_input() override;
  void room() override;
  void timeout() override;
  void drain() override;
  void lost() override;

 private:
  // Bytes of bodies in one turn; then other connections are served.
  static constexpr std::size_t kTurn = 1024 * 1024;

  struct Calls;  // nghttp2's, to the functions here
  struct More;
  struct Closer {
    void operator()(nghttp2_session* session) const;
  };
  enum class Going : std::uint8_t { no, announced, said };

  // --- the wire of its exchanges ---
  void output(Exchange& exchange) override;
  void input_wanted(Exchange& exchange) override;
  bool has_room(const Exchange& exchange) const override;
  Address remote() override;
  Address local() override { return connection_.local(); }
  const tls::Channel* tls() const override { return connection_.tls(); }
  void run() override;  // at the turn's end

  // --- what carries its tunnels: tunnels.cpp ---
  void is_due(Tunnel& tunnel) override;
  void input_taken(Tunnel& tunnel, std::size_t size) override;
  std::size_t room_for(const Tunnel& tunnel) const override;
  void limit_unsent(int bytes) override;
  std::string take_buffer() override { return shared_.memory.take_buffer(); }
  void give_back(std::string buffer) override { shared_.memory.give_back(std::move(buffer)); }
  void closed(Connection& connection) override;
  void open_tunnel(Stream& stream);
  void tunnel_input(Tunnel& tunnel, std::string_view piece);
  void tunnel_ended(Tunnel& tunnel);
  void stream_closed(Tunnel& tunnel);
  void forget(Tunnel& tunnel);
  void resume_tunnels();
  void settle_tunnels();
  void drain_tunnels();
  void drain(Tunnel& tunnel);
  void close_tunnels();
  std::ptrdiff_t offer(Tunnel& tunnel, std::size_t room, std::uint32_t& flags);
  int write_frame(Tunnel& tunnel, const unsigned char* head, std::size_t size);

  // --- requests in: streams.cpp ---
  void open_stream(std::int32_t id);
  void head_complete(Stream& stream, bool ended);
  void begin_trailers();
  void trailer(Stream& stream, std::string_view name, std::string_view value);
  void body(std::int32_t id, Stream* stream, std::string_view piece);
  void body_complete(Stream& stream);
  bool awaits_body(const Stream& stream) const;
  void body_is_late(Stream& stream);
  void unlink(Stream& stream);
  void leave(Stream& stream);
  void offer_continue(Stream& stream);
  void return_window(Stream& stream);

  // --- answers out: answers.cpp ---
  void submit(Stream& stream, const Exchange::Output& output);
  void submit_no_tunnel(Stream& stream, bool last);
  void submit_tunnel(Tunnel& tunnel, const ResponseHead& head);
  std::ptrdiff_t offer_body(Stream& stream, std::size_t room, std::uint32_t& flags);
  int write_frame(Stream& stream, const unsigned char* head, std::size_t size);
  static bool read_file(FileRange& file, char* to, std::size_t size);
  void refuse_rest(Stream& stream);
  void reset_stream(Stream& stream, std::uint32_t code);
  void give_up(const Stream& stream, std::uint32_t code,
               std::string_view why);  // the client's doing
  bool has_window(std::int32_t id) const;
  bool awaits_window(const Stream& stream) const;

  // --- what the client may not: frame_rules.cpp ---
  bool frame_begins(const FramePosition::Head& head);
  void check_stream(std::int32_t id);
  void note_windows();
  void check_windows(std::uint32_t initial);
  void note_closed(std::int32_t id, const Occupant* occupant, std::uint32_t code);
  void condemn(std::uint32_t code);
  void calm(const char* what);

  // --- the connection: http2.cpp ---
  nghttp2_session* start_session();  // calls.cpp
  void send_settings();
  std::ptrdiff_t receive(std::span<char> data);
  void pump();
  void pump_within_turn();
  bool send_frames();
  bool tell_room();
  void settle();
  bool end_stuck_streams();
  void watch();
  void expect_within(std::uint64_t patience);
  std::uint64_t check_streams();
  void heard_settings() { greeted_ = true; }
  void heard_pong(const std::uint8_t* payload);
  void say_end();
  void end();

  Connection& connection_;
  const Shared& shared_;
  const Options& options_;
  std::unique_ptr<nghttp2_session, Closer> session_;
  More* more_ = nullptr;  // on its way; its own
  Stream* streams_ = nullptr;
  Tunnel* tunnels_ = nullptr;
  std::vector<Tunnel*> due_;       // to be settled at the turn's end
  std::vector<Tunnel*> settling_;  // are being settled
  // By stream: what came behind an extended CONNECT before its answer. Each within its window.
  std::map<std::int32_t, std::string> early_;
  Tunnel* arrived_for_ = nullptr;  // `arrived_` is its DATA, in the bytes being received
  std::span<char> arrived_;
  std::uint32_t open_ = 0;  // streams, of requests and of tunnels
  std::uint32_t requests_ = 0;
  std::size_t turn_ = 0;  // bytes of bodies framed in this turn
  FramePosition position_;
  Overhead overhead_;
  ClosedStreams closed_;
  std::int32_t highest_ = 0;  // of the streams that the client opened
  std::int64_t widened_ = 0;  // see note_windows
  std::string trailers_;      // that are coming in: lines of "name: value" CR LF
  std::size_t trailer_bytes_ = 0;
  bool trailers_too_long_ = false;
  std::uint64_t frame_since_ = 0;  // ms: when the client owed the rest of a frame
  std::uint64_t idle_since_ = 0;   // when the last stream was closed
  std::uint32_t progress_ = 0;     // of the connection, when looked at last
  std::uint64_t progress_at_ = 0;  // when there last was some
  std::uint64_t streams_due_ = 0;  // no stream is late before; 0: none can be
  std::uint64_t goodbye_at_ = 0;   // the last stream is named then, at the latest
  Address remote_;                 // asked for once
  bool knows_remote_ = false;
  int unsent_limit_ = 0;       // of the connection, set for the sake of tunnels; 0: none
  bool queued_ = false;        // output waited for the connection when looked at last
  bool greeted_ = false;       // the client's SETTINGS came
  bool inside_ = false;        // nghttp2, or a walk over the streams, is on the stack
  bool at_turn_end_ = false;   // `run` follows
  bool some_drained_ = false;  // a stream has nothing unsent any more
  bool input_over_ = false;
  bool condemned_ = false;  // an error of the connection: nothing more is heard
  Going going_ = Going::no;
};

}  // namespace server::http2
