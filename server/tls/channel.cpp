// One TLS connection behind its handshake: records in, records out, and what was agreed.
#include "server/tls/channel.h"

#include <utility>

#include "server/tls/context.h"
#include "server/tls/facts.h"
#include "server/tls/openssl.h"
#include "server/tls/record_buffers.h"

namespace server::tls {

namespace {

// A reader can use a record only when all of it is there. While TCP's window is small, records as
// short as a segment let it begin sooner; later, long ones cost less.
constexpr std::size_t kShortRecord = 1'350;
constexpr std::size_t kShortRecords = 48 * 1024;  // bytes in them
constexpr std::uint64_t kSilence = 1'000;         // ms, then TCP begins anew

}  // namespace

void FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }

Channel::Channel(SslPointer ssl, RecordBuffers& buffers, std::shared_ptr<const Context> context,
                 std::string server_name, std::string first)
    : ssl_(std::move(ssl)),
      buffers_(buffers),
      context_(std::move(context)),
      server_name_(std::move(server_name)),
      first_(std::move(first)) {
  SSL_set_read_ahead(ssl_.get(), 1);  // what is there at once, not head and body of each record
}

Channel::~Channel() { buffers_.warm().forget(*this); }

// --- records -------------------------------------------------------------------------------------

Channel::Input Channel::decrypt(std::string_view records, char* into, std::size_t& size) {
  size = 0;
  buffers_.warm().use(*this);
  buffers_.show(records);
  bool good = true;
  do {
    std::size_t got = 0;
    // More than this is never there at once: the bytes held before, and those shown.
    good = SSL_read_ex(ssl_.get(), into + size, records.size() + kHeld - size, &got) == 1;
    size += got;
  } while (good && (buffers_.unread() != 0 || SSL_has_pending(ssl_.get()) == 1));
  const std::size_t unread = buffers_.unread();
  buffers_.show({});
  if (replies_ += buffers_.written().size(); replies_ > kMostReplies) {
    why_ = "too many wishes of TLS's own";
    size = 0;
    return Input::broken;
  }
  if (good || SSL_want(ssl_.get()) == SSL_READING) return Input::open;
  // SSL_get_error would take errors that others have left on this thread for this one.
  const bool alert = ERR_GET_REASON(ERR_peek_last_error()) >= SSL_AD_REASON_OFFSET;
  const std::string reason = error_text();
  if ((SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0 && !alert) return Input::ended;
  why_ = reason + (unread != 0 ? ", input follows" : "");
  return Input::broken;
}

bool Channel::encrypt(std::string_view plain, std::uint64_t now) {
  if (now - last_write_ > kSilence) burst_ = 0;
  last_write_ = now;
  while (!plain.empty()) {
    const std::size_t most = burst_ < kShortRecords ? kShortRecord : plain.size();
    const std::string_view piece = plain.substr(0, most);
    std::size_t done = 0;
    if (SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &done) != 1) {
      why_ = error_text();
      return false;
    }
    burst_ += done;
    plain.remove_prefix(done);
  }
  return true;
}

void Channel::say_goodbye() {
  if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) return;
  SSL_shutdown(ssl_.get());
}

bool Channel::has_replied() const { return !buffers_.written().empty(); }

std::string_view Channel::output() {
  if (!first_.empty()) {
    buffers_.put_first(first_);
    first_ = {};
  }
  return buffers_.written();
}

void Channel::clear_output() { buffers_.clear_written(); }

char* Channel::plain_room() { return buffers_.plain(); }

// --- what was agreed -----------------------------------------------------------------------------

std::string_view Channel::protocol() const { return SSL_get_version(ssl_.get()); }

std::string_view Channel::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

const std::shared_ptr<const Facts>& Channel::facts() const {
  if (facts_ == nullptr) facts_ = std::make_shared<const Facts>(read_facts(*ssl_, server_name_));
  return facts_;
}

bool Channel::serves(std::string_view host) const {
  return context_ == nullptr || context_->host_of(host) == context_->host_of(server_name_);
}

}  // namespace server::tls
