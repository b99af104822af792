// An exception with the status that answers it.
#pragma once

#include <stdexcept>
#include <string>

namespace margay {

// Thrown by endpoints, handlers and interceptors before the answer is committed: this error page,
// with a message for the client. Behind the commit it cuts the connection, as any exception.
class StatusError : public std::runtime_error {
 public:
  StatusError(int status, const std::string& message = {})
      : std::runtime_error(message), status_(status) {}
  int status() const { return status_; }  // 400..599

 private:
  int status_;
};

}  // namespace margay
