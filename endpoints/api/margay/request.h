// What the client asked for. Valid until the exchange ends, on the thread that has the exchange.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <margay/abi_security.h>
#include <margay/cookie.h>
#include <margay/form.h>
#include <margay/http_session.h>
#include <margay/logger.h>
#include <margay/status_error.h>
#include <margay/text.h>
#include <margay/tls.h>

namespace margay {

class Request;

namespace detail {
void check_pairs(const Request& request, std::string_view query, std::string_view form);
}  // namespace detail

// Nobody can be logged in or out here: there is no <LoginConfig> or <Realm>, the realm could not
// tell, this is a loop, or the answer is committed. Left alone it is answered 500.
class LoginError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// As many passwords are being checked, or sessions there, as may be. Left alone it is answered 503.
class LoginBusy : public LoginError, public Busy {
 public:
  using LoginError::LoginError;
};

// Views point into the exchange and stay good until it ends; copy what shall live longer. None of
// this throws but for lack of memory, and what says so. The limits on head, fields and body are the
// Connector's.
class Request {
 public:
  Request(const margay_host& host, margay_exchange& exchange, const margay_request& raw,
          const margay_config* source = nullptr)
      : host_(host), exchange_(exchange), raw_(raw), source_(source) {}

  std::string_view method() const { return view(raw_.method); }  // case-sensitive
  std::string_view target() const { return view(raw_.target); }  // as received
  std::string_view path() const { return view(raw_.path); }      // decoded and normalised
  std::string_view context_path() const { return view(raw_.context_path); }
  std::string_view servlet_path() const { return view(raw_.servlet_path); }  // what matched
  std::string_view path_info() const { return view(raw_.path_info); }        // what `*` stands for
  std::string_view query() const { return view(raw_.query); }                // raw, without '?'
  std::string_view protocol() const { return info(MARGAY_PROTOCOL); }        // "HTTP/1.1"
  std::string_view scheme() const { return info(MARGAY_SCHEME); }
  bool is_secure() const { return scheme() == "https"; }
  // The host and port the client asked for: host in lower case; the scheme's port when none is
  // said.
  std::string_view server_name() const { return info(MARGAY_SERVER_NAME); }
  std::uint16_t server_port() const { return port(MARGAY_SERVER_PORT); }
  // The two ends of the connection, or what a filter said of them. Over a Unix domain socket the
  // addresses are empty and the ports 0.
  std::string_view remote_address() const { return info(MARGAY_REMOTE_ADDRESS); }
  std::uint16_t remote_port() const { return port(MARGAY_REMOTE_PORT); }
  std::string_view local_address() const { return info(MARGAY_LOCAL_ADDRESS); }
  std::uint16_t local_port() const { return port(MARGAY_LOCAL_PORT); }
  std::string_view principal() const { return info(MARGAY_PRINCIPAL); }  // "" when nobody
  // Whether a <Realm> or a token gives the user this role; `**` is every user's. Nobody has none.
  bool is_user_in_role(std::string_view role) const {
    const margay_security* functions = security();
    return functions != nullptr && functions->is_user_in_role(&exchange_, str(role)) != 0;
  }
  // "BASIC", "DIGEST", "CLIENT_CERT", "BEARER" or "FORM", as <LoginConfig> says; "" when nobody, or
  // a filter knows the user.
  std::string_view auth_type() const {
    const margay_security* functions = security();
    return functions == nullptr ? std::string_view{} : view(functions->auth_type(&exchange_));
  }
  // Claims of the token that was verified, as JSON; "" when there is none.
  std::string_view claims() const {
    const margay_security* functions = security();
    return functions == nullptr ? std::string_view{} : view(functions->claims(&exchange_));
  }
  // Logs a user of the <Realm> in, for this request and in the session, which is made when there is
  // none and otherwise gets another id. On a worker only, as passwords take long to check. False:
  // no such user, another password, or locked out. Throws LoginBusy and LoginError.
  bool login(std::string_view user, std::string_view password);
  // There is no user any more, neither here nor in the session, whose WebSockets are closed with
  // 1008. What else the session holds stays; to end it, see HttpSession::invalidate. Throws
  // LoginError.
  void logout();
  // Demands a user as a constraint would. False: the answer is made (401, or the way to the login
  // page), and the caller returns. Throws LoginError.
  bool authenticate();
  // Unique in this process: the connection's number and the request's on it, as logs have them.
  std::string_view id() const { return info(MARGAY_REQUEST_ID); }
  std::string_view info(margay_info what) const { return view(host_.info(&exchange_, what)); }
  // What was agreed with whoever connected, and their certificate; {} when that connection is not
  // encrypted. With a proxy before the server it tells of the proxy, whatever is_secure() says.
  std::optional<Tls> tls() const;

  // The session of the client, made when there is none; its cookie goes out with the head. Throws
  // TooManySessions (an endpoint or filter that lets it through answers 503), and SessionError when
  // a new one would be too late as the answer is committed, or the request is for no application.
  HttpSession session();
  // The same, but {} when the client has none. Both count as use of the session.
  std::optional<HttpSession> session_if_any();

  margay_dispatcher dispatcher() const { return static_cast<margay_dispatcher>(raw_.dispatcher); }
  // In an ERROR dispatch: what is being reported. Elsewhere 0 and empty.
  bool is_error_dispatch() const { return raw_.dispatcher == MARGAY_ERROR_PAGE; }
  int error_status() const { return detail::number(info(MARGAY_ERROR_STATUS), 0); }
  std::string_view error_message() const { return info(MARGAY_ERROR_MESSAGE); }
  std::string_view error_path() const { return info(MARGAY_ERROR_PATH); }
  std::string_view error_method() const { return info(MARGAY_ERROR_METHOD); }
  std::string_view error_endpoint() const { return info(MARGAY_ERROR_ENDPOINT); }  // its name
  // The type of what was thrown, and lines that say what it was and what has caused it: for logs
  // and developers, not for clients. Empty when nothing was thrown.
  std::string_view error_exception() const { return info(MARGAY_ERROR_EXCEPTION); }
  std::string_view error_trace() const { return info(MARGAY_ERROR_TRACE); }

  // First value of a header field, or {} when there is none; `name` in any case.
  std::string_view header(std::string_view name) const {
    for (const margay_field& field : headers())
      if (detail::same_ignoring_case(view(field.name), name)) return view(field.value);
    return {};
  }
  bool has_header(std::string_view name) const {
    for (const margay_field& field : headers())
      if (detail::same_ignoring_case(view(field.name), name)) return true;
    return false;
  }
  // All fields in order; names are lower-case. view(field.name), view(field.value).
  std::span<const margay_field> headers() const { return {raw_.fields, raw_.field_count}; }

  // Value of the first such cookie (RFC 6265 section 5.4), without quotes and not decoded.
  std::optional<std::string_view> cookie(std::string_view name) const {
    std::optional<std::string_view> found;
    each_cookie([&](std::string_view one, std::string_view value) {
      if (!found && one == name) found = value;
    });
    return found;
  }
  // Calls `each(name, value)` for all cookies, in the client's order.
  template <class Each>
  void each_cookie(Each&& each) const {
    for (const margay_field& field : headers())
      if (view(field.name) == "cookie") detail::each_cookie(view(field.value), each);
  }

  // Value of `{name}` in the URL pattern, decoded; empty when there is none.
  std::string_view path_parameter(std::string_view name) const {
    for (const margay_field& one : path_parameters())
      if (view(one.name) == name) return view(one.value);
    return {};
  }
  std::span<const margay_field> path_parameters() const {
    return {raw_.parameters, raw_.parameter_count};
  }

  // First decoded value from the query, then from a form body; `otherwise` when there is none. This
  // and the next three throw StatusError 400 for more parameters than maxParameterCount of the
  // Connector. For forms that are not UTF-8 see charset.h; fields of multipart/form-data
  // are in a Multipart alone, see multipart.h.
  std::string parameter(std::string_view name, std::string_view otherwise = {}) const {
    std::optional<std::string> found;
    each_raw_parameter([&](std::string_view one, std::string_view value) {
      if (detail::same_form_name(one, name)) found = detail::form_decode(value);
      return !found;
    });
    return found ? *std::move(found) : std::string(otherwise);
  }
  bool has_parameter(std::string_view name) const {
    return !each_raw_parameter(
        [&](std::string_view one, std::string_view) { return !detail::same_form_name(one, name); });
  }
  // All decoded values of a parameter, the query's first.
  std::vector<std::string> parameters(std::string_view name) const {
    std::vector<std::string> values;
    each_raw_parameter([&](std::string_view one, std::string_view value) {
      if (detail::same_form_name(one, name)) values.push_back(detail::form_decode(value));
      return true;
    });
    return values;
  }
  // Calls `each(name, value)` with decoded strings for all parameters, the query's first.
  template <class Each>
  void each_parameter(Each&& each) const {
    each_raw_parameter([&](std::string_view name, std::string_view value) {
      each(detail::form_decode(name), detail::form_decode(value));
      return true;
    });
  }

  // The whole body (Body::buffered only; longer than the limit was answered 413 before).
  std::string_view body() const { return view(raw_.body); }
  std::int64_t content_length() const { return raw_.content_length; }  // declared; -1: not known
  // Body::streamed only: the next bytes. A worker waits for the first; 0 = the end, -1 = nothing
  // yet (on the loop: on_readable says when), -2 = the client has gone or the body is malformed.
  std::ptrdiff_t read(std::span<char> into) {
    return host_.read(&exchange_, into.data(), into.size());
  }
  // Body::streamed on the loop: calls `work(Request&, Response&)` when there is more to read, as
  // long as the exchange is suspended. Read until -1, or no call follows. See async.h.
  template <class Work>
  void on_readable(Work&& work);

  // First value of a trailer field, in any case, once the body was read to its end; {} when there
  // is none. The connector drops those that allowedTrailerHeaders does not name.
  std::string_view trailer(std::string_view name) const {
    return view(host_.trailer(&exchange_, str(name)));
  }

  // Attributes travel with the exchange from filter to filter and endpoint; at most 64.
  std::optional<std::string_view> attribute(std::string_view name) const {
    const margay_str value = host_.attribute(&exchange_, str(name));
    if (value.data == nullptr) return std::nullopt;
    return view(value);
  }
  // Copies. False when there are 64 others.
  bool attribute(std::string_view name, std::string_view value) {
    return host_.set_attribute(&exchange_, str(name), str(value)) == MARGAY_OK;
  }
  // An attribute that `make(Request&)` sets, under the same name, when somebody asks for it; while
  // it does not, there is none. It is called on the thread that has the exchange, must not block
  // there, and what it throws is logged. Kept in the exchange's memory: a few pointers at most.
  // False when there are 64 others. Since 1.4.
  template <class Make>
  bool provide_attribute(std::string_view name, Make make);
  // In a filter's `before`: what the endpoint shall see. False when it is too late or not valid.
  bool set(margay_info what, std::string_view value) {
    return host_.set_info(&exchange_, what, str(value)) == MARGAY_OK;
  }

  // The C contract underneath.
  const margay_request& raw() const { return raw_; }

 private:
  const margay_security* security() const {
    return source_ == nullptr
               ? nullptr
               : static_cast<const margay_security*>(host_.query(source_, "security/1"));
  }
  // What came later than the rest of the interface.
  const margay_security& changes_users() const {
    const margay_security* functions = security();
    if (functions == nullptr || functions->size < sizeof(margay_security))
      throw LoginError("this server cannot log anybody in");
    return *functions;
  }
  std::uint16_t port(margay_info what) const {
    return detail::number<std::uint16_t>(info(what), 0);
  }
  std::string_view form() const {
    const std::string_view type = header("content-type");
    return detail::same_ignoring_case(detail::trimmed(type.substr(0, type.find(';'))),
                                      "application/x-www-form-urlencoded")
               ? body()
               : std::string_view{};
  }
  const margay_sessions* sessions() const {
    return source_ == nullptr
               ? nullptr
               : static_cast<const margay_sessions*>(host_.query(source_, "session/1"));
  }
  template <class Each>
  bool each_raw_parameter(Each&& each) const {
    const std::string_view form = this->form();
    detail::check_pairs(*this, query(), form);
    return detail::each_pair(query(), each) && detail::each_pair(form, each);
  }

  const margay_host& host_;
  margay_exchange& exchange_;
  const margay_request& raw_;
  const margay_config* source_;  // whose log hears of exceptions
};

namespace detail {

// Throws ParameterError for more pairs than the connector allows.
inline void check_pairs(const Request& request, std::string_view query, std::string_view form) {
  if (query.empty() && form.empty()) return;
  const std::string_view most = request.info(MARGAY_MAX_PARAMETERS);
  // A server that does not know the question has Tomcat's default for all.
  if (has_too_many_pairs(query, form, number<std::int64_t>(most, 1000)))
    throw ParameterError("more parameters than " + std::string(most.empty() ? "1000" : most));
}

}  // namespace detail

inline bool Request::login(std::string_view user, std::string_view password) {
  switch (changes_users().login(&exchange_, str(user), str(password))) {
    case MARGAY_OK:
      return true;
    case MARGAY_CLOSED:
      return false;
    case MARGAY_FULL:
      throw LoginBusy("too many logins at once");
    default:
      throw LoginError("nobody can log in here, or not now");
  }
}

inline void Request::logout() {
  if (changes_users().logout(&exchange_) != MARGAY_OK)
    throw LoginError("the application has no users");
}

inline bool Request::authenticate() {
  switch (changes_users().authenticate(&exchange_)) {
    case MARGAY_OK:
      return true;
    case MARGAY_CLOSED:
      return false;
    default:
      throw LoginError("nobody can be asked here who they are, or not now");
  }
}

template <class Make>
bool Request::provide_attribute(std::string_view name, Make make) {
  struct Held {
    const margay_host& host;
    const margay_request& raw;
    const margay_config* source;
    Make make;
  };
  static_assert(
      std::is_trivially_destructible_v<Make> && alignof(Held) <= alignof(std::max_align_t),
      "what makes an attribute is forgotten with the exchange, not destroyed");
  void* const room = host_.memory(&exchange_, sizeof(Held));
  if (room == nullptr) return false;
  const auto call = [](void* held, margay_exchange* exchange, margay_str) {
    auto& its = *static_cast<Held*>(held);
    try {
      Request request(its.host, *exchange, its.raw, its.source);
      its.make(request);
    } catch (const std::exception& error) {
      Logger(its.host, its.source).error(error.what());
    } catch (...) {
      Logger(its.host, its.source).error("an exception that is no std::exception");
    }
  };
  return host_.provide_attribute(&exchange_, str(name), call,
                                 new (room)
                                     Held{host_, raw_, source_, std::move(make)}) == MARGAY_OK;
}

inline HttpSession Request::session() {
  const margay_sessions* functions = sessions();
  margay_http_session* handle = nullptr;
  switch (functions == nullptr ? MARGAY_FAILED : functions->find(&exchange_, 1, &handle)) {
    case MARGAY_OK:
      return {*functions, exchange_, handle};
    case MARGAY_FULL:
      throw TooManySessions("there are as many sessions as maxActiveSessions allows");
    case MARGAY_CLOSED:
      throw SessionError("too late for a new session: the answer is committed");
    default:
      throw SessionError("this request is for no application that has sessions");
  }
}

inline std::optional<HttpSession> Request::session_if_any() {
  const margay_sessions* functions = sessions();
  margay_http_session* handle = nullptr;
  if (functions == nullptr || functions->find(&exchange_, 0, &handle) != MARGAY_OK) return {};
  return HttpSession(*functions, exchange_, handle);
}

inline std::optional<Tls> Request::tls() const {
  const auto* functions = source_ == nullptr
                              ? nullptr
                              : static_cast<const margay_tls_facts*>(host_.query(source_, "tls/1"));
  if (functions == nullptr) return std::nullopt;
  return detail::tls_of([&](margay_tls* to) { return functions->connection(&exchange_, to); },
                        [&](std::uint32_t index, margay_certificate* to) {
                          return functions->certificate(&exchange_, index, to);
                        });
}

}  // namespace margay
