// A connection that is a socket: accepted or connected, reads into the loop's buffer.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "server/connection.h"
#include "server/tls/channel.h"

struct sockaddr;

namespace server {

class SocketConnection final : public Connection {
 public:
  SocketConnection(Loop& loop, ConnectionOwner& owner, bool unix_domain);
  ~SocketConnection() override;

  // The handle for the listener to accept into; then `open`.
  struct Stream;
  Stream& stream() { return *reinterpret_cast<Stream*>(stream_); }
  // Instead of accepting: `done` hears what went wrong, or null, and then opens; nothing when it is
  // closed before. Maybe within this call.
  void connect(const sockaddr& to, std::function<void(const char* error)> done);

  // From now on the channel stands between protocol and socket; what was written before is not
  // encrypted. `take_records` gives it input that somebody else has read from the socket; it is
  // overwritten.
  void encrypt(std::unique_ptr<tls::Channel> channel);
  void take_records(std::span<char> records);

  // From now on these are `remote` and `local`: what a proxy says of its client.
  void present(const Address& remote, const Address& local);

  std::size_t queued() const override;
  std::uint32_t progress() const override;
  void limit_unsent(int bytes) override;
  bool send_file(FileRange& file, bool zero_copy) override;
  Address remote() const override;
  Address local() const override;
  const tls::Channel* tls() const override;

 private:
  struct Queue;
  struct Connecting;
  struct Presented;

  void start_reading() override;
  void stop_reading() override;
  void send(std::string_view bytes, std::string_view more) override;
  bool end_output(bool input_follows) override;
  void release() override;

  void on_read(std::ptrdiff_t size, char* data);
  void on_records(std::string_view records, char* into);
  void send_records(std::string_view bytes, std::string_view more);
  void send_to_socket(std::string_view bytes, std::string_view more);
  void send_output();
  bool send_file_encrypted(FileRange& file);
  bool send_now(iovec (&parts)[2], std::size_t& done);
  void enqueue(std::string_view bytes);
  std::size_t unwritten() const;
  void flush_before_more();
  void send_queue();
  void sent(int status);
  int descriptor() const;

  bool reading_ = false;  // first, where it fills a gap
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<tls::Channel> channel_;  // null: not encrypted
  std::unique_ptr<Presented> presented_;   // null: the socket's own addresses
  alignas(8) unsigned char stream_[264];   // uv_tcp_t or uv_pipe_t; the .cpp checks the size
};

}  // namespace server
