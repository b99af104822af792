// Where records of all TLS connections of one owner on one loop pass through.
#include "server/tls/record_buffers.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

#include "server/tls/openssl.h"

namespace server::tls {

void RecordBuffers::FreeBio::operator()(bio_st* bio) const { BIO_free(bio); }
void RecordBuffers::FreeMethod::operator()(bio_method_st* method) const { BIO_meth_free(method); }

RecordBuffers::RecordBuffers(Loop& loop)
    : warm_(loop),
      output_(std::make_unique_for_overwrite<char[]>(kRoom)),
      method_(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "records of a loop")),
      bio_(method_ != nullptr ? BIO_new(method_.get()) : nullptr) {
  if (bio_ == nullptr) throw std::bad_alloc();
  BIO_meth_set_read(method_.get(), &RecordBuffers::read);
  BIO_meth_set_write(method_.get(), &RecordBuffers::write);
  BIO_meth_set_ctrl(method_.get(), [](BIO*, int command, long, void*) -> long {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  });
  BIO_set_data(bio_.get(), this);
  BIO_set_init(bio_.get(), 1);
}

RecordBuffers::~RecordBuffers() = default;

int RecordBuffers::read(BIO* bio, char* into, int size) {
  auto& self = *static_cast<RecordBuffers*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const std::size_t there = std::min(self.input_.size(), static_cast<std::size_t>(size));
  if (there == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  std::memcpy(into, self.input_.data(), there);
  self.input_.remove_prefix(there);
  return static_cast<int>(there);
}

// What does not fit waits in OpenSSL, which no caller of ours lets happen.
int RecordBuffers::write(BIO* bio, const char* bytes, int size) {
  auto& self = *static_cast<RecordBuffers*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const auto count = static_cast<std::size_t>(size);
  if (count > kRoom - self.written_) {
    BIO_set_retry_write(bio);
    return -1;
  }
  std::memcpy(self.output_.get() + self.written_, bytes, count);
  self.written_ += count;
  return size;
}

void RecordBuffers::put_first(std::string_view records) {
  assert(records.size() <= kRoom - written_);
  std::memmove(output_.get() + records.size(), output_.get(), written_);
  std::memcpy(output_.get(), records.data(), records.size());
  written_ += records.size();
}

char* RecordBuffers::plain() {
  if (plain_ == nullptr) plain_ = std::make_unique_for_overwrite<char[]>(kSlice);
  return plain_.get();
}

}  // namespace server::tls
