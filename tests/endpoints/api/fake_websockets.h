// A server in a few maps: what WebSocket types and sessions see of it is C, as in earnest.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <margay/plugin.h>

// As the real ones, to the last detail of a count.
struct margay_frozen {
  int kind;
  std::string bytes;
  int counts = 1;
};
struct margay_stream {
  margay_session session;
  int kind;
  std::string bytes;
};
struct margay_handshake {
  std::map<int, std::string> texts;
  std::vector<std::pair<std::string, std::string>> parameters, fields;
  mutable int counts = 1;  // the server's own
};
struct margay_exchange {
  int status = 0;
  std::string error;
  std::map<std::string, std::string> fields, attributes;
};

namespace fake {

struct Message {
  int kind;
  std::string bytes;
  std::string key{};
  std::uint32_t time_to_live = 0;
  bool operator==(const Message&) const = default;
};

struct Socket {
  bool open = true;
  bool full = false;
  std::vector<Message> sent;
  std::vector<std::pair<void (*)(void*, margay_session, margay_sent), void*>> waiting;
  std::uint16_t code = 0;  // 0: not closed by us
  std::string reason;
  bool reads = true;
  std::map<int, std::int64_t> limits{{MARGAY_MAX_TEXT, 65536}, {MARGAY_SEND_TIMEOUT, 50}};
  std::map<std::string, std::string> properties;
  std::vector<std::string> topics;
  margay_handshake* handshake = nullptr;  // the server keeps it
};

// The functions of the contract have no `this`: one server at a time, which must outlive all.
class Server {
 public:
  Server();
  ~Server() { current_ = nullptr; }

  const margay_host& host() const { return host_; }
  // Opens it when there is none.
  Socket& socket(margay_session id) {
    Socket& socket = sockets_[id];
    if (socket.handshake == nullptr) {
      handshakes_.push_back(std::make_unique<margay_handshake>());
      socket.handshake = handshakes_.back().get();
    }
    return socket;
  }
  void end(margay_session id) {
    settle(id, MARGAY_LOST);
    sockets_.erase(id);
  }
  // What waits has become `what`.
  void settle(margay_session id, margay_sent what) {
    for (const auto& [done, arg] : std::exchange(socket(id).waiting, {})) done(arg, id, what);
  }
  margay::Session session(margay_session id) {
    socket(id);
    return {&table_, id};
  }
  // Handshakes that somebody beside the server holds.
  int held() const {
    int all = 0;
    for (const auto& each : handshakes_) all += each->counts - 1;
    return all;
  }

  std::vector<std::string> log;
  bool on_loop = false;     // whether `wait` may wait
  bool drains = true;       // whether a `wait` is worth it
  std::size_t awaited = 0;  // bytes, by the last `wait`
  int waits = 0, frozen = 0, streams = 0, abandoned = 0, suspended = 0;

 private:
  static Server& its() { return *current_; }
  static Socket* find(margay_session id) {
    const auto found = its().sockets_.find(id);
    return found == its().sockets_.end() ? nullptr : &found->second;
  }
  static std::string text(margay_str bytes) { return std::string(margay::view(bytes)); }
  static margay_result queue(margay_session id, Message message,
                             const margay_send_options* options);
  static bool is_valid(int kind, const std::string& bytes) {
    return kind != MARGAY_TEXT || bytes.find('\xff') == std::string::npos;
  }
  static margay_result field_at(const std::vector<std::pair<std::string, std::string>>& fields,
                                std::uint32_t index, margay_field* field) {
    if (index >= fields.size()) return MARGAY_FAILED;
    *field = {margay::str(fields[index].first), margay::str(fields[index].second)};
    return MARGAY_OK;
  }
  void fill_sending();
  void fill_session();
  void fill_rest();
  void fill_host();

  inline static Server* current_ = nullptr;
  margay_host host_{};
  margay_websockets table_{};
  std::map<margay_session, Socket> sockets_;
  std::vector<std::unique_ptr<margay_handshake>> handshakes_;
};

inline Server::Server() {
  current_ = this;
  table_.size = sizeof table_;
  fill_sending();
  fill_session();
  fill_rest();
  fill_host();
}

inline margay_result Server::queue(margay_session id, Message message,
                                   const margay_send_options* options) {
  Socket* socket = find(id);
  if (socket == nullptr || !socket->open) return MARGAY_CLOSED;
  if (!is_valid(message.kind, message.bytes)) return MARGAY_FAILED;
  if (socket->full) return MARGAY_FULL;
  if (options != nullptr) {
    message.key = text(options->key);
    message.time_to_live = options->time_to_live;
    if (options->done != nullptr) socket->waiting.emplace_back(options->done, options->arg);
  }
  socket->sent.push_back(std::move(message));
  return MARGAY_OK;
}

inline void Server::fill_sending() {
  table_.send = [](const margay_websockets*, margay_session id, int kind, margay_str bytes,
                   const margay_send_options* options) {
    return queue(id, {kind, text(bytes)}, options);
  };
  table_.send_frozen = [](const margay_websockets*, margay_session id, margay_frozen* message,
                          const margay_send_options* options) {
    return queue(id, {message->kind, message->bytes}, options);
  };
  table_.wait = [](const margay_websockets*, margay_session id, std::size_t size, std::uint32_t) {
    ++its().waits;
    its().awaited = size;
    if (its().on_loop) return MARGAY_FAILED;
    Socket* socket = find(id);
    if (socket == nullptr) return MARGAY_CLOSED;
    if (socket->full && !its().drains) return MARGAY_FULL;
    socket->full = false;
    return MARGAY_OK;
  };
  table_.freeze = [](int kind, margay_str bytes) -> margay_frozen* {
    if (!is_valid(kind, text(bytes))) return nullptr;
    ++its().frozen;
    return new margay_frozen{kind, text(bytes)};
  };
  table_.hold_frozen = [](margay_frozen* message) { ++message->counts; };
  table_.release_frozen = [](margay_frozen* message) {
    if (--message->counts != 0) return;
    --its().frozen;
    delete message;
  };
  table_.open_stream = [](const margay_websockets*, margay_session id, int kind,
                          margay_stream** stream) {
    *stream = nullptr;
    Socket* socket = find(id);
    if (socket == nullptr) return MARGAY_CLOSED;
    if (socket->full) return MARGAY_FULL;
    ++its().streams;
    *stream = new margay_stream{id, kind, {}};
    return MARGAY_OK;
  };
  table_.wait_stream = [](const margay_websockets* table, margay_stream* stream, std::size_t size,
                          std::uint32_t timeout) {
    return table->wait(table, stream->session, size, timeout);
  };
  table_.write_stream = [](const margay_websockets*, margay_stream* stream, margay_str bytes) {
    Socket* socket = find(stream->session);
    if (socket == nullptr) return MARGAY_CLOSED;
    if (socket->full) return MARGAY_FULL;
    stream->bytes += margay::view(bytes);
    return MARGAY_OK;
  };
  table_.end_stream = [](const margay_websockets*, margay_stream* raw, int complete) {
    const std::unique_ptr<margay_stream> stream(raw);
    --its().streams;
    if (complete == 0) ++its().abandoned;
    return complete == 0 ? MARGAY_OK
                         : queue(stream->session, {stream->kind, stream->bytes}, nullptr);
  };
  table_.close = [](const margay_websockets*, margay_session id, std::uint16_t code,
                    margay_str reason) {
    Socket* socket = find(id);
    if (socket == nullptr || !socket->open) return MARGAY_CLOSED;
    if (code < 1000 || code == 1005 || code == 1006) return MARGAY_FAILED;
    socket->open = false;
    socket->code = code;
    socket->reason = text(reason);
    return MARGAY_OK;
  };
}

inline void Server::fill_session() {
  table_.figures = [](const margay_websockets*, margay_session id,
                      margay_session_figures* figures) {
    Socket* socket = find(id);
    if (socket == nullptr) return MARGAY_CLOSED;
    figures->open = socket->open ? 1 : 0;
    figures->sent_messages = socket->sent.size();
    return MARGAY_OK;
  };
  table_.limit = [](const margay_websockets*, margay_session id, int what) {
    Socket* socket = find(id);
    return socket == nullptr ? std::int64_t{-1} : socket->limits[what];
  };
  table_.set_limit = [](const margay_websockets*, margay_session id, int what, std::int64_t value) {
    Socket* socket = find(id);
    if (socket == nullptr) return MARGAY_CLOSED;
    if (value < 0) return MARGAY_FAILED;
    socket->limits[what] = value;
    return MARGAY_OK;
  };
  table_.suspend_reading = [](const margay_websockets*, margay_session id) {
    if (Socket* socket = find(id)) socket->reads = false;
    return MARGAY_OK;
  };
  table_.resume_reading = [](const margay_websockets*, margay_session id) {
    if (Socket* socket = find(id)) socket->reads = true;
    return MARGAY_OK;
  };
  table_.property = [](const margay_websockets*, margay_session id, margay_str name,
                       void (*take)(void*, margay_str), void* arg) {
    Socket* socket = find(id);
    if (socket == nullptr) return MARGAY_CLOSED;
    const auto found = socket->properties.find(text(name));
    take(arg, found == socket->properties.end() ? margay_str{} : margay::str(found->second));
    return MARGAY_OK;
  };
  table_.set_property = [](const margay_websockets*, margay_session id, margay_str name,
                           margay_str value) {
    Socket* socket = find(id);
    if (socket == nullptr) return MARGAY_CLOSED;
    if (value.data == nullptr)
      socket->properties.erase(text(name));
    else
      socket->properties[text(name)] = text(value);
    return MARGAY_OK;
  };
  table_.each_session = [](const margay_websockets*, const margay_config*,
                           void (*each)(void*, margay_session), void* arg) {
    for (const auto& [id, socket] : its().sockets_) each(arg, id);
  };
}

inline void Server::fill_rest() {
  table_.handshake = [](const margay_websockets*, margay_session id) -> const margay_handshake* {
    Socket* socket = find(id);
    if (socket == nullptr) return nullptr;
    ++socket->handshake->counts;
    return socket->handshake;
  };
  table_.hold_handshake = [](const margay_handshake* handshake) { ++handshake->counts; };
  table_.release_handshake = [](const margay_handshake* handshake) { --handshake->counts; };
  table_.handshake_text = [](const margay_handshake* handshake, int what) {
    const auto found = handshake->texts.find(what);
    return found == handshake->texts.end() ? margay_str{"", 0} : margay::str(found->second);
  };
  table_.handshake_parameter = [](const margay_handshake* handshake, std::uint32_t index,
                                  margay_field* field) {
    return field_at(handshake->parameters, index, field);
  };
  table_.handshake_field = [](const margay_handshake* handshake, std::uint32_t index,
                              margay_field* field) {
    return field_at(handshake->fields, index, field);
  };
  table_.subscribe = [](const margay_websockets*, margay_session id, margay_str topic) {
    Socket* socket = find(id);
    if (socket == nullptr) return MARGAY_CLOSED;
    if (!margay::view(topic).starts_with('/')) return MARGAY_FAILED;
    socket->topics.push_back(text(topic));
    return MARGAY_OK;
  };
  table_.unsubscribe = [](const margay_websockets*, margay_session id, margay_str topic) {
    Socket* socket = find(id);
    return socket != nullptr && std::erase(socket->topics, text(topic)) != 0 ? MARGAY_OK
                                                                             : MARGAY_FAILED;
  };
  table_.publish = [](const margay_websockets*, const margay_config*, margay_str topic,
                      margay_frozen* message, const margay_publish_options* options) {
    if (!margay::view(topic).starts_with('/')) return MARGAY_FAILED;
    margay_delivery delivery{sizeof(margay_delivery), 0, 0};
    for (auto& [id, socket] : its().sockets_) {
      if (id == options->except ||
          std::count(socket.topics.begin(), socket.topics.end(), text(topic)) == 0)
        continue;
      if (queue(id, {message->kind, message->bytes, text(options->key)}, nullptr) == MARGAY_OK)
        ++delivery.queued;
      else
        ++delivery.refused;
    }
    if (options->done != nullptr) options->done(options->arg, &delivery);
    return MARGAY_OK;
  };
  table_.close_bound = [](const margay_websockets*, margay_str binding, std::uint16_t code,
                          margay_str reason) {
    for (auto& [id, socket] : its().sockets_)
      if (socket.handshake->texts[MARGAY_WS_BINDING] == text(binding))
        its().table_.close(&its().table_, id, code, reason);
  };
}

inline void Server::fill_host() {
  host_.size = sizeof host_;
  host_.abi_major = MARGAY_ABI_MAJOR;
  host_.abi_minor = MARGAY_ABI_MINOR;
  host_.query = [](const margay_config*, const char* name) -> const void* {
    return std::strcmp(name, "websocket/1") == 0 ? &its().table_ : nullptr;
  };
  host_.log = [](const margay_config*, int, margay_str line) { its().log.push_back(text(line)); };
  host_.status = [](margay_exchange* exchange, int code) {
    exchange->status = code;
    return MARGAY_OK;
  };
  host_.header = [](margay_exchange* exchange, int, margay_str name, margay_str value) {
    exchange->fields[text(name)] = text(value);
    return MARGAY_OK;
  };
  host_.send_error = [](margay_exchange* exchange, int code, margay_str message) {
    exchange->status = code;
    exchange->error = text(message);
    return MARGAY_OK;
  };
  host_.thrown = [](margay_exchange* exchange, const margay_thrown* what) {
    exchange->status = what->status;
    return MARGAY_OK;
  };
  host_.set_attribute = [](margay_exchange* exchange, margay_str name, margay_str value) {
    exchange->attributes[text(name)] = text(value);
    return MARGAY_OK;
  };
  host_.suspend = [](margay_exchange*) {
    ++its().suspended;
    return reinterpret_cast<margay_async*>(&its());
  };
  host_.release = [](margay_async*) { --its().suspended; };
}

// One configured endpoint of a type, and its callbacks as the server calls them.
class Endpoint {
 public:
  Endpoint(Server& server, const margay_websocket_type& type,
           std::vector<std::pair<std::string, std::string>> parameters = {})
      : server_(server), type_(type), parameters_(std::move(parameters)) {
    for (const auto& [name, value] : parameters_)
      fields_.push_back({margay::str(name), margay::str(value)});
    config_.size = sizeof config_;
    config_.params = fields_.data();
    config_.count = static_cast<std::uint32_t>(fields_.size());
    config_.name = margay::str("tested");
    margay_failure failure{};
    self_ = type.create(&server.host(), &config_, &failure);
    if (self_ == nullptr) throw std::runtime_error(failure.message);
  }
  ~Endpoint() { type_.destroy(self_); }

  const margay_websocket_type& type() const { return type_; }
  const margay_config& config() const { return config_; }
  void* self() const { return self_; }

  margay_result make_peer(margay_session id, margay_exchange& exchange) {
    void* peer = nullptr;
    margay_result result = MARGAY_OK;
    if (type_.make_peer != nullptr)
      result = type_.make_peer(self_, &server_.host(), &exchange, &request_, &peer);
    if (result == MARGAY_OK) peers_[id] = peer;
    return result;
  }
  // Makes the peer and opens the socket.
  margay_result open(margay_session id) {
    margay_exchange exchange;
    server_.socket(id);
    if (const margay_result result = make_peer(id, exchange); result != MARGAY_OK) return result;
    return type_.open == nullptr ? MARGAY_OK : type_.open(self_, peers_[id], id);
  }
  margay_result message(margay_session id, int kind, std::string_view bytes, bool last = true) {
    return type_.message(self_, peers_[id], id, kind, margay::str(bytes), last ? 1 : 0);
  }
  margay_result text(margay_session id, std::string_view bytes) {
    return message(id, MARGAY_TEXT, bytes);
  }
  void drain(margay_session id) { type_.drain(self_, peers_[id], id); }
  void error(margay_session id, std::string_view what) {
    if (type_.error != nullptr) type_.error(self_, peers_[id], id, margay::str(what));
  }
  void close(margay_session id, std::uint16_t code, std::string_view reason = {}) {
    void* peer = peers_[id];
    if (type_.close != nullptr) type_.close(self_, peer, id, code, margay::str(reason));
    if (peer != nullptr) type_.end_peer(self_, peer);
    peers_.erase(id);
    server_.end(id);
  }

  margay_request request_{};

 private:
  Server& server_;
  margay_websocket_type type_;
  std::vector<std::pair<std::string, std::string>> parameters_;
  std::vector<margay_field> fields_;
  margay_config config_{};
  void* self_ = nullptr;
  std::map<margay_session, void*> peers_;
};

}  // namespace fake
