// Exceptions that are answers: an error page with a status, from wherever they are thrown.
#pragma once

#include <stdexcept>
#include <string>

namespace margay {

// Thrown by endpoints, filters, handlers, interceptors, and what an Async runs: the error page of
// its type, else of its status, with a message for the client. It is not logged. Behind the commit
// it cuts the answer, as every exception does.
class StatusError : public std::runtime_error {
 public:
  StatusError(int status, const std::string& message = {})
      : std::runtime_error(message), status_(status) {}
  int status() const { return status_; }  // 400..599

 private:
  int status_;
};

// A parameter of the client that is not what a handler takes: 400.
class ParameterError : public StatusError {
 public:
  explicit ParameterError(const std::string& message) : StatusError(400, message) {}
};

// What exceptions are, too, that say that there is no room: left alone they are logged and answered
// 503.
class Busy {};

}  // namespace margay
