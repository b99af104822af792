// The C functions of "websocket/1": from numbers and pointers of plugins to the hub.
#include "container/websocket_bridge.h"

#include <margay/text.h>

#include <chrono>
#include <memory>
#include <string>
#include <type_traits>

#include "container/bridge.h"
#include "container/handshake_record.h"
#include "container/tls_bridge.h"
#include "server/websocket/close_code.h"
#include "server/websocket/frozen.h"

namespace container {

namespace {

using server::websocket::Frozen;
using server::websocket::Gate;
using server::websocket::Hub;
using server::websocket::Limit;
using server::websocket::Opcode;
using server::websocket::Outcome;
using server::websocket::PublishOptions;
using server::websocket::Send;
using server::websocket::SendOptions;
using server::websocket::Session;
using server::websocket::Stream;

using margay::str;
using margay::view;

const WebSocketBridge& bridge(const margay_websockets* table) {
  static_assert(std::is_standard_layout_v<WebSocketBridge>);
  return *reinterpret_cast<const WebSocketBridge*>(table);
}
Hub& hub(const margay_websockets* table) { return bridge(table).hub(); }
Frozen& frozen(margay_frozen* message) { return *reinterpret_cast<Frozen*>(message); }
Stream& stream(margay_stream* message) { return *reinterpret_cast<Stream*>(message); }
const HandshakeRecord& record(const margay_handshake* handshake) {
  return *reinterpret_cast<const HandshakeRecord*>(handshake);
}

margay_result result(Send sent) {
  switch (sent) {
    case Send::queued:
      return MARGAY_OK;
    case Send::full:
      return MARGAY_FULL;
    case Send::gone:
      return MARGAY_CLOSED;
    case Send::invalid:
      break;
  }
  return MARGAY_FAILED;
}
margay_result result(bool there) { return there ? MARGAY_OK : MARGAY_CLOSED; }

bool is_kind(int kind, bool control) {
  return kind == MARGAY_TEXT || kind == MARGAY_BINARY ||
         (control && (kind == MARGAY_PING || kind == MARGAY_PONG));
}

// A plugin's completion speaks C; its enumerators are ours.
static_assert(static_cast<int>(Outcome::lost) == MARGAY_LOST &&
              static_cast<int>(Outcome::dropped) == MARGAY_DROPPED &&
              static_cast<int>(Outcome::expired) == MARGAY_EXPIRED &&
              static_cast<int>(Outcome::replaced) == MARGAY_REPLACED);
static_assert(sizeof(Outcome) == 1);

// Carries a plugin's completion through the hub's; ends itself.
struct Done {
  void (*call)(void*, margay_session, margay_sent);
  void* argument;

  static void sent(void* self, std::uint64_t session, Outcome outcome) {
    const std::unique_ptr<Done> its(static_cast<Done*>(self));
    its->call(its->argument, session, static_cast<margay_sent>(outcome));
  }
};

// Sends with a plugin's options; the completion is given back when nothing was queued.
template <class Sending>
margay_result send_with(const margay_send_options* options, Sending&& sending) {
  if (options == nullptr) return result(sending(SendOptions{}));
  SendOptions ours{.time_to_live = options->time_to_live, .key = view(options->key)};
  std::unique_ptr<Done> done;
  if (options->done != nullptr) {
    done.reset(new Done{options->done, options->arg});
    ours.done = {Done::sent, done.get()};
  }
  // Queued, it belongs to the message, and may be over before this returns.
  Done* const mine = done.release();
  const Send sent = sending(ours);
  if (sent != Send::queued) delete mine;
  return result(sent);
}

margay_result send(const margay_websockets* table, margay_session session, int kind,
                   margay_str bytes, const margay_send_options* options) {
  if (!is_kind(kind, true)) return MARGAY_FAILED;
  return send_with(options, [&](const SendOptions& ours) {
    return hub(table).send(Session(session), static_cast<Opcode>(kind), view(bytes), ours);
  });
}

margay_result send_frozen(const margay_websockets* table, margay_session session,
                          margay_frozen* message, const margay_send_options* options) {
  return send_with(options, [&](const SendOptions& ours) {
    return hub(table).send(Session(session), frozen(message), ours);
  });
}

margay_result wait(const margay_websockets* table, margay_session session, size_t size,
                   uint32_t timeout) {
  if (hub(table).is_loop()) return MARGAY_FAILED;
  if (!hub(table).wait(Session(session), size, std::chrono::milliseconds(timeout)))
    return MARGAY_FULL;
  const Gate* const gate = hub(table).gate(Session(session));
  return result(gate != nullptr && gate->is_open(Session(session)));
}

margay_frozen* freeze(int kind, margay_str bytes) {
  if (!is_kind(kind, true)) return nullptr;
  return reinterpret_cast<margay_frozen*>(
      Frozen::make(static_cast<Opcode>(kind), view(bytes)).release());
}

margay_result open_stream(const margay_websockets* table, margay_session session, int kind,
                          margay_stream** to) {
  *to = nullptr;
  if (!is_kind(kind, false)) return MARGAY_FAILED;
  Stream* made = nullptr;
  const Send begun = hub(table).begin(Session(session), static_cast<Opcode>(kind), made);
  *to = reinterpret_cast<margay_stream*>(made);
  return result(begun);
}

margay_stream* begin_stream(const margay_websockets* table, margay_session session, int kind) {
  margay_stream* made = nullptr;
  open_stream(table, session, kind, &made);
  return made;
}

margay_result wait_stream(const margay_websockets* table, margay_stream* to, size_t size,
                          uint32_t timeout) {
  if (hub(table).is_loop()) return MARGAY_FAILED;
  return hub(table).wait(stream(to), size, std::chrono::milliseconds(timeout)) ? MARGAY_OK
                                                                               : MARGAY_FULL;
}

margay_result close(const margay_websockets* table, margay_session session, uint16_t code,
                    margay_str reason) {
  if (!server::websocket::is_close_code(code)) return MARGAY_FAILED;
  return result(hub(table).close(Session(session), code, view(reason)));
}

margay_result figures(const margay_websockets* table, margay_session session,
                      margay_session_figures* to) {
  Hub::Figures its;
  if (!hub(table).figures(Session(session), its)) return MARGAY_CLOSED;
  *to = {.size = sizeof *to,
         .open = its.open ? 1u : 0u,
         .queued_messages = its.queued_messages,
         .round_trip = its.round_trip,
         .queued_bytes = its.queued_bytes,
         .received_messages = its.received_messages,
         .received_bytes = its.received_bytes,
         .sent_messages = its.sent_messages,
         .sent_bytes = its.sent_bytes,
         .dropped_messages = its.dropped};
  return MARGAY_OK;
}

constexpr std::int64_t kMaxLimit[] = {1LL << 30, 1LL << 30, 86'400'000, 86'400'000,
                                      1LL << 30, 1LL << 24, 86'400'000, 1LL << 40};

int64_t limit(const margay_websockets* table, margay_session session, int what) {
  Gate* gate = hub(table).gate(Session(session));
  if (gate == nullptr || what < 0 || what > MARGAY_EXPIRES) return -1;
  return gate->limit(Session(session), static_cast<Limit>(what));
}

margay_result set_limit(const margay_websockets* table, margay_session session, int what,
                        int64_t value) {
  if (what < 0 || what > MARGAY_EXPIRES || value < 0 || value > kMaxLimit[what])
    return MARGAY_FAILED;
  return result(hub(table).set_limit(Session(session), static_cast<Limit>(what),
                                     static_cast<std::uint64_t>(value)));
}

margay_result property(const margay_websockets* table, margay_session session, margay_str name,
                       void (*take)(void*, margay_str), void* argument) {
  Gate* gate = hub(table).gate(Session(session));
  std::string value;
  bool found = false;
  if (gate == nullptr || !gate->property(Session(session), view(name), value, found))
    return MARGAY_CLOSED;
  take(argument, found ? str(value) : margay_str{nullptr, 0});
  return MARGAY_OK;
}

margay_result set_property(const margay_websockets* table, margay_session session, margay_str name,
                           margay_str value) {
  Gate* gate = hub(table).gate(Session(session));
  if (gate == nullptr || !gate->is(Session(session))) return MARGAY_CLOSED;
  const std::string_view its = view(value);
  return gate->set_property(Session(session), view(name), value.data == nullptr ? nullptr : &its)
             ? MARGAY_OK
             : MARGAY_FAILED;
}

void each_session(const margay_websockets* table, const margay_config* source,
                  void (*each)(void*, margay_session), void* argument) {
  const void* group = reinterpret_cast<const BridgedConfig*>(source)->self;
  if (group == nullptr) return;  // no endpoint, or not created yet
  hub(table).each(group, [&](Session session, Gate&) { each(argument, session.value()); });
}

const margay_handshake* handshake(const margay_websockets* table, margay_session session) {
  Gate* gate = hub(table).gate(Session(session));
  if (gate == nullptr) return nullptr;
  return handle(static_cast<const HandshakeRecord*>(gate->companion(Session(session))));
}

margay_result handshake_parameter(const margay_handshake* its, uint32_t index, margay_field* to) {
  const auto found = record(its).parameter(index);
  if (found) *to = *found;
  return found ? MARGAY_OK : MARGAY_FAILED;
}

margay_result handshake_field(const margay_handshake* its, uint32_t index, margay_field* to) {
  const auto found = record(its).field(index);
  if (found) *to = *found;
  return found ? MARGAY_OK : MARGAY_FAILED;
}

// Carries a plugin's completion of a publication; ends itself.
struct Published {
  void (*call)(void*, const margay_delivery*);
  void* argument;

  static void done(void* self, const server::websocket::Delivery& delivery) {
    const std::unique_ptr<Published> its(static_cast<Published*>(self));
    const margay_delivery ours{sizeof ours, delivery.queued, delivery.refused};
    its->call(its->argument, &ours);
  }
};

margay_result publish(const margay_websockets* table, const margay_config* source, margay_str topic,
                      margay_frozen* message, const margay_publish_options* options) {
  PublishOptions ours;
  Published* mine = nullptr;
  if (options != nullptr) {
    ours.time_to_live = options->time_to_live;
    ours.key = view(options->key);
    ours.except = Session(options->except);
    if (options->done != nullptr) {
      mine = new Published{options->done, options->arg};
      ours.done = Published::done;
      ours.argument = mine;
    }
  }
  const Send sent = hub(table).publish(reinterpret_cast<const BridgedConfig*>(source)->scope,
                                       view(topic), frozen(message), ours);
  if (sent != Send::queued) delete mine;
  return result(sent);
}

void close_bound(const margay_websockets* table, margay_str binding, uint16_t code,
                 margay_str reason) {
  if (binding.size == 0) return;
  Hub& its = hub(table);
  its.each(nullptr, [&](Session session, Gate& gate) {
    const auto* held = static_cast<const HandshakeRecord*>(gate.companion(session));
    if (held == nullptr) return;
    const bool bound =
        held->text(MARGAY_WS_BINDING) == view(binding) && !held->text(MARGAY_WS_PRINCIPAL).empty();
    held->release();
    if (bound) its.close(session, code, view(reason));
  });
}

margay_result authenticate(const margay_websockets* table, margay_session session,
                           margay_str token) {
  Gate* const gate = hub(table).gate(Session(session));
  const auto* const held =
      gate == nullptr ? nullptr
                      : static_cast<const HandshakeRecord*>(gate->companion(Session(session)));
  if (held == nullptr) return MARGAY_CLOSED;
  const auto end = held->token() == nullptr ? std::nullopt : held->token()->renew(view(token));
  held->release();
  if (!end) return MARGAY_FAILED;
  return result(
      hub(table).set_limit(Session(session), Limit::expires, static_cast<std::uint64_t>(*end)));
}

PluginClient& client(margay_client* its) { return *reinterpret_cast<PluginClient*>(its); }

margay_client* connect(const margay_websockets* table, const margay_config* source,
                       const margay_connector_options* options, const margay_websocket_type* type,
                       void* self, margay_failure* failure) {
  return reinterpret_cast<margay_client*>(bridge(table).clients().connect(
      *reinterpret_cast<const BridgedConfig*>(source), *options, *type, self, failure));
}

margay_websockets make_table() {
  margay_websockets table{};
  table.size = sizeof table;
  table.send = send;
  table.send_frozen = send_frozen;
  table.wait = wait;
  table.freeze = freeze;
  table.hold_frozen = [](margay_frozen* message) { frozen(message).hold(); };
  table.release_frozen = [](margay_frozen* message) { frozen(message).release(); };
  table.begin_stream = begin_stream;
  table.write_stream = [](const margay_websockets* its, margay_stream* to, margay_str bytes) {
    return result(hub(its).write(stream(to), view(bytes)));
  };
  table.end_stream = [](const margay_websockets* its, margay_stream* to, int complete) {
    return result(hub(its).finish(stream(to), complete != 0));
  };
  table.close = close;
  table.figures = figures;
  table.limit = limit;
  table.set_limit = set_limit;
  table.suspend_reading = [](const margay_websockets* its, margay_session session) {
    return result(hub(its).suspend_reading(Session(session)));
  };
  table.resume_reading = [](const margay_websockets* its, margay_session session) {
    return result(hub(its).resume_reading(Session(session)));
  };
  table.property = property;
  table.set_property = set_property;
  table.each_session = each_session;
  table.handshake = handshake;
  table.hold_handshake = [](const margay_handshake* its) { record(its).hold(); };
  table.release_handshake = [](const margay_handshake* its) { record(its).release(); };
  table.handshake_text = [](const margay_handshake* its, int what) {
    return str(record(its).text(what));
  };
  table.handshake_parameter = handshake_parameter;
  table.handshake_field = handshake_field;
  table.subscribe = [](const margay_websockets* its, margay_session session, margay_str topic) {
    return hub(its).subscribe(Session(session), view(topic)) ? MARGAY_OK : MARGAY_FAILED;
  };
  table.unsubscribe = [](const margay_websockets* its, margay_session session, margay_str topic) {
    return hub(its).unsubscribe(Session(session), view(topic)) ? MARGAY_OK : MARGAY_FAILED;
  };
  table.publish = publish;
  table.close_bound = close_bound;
  table.connect = connect;
  table.client_session = [](const margay_websockets* its, margay_client* of) {
    return bridge(its).clients().session(client(of)).value();
  };
  table.disconnect = [](const margay_websockets* its, margay_client* of) {
    bridge(its).clients().disconnect(client(of));
  };
  table.open_stream = open_stream;
  table.wait_stream = wait_stream;
  table.handshake_tls = [](const margay_handshake* its, margay_tls* to) {
    return describe(record(its).tls(), to);
  };
  table.handshake_certificate = [](const margay_handshake* its, uint32_t index,
                                   margay_certificate* to) {
    return describe(record(its).tls(), index, to);
  };
  table.authenticate = authenticate;
  return table;
}

}  // namespace

WebSocketBridge::WebSocketBridge(Hub& hub, WebSocketClients& clients)
    : abi_(make_table()), hub_(&hub), clients_(&clients) {}

void end_clients_of(const BridgedConfig& source) {
  if (source.interfaces.websockets != nullptr)
    bridge(source.interfaces.websockets).clients().end_all_of(source);
}

}  // namespace container
