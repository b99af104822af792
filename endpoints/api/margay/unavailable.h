// An endpoint that cannot answer for a while, or never will.
#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>

#include <margay/abi_application.h>
#include <margay/text.h>

namespace margay {

// Thrown by `service`: this request and those of the next time are answered 503 with Retry-After,
// without calling the endpoint. Thrown by its constructor: the deployment fails, or with
// failCtxIfServletStartFails="false" that endpoint alone is answered so, and made when the time is
// over. The message goes to the log. Servlets know it as UnavailableException.
class Unavailable : public std::runtime_error {
 public:
  explicit Unavailable(std::chrono::seconds time, const std::string& message = "unavailable")
      : std::runtime_error(message), seconds_(time.count() < 1 ? 1 : time.count()) {}
  // It is 404 from now on.
  static Unavailable permanently(const std::string& message) {
    Unavailable made(std::chrono::seconds(1), message);
    made.seconds_ = -1;
    return made;
  }

  std::int64_t seconds() const { return seconds_; }  // -1: permanently

 private:
  std::int64_t seconds_;
};

namespace detail {

// Tells the server; true when it has answered.
inline bool tell_unavailable(const margay_host& host, const margay_config* source,
                             margay_exchange& exchange, const Unavailable& what) {
  const auto* functions =
      static_cast<const margay_application*>(host.query(source, "application/1"));
  return functions != nullptr &&
         functions->unavailable(&exchange, what.seconds(), str(what.what())) == MARGAY_OK;
}

}  // namespace detail
}  // namespace margay
