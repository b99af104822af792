// Connections that an endpoint takes over behind a 101, to speak a protocol of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <margay/abi_upgrade.h>
#include <margay/config.h>
#include <margay/response.h>

namespace margay {

class AsyncConnection;

// A connection that was taken over. A value; to be used on its loop's thread only, in the functions
// of a Protocol and in what AsyncConnection runs, until its own Protocol is destroyed.
class Connection {
 public:
  Connection(const margay_upgrades& functions, margay_connection& raw)
      : functions_(&functions), raw_(&raw) {}

  // Copies. False: nothing was taken, as it is closing or 128 KiB wait for the peer already; in the
  // second case Protocol::writable follows.
  bool write(std::string_view bytes) { return functions_->write(raw_, str(bytes)) == MARGAY_OK; }
  void close() { functions_->close(raw_); }  // behind what was written; nothing is heard any more
  void cut() { functions_->cut(raw_); }      // at once
  // No bytes from now on, but those that are read already. Not counted.
  void pause() { functions_->pause(raw_); }
  void resume() { functions_->resume(raw_); }
  // Protocol::timeout comes once, so long from now, up to 100 ms late. Replaces the deadline
  // before.
  void arm(std::chrono::milliseconds wait) {
    functions_->arm(raw_, wait.count() < 1 ? 1 : static_cast<std::uint64_t>(wait.count()));
  }
  void disarm() { functions_->arm(raw_, 0); }
  // The right to come back from another thread. Empty when the connection is closing.
  AsyncConnection async();

 private:
  const margay_upgrades* functions_;
  margay_connection* raw_;
};

// What is spoken on one connection; made with the answer, on any thread. Every function runs on the
// connection's loop and must not block; one at a time, never within another. What throws is logged
// and cuts the connection. Destroyed when the connection has gone, also when there never was one;
// on the loop, or where `Upgrade::take` failed.
class Protocol {
 public:
  virtual ~Protocol() = default;
  // The 101 is on its way.
  virtual void opened(Connection) {}
  // All of them are taken: keep what cannot be used yet, and pause when that grows. May be changed
  // in place.
  virtual void bytes(Connection connection, std::span<char> data) = 0;
  // The peer has sent its last byte and may still read.
  virtual void ended(Connection connection) { connection.close(); }
  virtual void writable(Connection) {}
  virtual void timeout(Connection) {}
  // The server stops, or its connector goes: say goodbye and close soon.
  virtual void drain(Connection connection) { connection.close(); }
};

// Reaches a connection from other threads, also when it has gone. Move-only; one thread at a time.
// Let go of it before the destructor of your endpoint returns.
class AsyncConnection {
 public:
  AsyncConnection() = default;
  AsyncConnection(const margay_upgrades& functions, margay_async_connection* raw)
      : functions_(&functions), raw_(raw) {}
  AsyncConnection(AsyncConnection&& other) noexcept
      : functions_(other.functions_), raw_(std::exchange(other.raw_, nullptr)) {}
  AsyncConnection& operator=(AsyncConnection&& other) noexcept {
    if (this != &other) {
      release();
      functions_ = other.functions_;
      raw_ = std::exchange(other.raw_, nullptr);
    }
    return *this;
  }
  ~AsyncConnection() { release(); }

  // Runs `work(Connection)` once on the loop, in the order of calls; destroyed unrun when the
  // connection goes before. False: it has gone, or 1024 calls wait already; `work` is lost then.
  // What it throws cuts the connection.
  template <class Work>
  bool run(Work&& work) {
    using Its = Bound<std::decay_t<Work>>;
    static_assert(std::is_invocable_v<std::decay_t<Work>&, Connection>,
                  "what AsyncConnection runs takes a margay::Connection");
    if (raw_ == nullptr) return false;
    auto bound = std::make_unique<Its>(Its{*functions_, std::forward<Work>(work)});
    if (functions_->post(raw_, Its::run, bound.get()) != MARGAY_OK) return false;
    bound.release();
    return true;
  }
  // Writes, unless the peer is slow: then the bytes are lost. For more say, `run`.
  bool write(std::string bytes) {
    return run([bytes = std::move(bytes)](Connection connection) { connection.write(bytes); });
  }
  void release() {
    if (raw_ != nullptr) functions_->release(std::exchange(raw_, nullptr));
  }
  explicit operator bool() const { return raw_ != nullptr; }

 private:
  template <class Work>
  struct Bound {
    const margay_upgrades& functions;
    Work work;

    static void run(void* self, margay_connection* raw) {
      const std::unique_ptr<Bound> bound(static_cast<Bound*>(self));
      if (raw == nullptr) return;
      Connection connection(bound->functions, *raw);
      try {
        bound->work(connection);
      } catch (...) {
        connection.cut();
      }
    }
  };

  const margay_upgrades* functions_ = nullptr;
  margay_async_connection* raw_ = nullptr;
};

inline AsyncConnection Connection::async() { return {*functions_, functions_->hold(raw_)}; }

namespace detail {

// A protocol with what its trampolines need.
struct Speaker {
  std::unique_ptr<Protocol> protocol;
  const margay_upgrades& functions;
  Logger log;

  template <class Call>
  static void guarded(void* peer, margay_connection* raw, Call&& call) {
    auto& self = *static_cast<Speaker*>(peer);
    Connection connection(self.functions, *raw);
    try {
      return call(*self.protocol, connection);
    } catch (const std::exception& error) {
      self.log.error(error.what());
    } catch (...) {
      self.log.error("an exception that is no std::exception");
    }
    connection.cut();
  }
  template <void (Protocol::*Moment)(Connection)>
  static void moment(void* peer, margay_connection* raw) {
    guarded(peer, raw, [](Protocol& its, Connection connection) { (its.*Moment)(connection); });
  }
  static void bytes(void* peer, margay_connection* raw, char* data, std::size_t size) {
    guarded(peer, raw, [&](Protocol& its, Connection connection) {
      its.bytes(connection, {data, size});
    });
  }
  static void closed(void* peer) { delete static_cast<Speaker*>(peer); }
};

inline constexpr margay_protocol speaker_functions{sizeof(margay_protocol),
                                                   Speaker::moment<&Protocol::opened>,
                                                   Speaker::bytes,
                                                   Speaker::moment<&Protocol::ended>,
                                                   Speaker::moment<&Protocol::writable>,
                                                   Speaker::moment<&Protocol::timeout>,
                                                   Speaker::moment<&Protocol::drain>,
                                                   Speaker::closed};

}  // namespace detail

// The upgrades of one endpoint to one protocol; a member of the endpoint. Any thread.
class Upgrade {
 public:
  // `protocol` is what stands in the field Upgrade. Throws ConfigError where the server has no
  // upgrades.
  Upgrade(const Config& config, std::string protocol)
      : protocol_(std::move(protocol)),
        functions_(
            static_cast<const margay_upgrades*>(config.host().query(&config.raw(), "upgrade/1"))),
        log_(config.logger()) {
    if (functions_ == nullptr)
      throw ConfigError("", "this server cannot upgrade connections: it is too old");
  }

  // Whether the client offers the protocol and could be taken at its word now: HTTP/1.1, its body
  // is complete, nothing is committed.
  bool is_offered(Response& response) const {
    return functions_->offered(&response.exchange(), str(protocol_)) != 0;
  }
  // Answers 101 with the fields that were set, and gives the connection to `protocol`. The answer
  // is over then. False, without `protocol`: it is not offered, or the client has gone.
  bool take(Response& response, std::unique_ptr<Protocol> protocol) const {
    auto* speaker = new detail::Speaker{std::move(protocol), *functions_, log_};
    return functions_->upgrade(&response.exchange(), str(protocol_), &detail::speaker_functions,
                               speaker) == MARGAY_OK;
  }
  // Answers 426: whoever comes here is to come with an upgrade (RFC 9110 section 15.5.22).
  void require(Response& response) const {
    response.header("Upgrade", protocol_);
    response.send_error(426, "This resource speaks " + protocol_ + " behind an upgrade.");
  }
  const std::string& protocol() const { return protocol_; }

 private:
  std::string protocol_;
  const margay_upgrades* functions_;
  Logger log_;
};

}  // namespace margay
