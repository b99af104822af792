// The answer. On the thread that has the exchange; to come back later, or from another, suspend().
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <margay/config.h>

namespace margay {

enum class Write { ok, full, closed };  // full: taken, but stop until the writable event

class Async;

class Response {
 public:
  Response(const margay_host& host, margay_exchange& exchange) : host_(host), exchange_(exchange) {}

  // Until the head is committed; afterwards, or for a code outside 200..599, std::logic_error.
  Response& status(int code) {
    require(host_.status(&exchange_, code), "status");
    return *this;
  }
  // Throws std::logic_error for a name or value that could split the head, or when it is too late.
  Response& header(std::string_view name, std::string_view value) {
    return edit(MARGAY_SET, name, value);
  }
  Response& add_header(std::string_view name, std::string_view value) {
    return edit(MARGAY_ADD, name, value);
  }
  Response& remove_header(std::string_view name) { return edit(MARGAY_REMOVE, name, {}); }
  std::string_view header(std::string_view name) const {
    return view(host_.response_header(&exchange_, str(name)));
  }
  Response& type(std::string_view mime) { return header("Content-Type", mime); }

  // Copies. Short answers (8 KiB) go out in one piece with their length when the handler returns.
  Write write(std::string_view bytes) { return result(host_.write(&exchange_, str(bytes))); }
  Write flush() { return result(host_.flush(&exchange_)); }
  Write finish() { return result(host_.finish(&exchange_)); }
  void redirect(std::string_view location, int code = 302) {
    status(code).header("Location", location);
    finish();
  }
  // Sends a part of an open file as the rest of the answer. Takes the descriptor over.
  Write send_file(int descriptor, uint64_t offset, uint64_t length) {
    return result(host_.send_file(&exchange_, descriptor, offset, length));
  }
  // Drops what was written and answers with the error page; false once the answer is committed.
  bool send_error(int code, std::string_view message = {}) {
    return host_.send_error(&exchange_, code, str(message)) == MARGAY_OK;
  }
  // The right to finish later, from any thread.
  Async suspend();

  margay_exchange& exchange() { return exchange_; }
  const margay_host& host() { return host_; }

 private:
  static Write result(margay_result result) {
    return result == MARGAY_OK ? Write::ok : result == MARGAY_FULL ? Write::full : Write::closed;
  }
  static void require(margay_result result, const char* what) {
    if (result != MARGAY_OK) throw std::logic_error(std::string("response refused: ") + what);
  }
  Response& edit(int mode, std::string_view name, std::string_view value) {
    require(host_.header(&exchange_, mode, str(name), str(value)), "header field");
    return *this;
  }

  const margay_host& host_;
  margay_exchange& exchange_;
};

// Move-only right to come back to an exchange; keep it anywhere, use it from any thread. Destroyed
// while the answer is not finished, the client gets a 500: nothing ever hangs.
class Async {
 public:
  Async() = default;
  Async(const margay_host& host, margay_async* token) : host_(&host), token_(token) {}
  Async(Async&& other) noexcept
      : host_(other.host_), token_(std::exchange(other.token_, nullptr)) {}
  Async& operator=(Async&& other) noexcept {
    if (this != &other) {
      reset();
      host_ = other.host_;
      token_ = std::exchange(other.token_, nullptr);
    }
    return *this;
  }
  ~Async() { reset(); }

  // Runs `work(Response&)` where the route runs: its loop or a worker. Dropped unrun when the
  // client has gone. What it throws is a 500, or a cut connection behind the commit.
  template <class Work>
  void run(Work&& work) {
    struct Box {
      const margay_host& host;
      std::decay_t<Work> work;
    };
    if (token_ == nullptr) return;
    host_->resume(
        token_,
        [](void* argument, margay_exchange* exchange) {
          const std::unique_ptr<Box> box(static_cast<Box*>(argument));
          if (exchange == nullptr) return;
          Response response(box->host, *exchange);
          try {
            box->work(response);
          } catch (...) {
            response.send_error(500);
          }
        },
        new Box{*host_, std::forward<Work>(work)});
  }
  // Sends what was written as the end of the answer.
  void finish() {
    run([](Response& response) { response.finish(); });
  }
  explicit operator bool() const { return token_ != nullptr; }

 private:
  void reset() {
    if (token_ != nullptr) host_->release(std::exchange(token_, nullptr));
  }

  const margay_host* host_ = nullptr;
  margay_async* token_ = nullptr;
};

inline Async Response::suspend() { return {host_, host_.suspend(&exchange_)}; }

}  // namespace margay
