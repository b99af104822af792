// Where connections come in (Tomcat's Connector): one listener per loop, limits, drain and stop.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/http1/http1.h"
#include "server/http2/options.h"
#include "server/loop.h"
#include "server/proxy_protocol.h"
#include "server/service.h"
#include "server/tls/context.h"

namespace server {

struct ConnectorOptions {
  std::string address;                         // empty: all addresses, IPv6 and IPv4
  std::uint16_t port = 8080;                   // 0: a free one, see port()
  std::string unix_domain_socket;              // instead of address and port
  std::string unix_domain_socket_permissions;  // "rw-rw----"; empty: by umask
  int inherited_descriptor = -1;        // a listening socket from systemd instead; stays open
  int accept_count = 1024;              // backlog of the kernel
  std::int64_t max_connections = 8192;  // more wait in the backlog; -1: no limit
  bool tcp_no_delay = true;
  std::optional<ProxyProtocolOptions> proxy_protocol;  // none: connections are their peers' own
  http1::Options http1;
  std::optional<http2::Options> http2;      // none: HTTP/2 is not spoken
  std::shared_ptr<const tls::Context> tls;  // null: not encrypted
};

// Made, started and stopped by the control thread; everything else happens on the loops.
class Connector {
 public:
  Connector(ConnectorOptions options, std::vector<Loop*> loops, Service& service);
  ~Connector();  // after close(): waits until the last handle is gone
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  // Binds and listens on every loop. Throws std::runtime_error with the reason and the address.
  // Behind a `predecessor` on the same address it shares that one's sockets, so that no connection
  // is lost between the two.
  void listen(const Connector* predecessor = nullptr);
  // The file of the Unix domain socket is removed by this one from now on.
  void take_path_from(Connector& predecessor) { inode_ = std::exchange(predecessor.inode_, 0); }
  std::uint16_t port() const { return port_; }
  std::string title() const;  // "http-nio"-like: "http://[::]:8080"

  void drain();  // accept nothing more; finish what is in flight, answers say Connection: close
  void close();  // cut every connection
  std::size_t connections() const { return connections_.load(std::memory_order_relaxed); }
  bool draining() const { return draining_.load(std::memory_order_relaxed); }  // any thread
  std::uint64_t accepted() const { return accepted_.load(std::memory_order_relaxed); }

  // HTTP/2 connections that were ended for abuse. Any thread.
  std::uint64_t http2_abuses() const { return http2_abuses_.load(std::memory_order_relaxed); }

  // Any thread: new connections are shown these certificates. Only where `options().tls` is set.
  void set_tls(std::shared_ptr<const tls::Context> context);

  // Of TLS since the start; any thread.
  struct Handshakes {
    std::uint64_t done = 0;
    std::uint64_t resumed = 0;  // of the done
    std::uint64_t failed = 0;
    std::uint64_t under_way = 0;  // now
  };
  Handshakes handshakes() const;

  const ConnectorOptions& options() const { return options_; }

 private:
  class Listener;
  friend class Listener;
  void on_each_loop(void (Listener::*step)());

  const ConnectorOptions options_;
  std::vector<Loop*> loops_;
  Service& service_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<int> descriptors_;  // the listeners', by loop; theirs to close
  std::atomic<std::size_t> connections_{0};
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> http2_abuses_{0};
  std::atomic<bool> parked_{false};  // some listener holds a connection back: maxConnections
  std::atomic<bool> draining_{false};
  std::uint16_t port_ = 0;
  std::uint64_t inode_ = 0;  // of the Unix domain socket, to remove no other's
};

}  // namespace server
