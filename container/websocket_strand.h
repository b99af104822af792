// The plugin's end of one WebSocket whose type may block: called on workers, one call at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "container/mapping.h"
#include "container/websocket_peer.h"
#include "server/loop.h"
#include "server/websocket/hub.h"
#include "server/workers.h"

namespace container {

// What happens to the socket is left here by its loop and told to the type in order. At most
// `inbound_messages` or kMaxBytes wait, then the socket is not read until some are done; it takes a
// place in the workers' queue only while something waits. Ends itself, on its loop.
class WorkerPeer final : public server::websocket::Peer, private server::Work {
 public:
  WorkerPeer(const MappedWebSocket& socket, PeerObject peer, server::websocket::Hub& hub,
             server::Workers& workers, server::Loop& loop)
      : socket_(socket),
        type_(*socket.type, socket.self),
        peer_(std::move(peer)),
        hub_(hub),
        workers_(workers),
        loop_(loop),
        ending_(*this) {}

  bool opened(server::websocket::Session session, void*) override;
  server::websocket::Heard message(server::websocket::Session session, void*,
                                   server::websocket::Opcode kind, std::string_view bytes,
                                   bool last) override;
  server::websocket::Heard pong(server::websocket::Session session, void*,
                                std::string_view payload) override;
  void drained(server::websocket::Session session, void*) override;
  bool leaving(server::websocket::Session session, void*, std::uint16_t code,
               std::string_view reason) override;
  void failed(server::websocket::Session session, void*, std::string_view what) override;
  void closed(server::websocket::Session session, void*, std::uint16_t code,
              std::string_view reason) override;

 private:
  static constexpr std::size_t kMaxBytes = 1024 * 1024;

  struct Happening {
    enum class What : std::uint8_t { open, message, drain, leave, error, close };
    What what;
    std::uint8_t kind = 0;
    bool last = true;
    std::uint16_t code = 0;
    std::string bytes;
  };

  // Lets go of the object where none of its code is on the stack.
  struct Ending final : server::Task {
    explicit Ending(WorkerPeer& its) : peer(its) {}
    void run() override { delete &peer; }
    WorkerPeer& peer;
  };

  bool add(Happening happening);  // false: enough waits
  bool is_full() const;
  void tell(const Happening& happening);
  void run() override;  // on a worker
  const char* title() const override { return socket_.title.c_str(); }

  const MappedWebSocket& socket_;
  const SocketType type_;
  PeerObject peer_;
  server::websocket::Hub& hub_;
  server::Workers& workers_;
  server::Loop& loop_;
  server::websocket::Session session_;
  Ending ending_;
  std::mutex mutex_;  // guards what follows
  std::vector<Happening> waiting_;
  std::size_t count_ = 0, bytes_ = 0;  // of messages that wait or are being told
  bool running_ = false;               // in the workers' hands
  bool full_ = false;                  // the loop was told to read no more
};

}  // namespace container
