// Where records of all TLS connections of one owner on one loop pass through.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "server/tls/warm_channels.h"

struct bio_method_st;
struct bio_st;

namespace server::tls {

// Owner thread: its loop; outlives its connections. OpenSSL reads and writes here by a BIO that all
// connections share, since only one of them is at work at a time: so none has buffers of its own
// while it is idle.
class RecordBuffers {
 public:
  static constexpr std::size_t kSlice = 64 * 1024;  // of plain bytes, encrypted at once
  // Two slices and what records add to them; a handshake's flight is shorter.
  static constexpr std::size_t kRoom = 2 * kSlice + 32 * 1024;

  explicit RecordBuffers(Loop& loop);
  ~RecordBuffers();
  RecordBuffers(const RecordBuffers&) = delete;
  RecordBuffers& operator=(const RecordBuffers&) = delete;

  bio_st* bio() { return bio_.get(); }

  void show(std::string_view records) { input_ = records; }  // to be read from now on
  std::size_t unread() const { return input_.size(); }
  std::string_view written() const { return {output_.get(), written_}; }
  void clear_written() { written_ = 0; }

  // Records that were written before all that are there now.
  void put_first(std::string_view records);

  char* plain();  // room for a slice, for whoever has no other

  WarmChannels& warm() { return warm_; }

 private:
  struct FreeBio {
    void operator()(bio_st* bio) const;
  };
  struct FreeMethod {
    void operator()(bio_method_st* method) const;
  };
  static int read(bio_st* bio, char* into, int size);
  static int write(bio_st* bio, const char* bytes, int size);

  WarmChannels warm_;
  std::string_view input_;
  std::size_t written_ = 0;
  std::unique_ptr<char[]> output_;  // made with the first connection
  std::unique_ptr<char[]> plain_;
  std::unique_ptr<bio_method_st, FreeMethod> method_;
  std::unique_ptr<bio_st, FreeBio> bio_;
};

}  // namespace server::tls
