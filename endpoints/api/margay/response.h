// The answer. On the thread that has the exchange; to come back later, or from another, suspend().
#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <margay/abi_dispatch.h>
#include <margay/cookie.h>
#include <margay/text.h>

namespace margay {

enum class Write {
  ok,
  full,   // taken, but stop until on_writable (on the loop only; a worker waits instead)
  closed  // the answer is over or the client has gone: nothing was taken
};

class Async;

// The head may be changed until it is committed: by the first 8 KiB, a flush or the end. Later, or
// for something that is not valid, what edits it throws std::logic_error and changes nothing.
class Response {
 public:
  Response(const margay_host& host, margay_exchange& exchange,
           const margay_config* source = nullptr)
      : host_(host), exchange_(exchange), source_(source) {}

  // 200..599.
  Response& status(int code) {
    require(host_.status(&exchange_, code), "status");
    return *this;
  }
  // Copies. Refused for a name or value that could split the head, behind 256 fields or 32 KiB.
  Response& header(std::string_view name, std::string_view value) {
    return edit(MARGAY_SET, name, value);
  }
  Response& add_header(std::string_view name, std::string_view value) {
    return edit(MARGAY_ADD, name, value);
  }
  Response& remove_header(std::string_view name) { return edit(MARGAY_REMOVE, name, {}); }
  // First value, or {}; `name` in any case.
  std::string_view header(std::string_view name) const {
    return view(host_.response_header(&exchange_, str(name)));
  }
  Response& type(std::string_view mime) { return header("Content-Type", mime); }
  // Adds a Set-Cookie. Throws std::invalid_argument for a cookie that is not valid, see cookie.h.
  Response& cookie(const Cookie& cookie) { return add_header("Set-Cookie", to_string(cookie)); }

  // Copies. The first 8 KiB are held back, so that a short answer goes out in one piece with its
  // length, and send_error can still replace it. Behind them a worker waits while the client is
  // slow, at most the Connector's writeTimeout, then it is `closed`.
  Write write(std::string_view bytes) { return result(host_.write(&exchange_, str(bytes))); }
  // Sends what was written so far. Implied at the end of each turn of a suspended answer.
  Write flush() { return result(host_.flush(&exchange_)); }
  // Ends the answer. Implied when `service` returns, unless it was suspended.
  Write finish() { return result(host_.finish(&exchange_)); }
  // Ends the answer with a Location, as it is: relative to the request, or absolute.
  void redirect(std::string_view location, int code = 302) {
    status(code).header("Location", location);
    finish();
  }
  // Sends `length` bytes of an open file from `offset` as the rest of the answer, and ends it.
  // Takes the descriptor over, also when it fails.
  Write send_file(int descriptor, std::uint64_t offset, std::uint64_t length) {
    return result(host_.send_file(&exchange_, descriptor, offset, length));
  }
  // Drops what was written and answers with the error page for 400..599; `message` is shown on it.
  // False once the answer is committed: nothing was changed then.
  bool send_error(int code, std::string_view message = {}) {
    return host_.send_error(&exchange_, code, str(message)) == MARGAY_OK;
  }
  // When nothing is committed by then the client hears `code`, 400..599; what is written later is
  // `closed`. Of several the one that ends first counts. False: it is committed. Since 1.4.
  bool answer_within(std::chrono::milliseconds time, int code = 503) {
    const auto count = time.count() < 0 ? 0 : time.count();
    return host_.answer_within(&exchange_, static_cast<std::uint64_t>(count), code) == MARGAY_OK;
  }

  // The answer is another endpoint's of this application as soon as this call has returned: what
  // was written is dropped, status and header fields stay. `path` is one of a request, from behind
  // the context path on: percent-encoded, perhaps with a query, whose parameters come first;
  // without a slash before it, it begins in the folder of the current one. Filters with
  // dispatcher="FORWARD" come before it, security constraints do not. The other endpoint sees its
  // own path; `jakarta.servlet.forward.request_uri` and its like are attributes. Throws
  // std::logic_error when the answer is committed or the name unknown; a path that leads nowhere is
  // a 404, more than 16 dispatches are a 500.
  void forward(std::string_view path);
  void forward_named(std::string_view endpoint);  // the paths stay as they are
  // Puts what another endpoint writes in here: the whole of it, now. Its status and header fields
  // do not count; gives the status, of which 400 and more is an error, perhaps with a part written.
  // It cannot suspend. Throws std::logic_error when it might block and this is the loop, or when
  // there are 16 includes within one another. The client's conditions and ranges are not its own.
  int include(std::string_view path);
  int include_named(std::string_view endpoint);
  // Which pattern of the application takes a path within it, which is decoded here;
  // MARGAY_MATCH_NONE also where it leads to the endpoint that asks.
  margay_mapping_match leads_to(std::string_view path) const;
  // Whether the application's constraints ask the same for a path within it, which is decoded here,
  // as for that of the client's request. To be asked before one path's contents are shown under
  // another. True during dispatches, which are judged by nobody.
  bool is_guarded_alike(std::string_view path) const;
  // Forward of an answer that is suspended, for filters with dispatcher="ASYNC"; no path is that of
  // the client. See Async::dispatch.
  void redispatch(std::string_view path = {});

  // Gives up an answer that cannot be completed: the client sees a cut connection instead of a good
  // end, or error page 500 when nothing was committed.
  void cut() { host_.cut(&exchange_); }

  // The right to come back later, from any thread. Empty when the answer is over.
  Async suspend();

  // Call `work(Response&)` where the route runs, never during another call, as long as the exchange
  // is suspended. One `work` for each event, a new one replaces it. It is owned by the exchange,
  // may hold the Async itself, and is destroyed once, where the route runs or on the loop: when the
  // answer is over or the client has gone. What it throws is a 500 or its status, or cuts the
  // connection. See async.h.
  template <class Work>
  void on_writable(Work&& work);  // there is room again after Write::full; on the loop only
  template <class Work>
  void on_abort(Work&& work);  // the client closed its sending half, or (again) has gone

  // The C contract underneath, for what has no form here; only during the call that brought this.
  margay_exchange& exchange() { return exchange_; }
  const margay_host& host() { return host_; }

 private:
  const margay_dispatches& dispatches() const;
  static Write result(margay_result result) {
    return result == MARGAY_OK ? Write::ok : result == MARGAY_FULL ? Write::full : Write::closed;
  }
  static void require(margay_result result, const char* what) {
    if (result != MARGAY_OK) throw std::logic_error(std::string("response refused: ") + what);
  }
  Response& edit(int mode, std::string_view name, std::string_view value) {
    if (host_.header(&exchange_, mode, str(name), str(value)) != MARGAY_OK)
      throw std::logic_error("response refused: header field '" + std::string(name) + "'");
    return *this;
  }

  const margay_host& host_;
  margay_exchange& exchange_;
  const margay_config* source_;  // whose log hears of exceptions
};

}  // namespace margay
