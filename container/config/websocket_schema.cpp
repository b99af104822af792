// The schema's table of <WebSocket> and what stands in it.
#include <utility>

#include "container/config/application_config.h"
#include "container/config/field.h"

namespace container {
namespace {

constexpr std::string_view tomcat_text_buffer = "org.apache.tomcat.websocket.textBufferSize";
constexpr std::string_view tomcat_binary_buffer = "org.apache.tomcat.websocket.binaryBufferSize";

std::shared_ptr<const Element> interceptor_element() {
  return element(
      {.name = "Interceptor",
       .meaning = "Stands around the handshakes of the WebSocket: may refuse them, decide later, "
                  "and leave properties for the session.",
       .attributes = {{"name", or_as("type", text(&InterceptorConfig::name)),
                       "How logs call it; unique within the WebSocket."},
                      {"type", or_as("name", text(&InterceptorConfig::type)),
                       "The interceptor type that a library, or the server itself, offers under "
                       "this name."},
                      {"library",
                       or_else("any that has the type", text(&InterceptorConfig::library)),
                       "The `<Library>` that has the type; needed only where two have it."}},
       .children = {any_number(&InterceptorConfig::parameters, parameter_element())},
       .tomcat = "nothing; as Spring's HandshakeInterceptor",
       .make = fresh<InterceptorConfig>()});
}

Field origins() {
  return {.type = "list",
          .store = [](ConfigElement& element, const Text& text) -> std::optional<FieldError> {
            auto rules = OriginRules::parse(text.value);
            if (!rules) return FieldError{rules.error().complaint, rules.error().offset};
            as<WebSocketConfig>(element).origins_allowed = std::move(*rules);
            return std::nullopt;
          },
          .show = [](const ConfigElement& element) -> std::optional<std::string> {
            return as<WebSocketConfig>(element).origins_allowed.text();
          }};
}

// What it is and where.
std::vector<Attribute> identity() {
  return {{"name", or_as("type", text(&WebSocketConfig::name)),
           "How filters, logs and the status page call it; unique among the application's "
           "WebSockets and endpoints."},
          {"type",
           or_as("name", text(&WebSocketConfig::type)),
           "The WebSocket type that a library, or the server itself, offers under this name.",
           {"the class with @ServerEndpoint"}},
          {"library", or_else("any that has the type", text(&WebSocketConfig::library)),
           "The `<Library>` that has the type; needed only where two have it."},
          {"path",
           located_list(&WebSocketConfig::paths),
           "Paths, as in `<Path>`, separated by commas or white space: `/exact`, `/prefix/*`, and "
           "`/rooms/{id}` or `/files/{path...}` with variables. `/` is the application's root "
           "alone, and there are no extensions. An endpoint may have the same path: it gets what "
           "is no WebSocket handshake.",
           {"value of @ServerEndpoint"}},
          {"dispatch",
           enumeration(&WebSocketConfig::dispatch, {{"declared", DispatchChoice::declared},
                                                    {"worker", DispatchChoice::worker}}),
           "`worker` runs a type on the pool that says of itself that it never blocks; `declared` "
           "believes it."}};
}

std::vector<Attribute> handshake_attributes() {
  return {
      {"origins",
       origins(),
       "The pages that may connect: `same-origin` for those of the very scheme, host and port that "
       "the client connected to, as a proxy's filter may have set them; origins as "
       "`https://example.org`; or `*`. Other pages get 403. Clients that are no browsers send no "
       "origin and may connect.",
       {"checkOrigin of the Configurator", "every origin"}},
      {"subprotocols",
       or_else("what the type says", list(&WebSocketConfig::subprotocols)),
       "Subprotocols it speaks; the first of the client's list that is among them is chosen.",
       {"subprotocols of @ServerEndpoint"}},
      {"requireSubprotocol",
       boolean(&WebSocketConfig::require_subprotocol),
       "Refuses clients with 400 that speak none of them.",
       {"none"}},
      {"maxSessions",
       integer(&WebSocketConfig::max_sessions, -1, 100'000'000),
       "Sessions that may be open at once; more are refused with 503. -1 takes the limit away.",
       {"none"}}};
}

std::vector<Attribute> limits() {
  return {{"maxTextMessageBufferSize",
           size(&WebSocketConfig::max_text),
           "Longest text message, after inflating; a longer one closes the session with 1009. No "
           "memory is set aside for it. Does not hold for types that take messages in parts.",
           {tomcat_text_buffer, "8192"}},
          {"maxBinaryMessageBufferSize",
           size(&WebSocketConfig::max_binary),
           "The same for binary messages.",
           {tomcat_binary_buffer, "8192"}},
          {"maxFrameSize",
           or_else("the larger of the two above", size(&WebSocketConfig::max_frame)),
           "Longest frame, as it is on the wire; a longer one closes the session with 1009.",
           {"none"}}};
}

std::vector<Attribute> times() {
  return {
      {"pingInterval",
       duration(&WebSocketConfig::ping_interval),
       "How often a session is pinged, which also keeps proxies from cutting silent connections; 0 "
       "sends no pings.",
       {"none"}},
      {"pongTimeout",
       duration(&WebSocketConfig::pong_timeout),
       "A peer from which nothing has come for so long after a ping is taken for dead; 0 waits for "
       "ever.",
       {"none"}},
      {"maxIdleTimeout",
       duration(&WebSocketConfig::max_idle_timeout),
       "Closes a session with 1001 when no message has gone either way for so long; 0 never does. "
       "Pings do not count.",
       {"setDefaultMaxSessionIdleTimeout"}},
      {"openTimeout",
       duration(&WebSocketConfig::open_timeout),
       "Closes a session with 1008 from which no message came within this time after the "
       "handshake; 0 never does.",
       {"none"}},
      {"sessionCloseTimeout",
       duration(&WebSocketConfig::session_close_timeout),
       "How long the peer may take to answer our close frame before the connection is cut.",
       {"org.apache.tomcat.websocket.SESSION_CLOSE_TIMEOUT", "30 s"}},
      {"sendTimeout",
       duration(&WebSocketConfig::send_timeout),
       "A peer that takes not one byte for so long, while some wait for it, is cut off; 0 waits "
       "for "
       "ever.",
       {"org.apache.tomcat.websocket.BLOCKING_SEND_TIMEOUT"}},
      {"drainTimeout",
       duration(&WebSocketConfig::drain_timeout),
       "When the application is replaced its sessions are closed with 1012, and with 1001 when the "
       "server stops, spread over this time so that they do not all come back at once.",
       {"closes all at once with 1001"}}};
}

std::vector<Attribute> queues() {
  return {
      {"sendQueueSize",
       size(&WebSocketConfig::send_queue_size),
       "Bytes of messages that may wait for a slow peer, of one session; at most 1 GiB. A longer "
       "message is taken when nothing else waits.",
       {"a second message at a time is an error"}},
      {"sendQueueMessages",
       integer(&WebSocketConfig::send_queue_messages, 1, 1'000'000),
       "How many messages may wait, of one session.",
       {"none"}},
      {"overflow",
       enumeration(&WebSocketConfig::overflow, {{"refuse", OverflowChoice::refuse},
                                                {"dropOldest", OverflowChoice::drop_oldest},
                                                {"dropNewest", OverflowChoice::drop_newest},
                                                {"close", OverflowChoice::close}}),
       "What happens to a message without room: `refuse` tells the sender, and later that there is "
       "room again; `dropOldest` makes room; `dropNewest` drops the message; `close` closes the "
       "session with 1013.",
       {"none"}},
      {"inboundQueueMessages",
       integer(&WebSocketConfig::inbound_queue_messages, 1, 10'000),
       "Messages that may wait for a WebSocket on the pool, of one session; then nothing more is "
       "read from its peer.",
       {"none"}}};
}

std::vector<Attribute> compression() {
  return {
      {"compression",
       enumeration(&WebSocketConfig::compression, {{"off", WebSocketCompression::off},
                                                   {"pooled", WebSocketCompression::pooled},
                                                   {"dedicated", WebSocketCompression::dedicated}}),
       "permessage-deflate (RFC 7692). `pooled` compresses each message by itself, with memory for "
       "each event loop; `dedicated` keeps what came before for better compression, with up to 300 "
       "KiB for each session.",
       {"always, as dedicated"}},
      {"compressionMinSize",
       size(&WebSocketConfig::compression_min_size),
       "Shorter messages are sent as they are.",
       {"none"}},
      {"compressionLevel",
       integer(&WebSocketConfig::compression_level, 1, 9),
       "1 is fastest, 9 smallest.",
       {"none"}},
      {"serverMaxWindowBits",
       integer(&WebSocketConfig::server_max_window_bits, 9, 15),
       "Largest window for what is sent, as the power of two; less takes less memory.",
       {"none"}},
      {"clientMaxWindowBits",
       integer(&WebSocketConfig::client_max_window_bits, 9, 15),
       "The same for what comes, where the client lets itself be told.",
       {"none"}}};
}

}  // namespace

std::shared_ptr<const Element> websocket_element() {
  std::vector<Attribute> attributes = identity();
  for (auto group : {handshake_attributes, limits, times, queues, compression}) {
    for (Attribute& attribute : group()) attributes.push_back(std::move(attribute));
  }
  attributes.push_back(load_on_startup());
  return element({.name = "WebSocket",
                  .meaning = "Takes the WebSocket handshakes (RFC 6455) whose path matches.",
                  .attributes = std::move(attributes),
                  .children = {any_number(&WebSocketConfig::paths, path_element()),
                               any_number(&WebSocketConfig::interceptors, interceptor_element()),
                               any_number(&WebSocketConfig::parameters, parameter_element())},
                  .tomcat = "`@ServerEndpoint`, or a ServerEndpointConfig",
                  .make = fresh<WebSocketConfig>()});
}

}  // namespace container
