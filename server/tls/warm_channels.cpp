// Which TLS connections of a loop keep OpenSSL's own buffers between records.
#include "server/tls/warm_channels.h"

#include <openssl/ssl.h>

#include "server/tls/channel.h"

namespace server::tls {

void WarmChannels::use(Channel& channel) {
  channel.used_ = true;
  if (channel.place_ != kNone) return;
  SSL_clear_mode(channel.ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
  if (channels_.empty()) loop_.arm(*this, kRest);
  if (channels_.size() < kMost) {
    channel.place_ = channels_.size();
    channels_.push_back(&channel);
    return;
  }
  channel.place_ = oldest_;
  cool(*channels_[oldest_]);
  channels_[oldest_] = &channel;
  oldest_ = (oldest_ + 1) % kMost;
}

void WarmChannels::forget(Channel& channel) {
  if (channel.place_ == kNone) return;
  channels_[channel.place_] = channels_.back();
  channels_[channel.place_]->place_ = channel.place_;
  channels_.pop_back();
  channel.place_ = kNone;
  if (channels_.empty()) loop_.forget(*this);
}

// What holds a part of a record lets its buffer go behind the rest of it.
void WarmChannels::cool(Channel& channel) {
  channel.place_ = kNone;
  SSL_set_mode(channel.ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_free_buffers(channel.ssl_.get());
}

void WarmChannels::expired() {
  for (std::size_t i = channels_.size(); i-- > 0;) {
    Channel& channel = *channels_[i];
    if (std::exchange(channel.used_, false)) continue;
    forget(channel);
    cool(channel);
  }
  if (!channels_.empty()) loop_.arm(*this, kRest);
}

}  // namespace server::tls
