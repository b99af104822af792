// One attempt of a client: from the name of a host, over redirections, to the 101.
#include "server/websocket/client_attempt.h"

#include <netdb.h>
#include <uv.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace server::websocket {

// Speaks on the connection until the 101; alone when the attempt has been given up.
class Attempt::Greeting final : public Protocol {
 public:
  explicit Greeting(Attempt& attempt) : attempt_(&attempt) {}
  void leave() { attempt_ = nullptr; }

  void bytes(std::span<char> data) override {
    if (attempt_ != nullptr) attempt_->bytes(data);
  }
  void end_of_input() override {
    if (attempt_ != nullptr) attempt_->lost();
  }
  void room() override {}
  void timeout() override {}
  void drain() override {}
  void lost() override {
    if (attempt_ != nullptr) attempt_->lost();
  }

 private:
  Attempt* attempt_;
};

struct Attempt::Lookup {
  uv_getaddrinfo_t request;
  Attempt* attempt;

  static void done(uv_getaddrinfo_t* request, int status, addrinfo* found) {
    const std::unique_ptr<Lookup> its(static_cast<Lookup*>(request->data));
    if (its->attempt != nullptr) {
      for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
        sockaddr_storage address{};
        std::memcpy(&address, one->ai_addr, one->ai_addrlen);
        its->attempt->addresses_.push_back(address);
      }
    }
    uv_freeaddrinfo(found);
    if (its->attempt == nullptr) return;
    its->attempt->lookup_ = nullptr;
    its->attempt->resolved(status == 0 ? "" : uv_strerror(status));
  }
};

namespace {

std::string name_of(const sockaddr_storage& address) {
  char text[64] = "";
  std::uint16_t port = 0;
  if (address.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    uv_ip4_name(&in, text, sizeof text);
    port = ntohs(in.sin_port);
  } else {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(address);
    uv_ip6_name(&in6, text, sizeof text);
    port = ntohs(in6.sin6_port);
  }
  return std::string(text) + " port " + std::to_string(port);
}

bool is_redirection(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

Attempt::Attempt(ClientConnections& connections, const ClientOptions& options,
                 AttemptListener& listener)
    : connections_(connections), options_(options), listener_(listener), url_(options.url) {}

Attempt::~Attempt() {
  connections_.loop().forget(*this);
  if (lookup_ != nullptr) {
    lookup_->attempt = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));
  }
  drop_connection();
}

void Attempt::begin() {
  deadline_ = connections_.loop().now() + options_.connect_timeout;
  look_up();
}

void Attempt::look_up() {
  stage_ = Stage::resolving;
  visited_.push_back(url_);
  addresses_.clear();
  next_address_ = 0;
  last_error_.clear();
  arm_deadline();
  lookup_ = new Lookup{{}, this};
  lookup_->request.data = lookup_;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  const std::string port = std::to_string(url_.port);
  const int error = uv_getaddrinfo(connections_.loop().uv(), &lookup_->request, Lookup::done,
                                   url_.host.c_str(), port.c_str(), &hints);
  if (error == 0) return;
  delete std::exchange(lookup_, nullptr);
  resolved(uv_strerror(error));
}

void Attempt::resolved(const std::string& error) {
  if (!error.empty()) return fail(0, "cannot find the host '" + url_.host + "': " + error);
  try_next();
}

void Attempt::try_next() {
  drop_connection();
  if (next_address_ == addresses_.size())
    return fail(0, last_error_.empty() ? "the host '" + url_.host + "' has no address"
                                       : "cannot connect to " + last_error_);
  stage_ = Stage::connecting;
  Loop& loop = connections_.loop();
  const std::uint64_t left = deadline_ > loop.now() ? deadline_ - loop.now() : 0;
  loop.arm(*this, left / (addresses_.size() - next_address_));
  connection_ = &connections_.make();
  connection_->connect(reinterpret_cast<const sockaddr&>(addresses_[next_address_++]),
                       [this](const char* error) { reached(error); });
}

void Attempt::reached(const char* error) {
  if (error != nullptr) {
    last_error_ = name_of(addresses_[next_address_ - 1]) + ": " + error;
    return try_next();
  }
  wants_certificate_ = false;
  arm_deadline();
  if (url_.secure) return shake_hands();
  connection_->open(make_greeting(), 0);
  greet();
}

void Attempt::shake_hands() {
  assert(options_.tls != nullptr && "see may_need_tls");
  stage_ = Stage::securing;
  tls::ClientHandshakeListener& listener = *this;
  auto handshake = std::make_unique<tls::ClientHandshake>(*connection_, connections_.records(),
                                                          options_.tls, url_.host, listener);
  handshake_ = handshake.get();
  connection_->open(std::move(handshake), 0);
  handshake_->start();
}

void Attempt::secured(std::span<char> records, bool wants_certificate) {
  handshake_ = nullptr;
  wants_certificate_ = wants_certificate;
  connection_->become(make_greeting());
  greet();
  if (!records.empty()) connection_->take_records(records);
}

std::unique_ptr<Attempt::Greeting> Attempt::make_greeting() {
  auto greeting = std::make_unique<Greeting>(*this);
  greeting_ = greeting.get();
  return greeting;
}

void Attempt::greet() {
  stage_ = Stage::greeting;
  reader_ = {};
  key_ = make_key();
  const Url& first = options_.url;
  connection_->write(handshake_request(url_, options_.wishes, key_,
                                       url_.host != first.host || url_.port != first.port));
}

void Attempt::bytes(std::span<char> data) {
  const auto used = reader_.read({data.data(), data.size()});
  if (!used) return fail(0, used.error());
  if (!reader_.head()) return;
  const AnswerHead& head = *reader_.head();
  if (is_redirection(head.status)) return redirect();
  if (head.status != 101)
    return fail(head.status, "the server answered " + std::to_string(head.status));
  auto agreement = check_answer(head, options_.wishes, key_);
  if (!agreement) return fail(head.status, agreement.error());
  std::exchange(greeting_, nullptr)->leave();
  Connection& connection = *std::exchange(connection_, nullptr);
  listener_.connected({connection, url_, head, std::move(*agreement), data.subspan(*used)});
}

void Attempt::redirect() {
  const AnswerHead head = *reader_.head();
  const auto location = head.find("location");
  if (!location) return fail(head.status, "the server redirects, but does not say where to");
  if (visited_.size() > options_.max_redirections)
    return fail(head.status, "the server redirects to " + *location +
                                 ", which would be more than " +
                                 std::to_string(options_.max_redirections) + " redirections");
  auto next = resolve_location(url_, *location);
  if (!next) return fail(head.status, "the server redirects: " + next.error());
  if (std::find(visited_.begin(), visited_.end(), *next) != visited_.end())
    return fail(head.status,
                "the server redirects to " + next->text() + ", which was asked before");
  if (url_.secure && !next->secure)
    return fail(head.status,
                "the server redirects to " + next->text() + ", which is not encrypted");
  drop_connection();
  url_ = std::move(*next);
  look_up();
}

void Attempt::lost() {
  std::string reason = "the server closed the connection before it answered";
  const tls::Channel* const channel = connection_->tls();
  if (channel != nullptr && !channel->why().empty()) reason += ": " + channel->why();
  if (wants_certificate_)
    reason += "; it asked for a certificate of the client's, and there was none to show";
  fail(0, reason);
}

void Attempt::drop_connection() {
  if (handshake_ != nullptr) std::exchange(handshake_, nullptr)->leave();
  if (greeting_ != nullptr) std::exchange(greeting_, nullptr)->leave();
  if (connection_ != nullptr) std::exchange(connection_, nullptr)->close();
}

void Attempt::arm_deadline() {
  Loop& loop = connections_.loop();
  loop.arm(*this, deadline_ > loop.now() ? deadline_ - loop.now() : 0);
}

void Attempt::expired() {
  const bool over = connections_.loop().now() >= deadline_;
  if (stage_ == Stage::connecting) {
    last_error_ = name_of(addresses_[next_address_ - 1]) + ": no answer";
    if (!over) return try_next();
  }
  const std::string time = std::to_string(options_.connect_timeout) + " ms";
  switch (stage_) {
    case Stage::resolving:
      return fail(0, "the host '" + url_.host + "' was not found within " + time);
    case Stage::connecting:
      return fail(0, "cannot connect within " + time + ": " + last_error_);
    case Stage::securing:
      return fail(0, "the server did not finish the TLS handshake within " + time);
    case Stage::greeting:
      return fail(0, "the server did not answer within " + time);
  }
}

void Attempt::fail(int status, std::string_view reason) {
  drop_connection();
  listener_.failed(status, url_.text() + ": " + std::string(reason));
}

}  // namespace server::websocket
