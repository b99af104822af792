// Where a plugin's endpoint takes a connection over: the interface "upgrade/1" of abi_upgrade.h.
#include "container/upgrade_bridge.h"

#include <margay/text.h>

#include <string_view>

#include "container/invocation.h"
#include "container/stream_protocol.h"

namespace container {

namespace {

using margay::view;
Invocation& call(margay_exchange* exchange) { return *reinterpret_cast<Invocation*>(exchange); }
StreamProtocol& stream(margay_connection* connection) {
  return *reinterpret_cast<StreamProtocol*>(connection);
}
StreamLink& link(margay_async_connection* held) { return *reinterpret_cast<StreamLink*>(held); }

// RFC 9110 section 7.8: the client names what it would speak, in any case and any number.
bool names_protocol(const server::RequestHead& request, std::string_view protocol) {
  for (const server::Field& field : request.fields)
    if (std::string_view(field.name) == "upgrade" && server::has_token(field.value, protocol))
      return true;
  return false;
}

int offered(margay_exchange* exchange, margay_str protocol) {
  const server::Exchange& its = call(exchange).exchange();
  return its.upgradable() && names_protocol(its.request, view(protocol)) ? 1 : 0;
}

margay_result upgrade(margay_exchange* exchange, margay_str protocol,
                      const margay_protocol* callbacks, void* self) {
  if (callbacks == nullptr || callbacks->size < sizeof(margay_protocol)) return MARGAY_FAILED;
  StreamPeer peer(*callbacks, self);
  Invocation& invocation = call(exchange);
  server::Exchange& its = invocation.exchange();
  if (its.ended()) return MARGAY_CLOSED;
  if (!invocation.in_endpoint() || offered(exchange, protocol) == 0) return MARGAY_FAILED;
  const MappedEndpoint& endpoint = *invocation.endpoint();
  endpoint.log.debug("{} takes {} {} over as {}", endpoint.title, its.request.method,
                     its.request.target, view(protocol));
  const StreamOptions options{
      .residents = invocation.application()->residents.get(),
      .title = endpoint.title.c_str(),
      .write_timeout = static_cast<std::uint64_t>(its.limits().write_timeout.count())};
  return invocation.upgrade(
      view(protocol), std::make_unique<StreamToken>(view(protocol), std::move(peer), options));
}

margay_async_connection* hold(margay_connection* connection) {
  return reinterpret_cast<margay_async_connection*>(stream(connection).hold());
}

}  // namespace

const margay_upgrades& upgrade_functions() {
  static const margay_upgrades table{
      .size = sizeof(margay_upgrades),
      .offered = offered,
      .upgrade = upgrade,
      .write = [](margay_connection* c, margay_str bytes) { return stream(c).write(view(bytes)); },
      .close = [](margay_connection* c) { stream(c).close(); },
      .cut = [](margay_connection* c) { stream(c).cut(); },
      .pause = [](margay_connection* c) { stream(c).pause(); },
      .resume = [](margay_connection* c) { stream(c).resume(); },
      .arm = [](margay_connection* c, uint64_t milliseconds) { stream(c).arm(milliseconds); },
      .hold = hold,
      .post = [](margay_async_connection* held, void (*run)(void*, margay_connection*),
                 void* arg) { return link(held).post(run, arg); },
      .release = [](margay_async_connection* held) { link(held).release(); },
  };
  return table;
}

}  // namespace container
