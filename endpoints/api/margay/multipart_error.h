// What can be wrong with a body of multipart/form-data.
#pragma once

#include <string>

#include <margay/status_error.h>

namespace margay {

// Answered with its status by whoever lets it through: 413 for what is over a limit, 415 for a body
// of another type, 400 for the rest.
class MultipartError : public StatusError {
 public:
  enum class Reason {
    other_type,           // not multipart/form-data
    malformed,            // against RFC 2046 or RFC 7578, or a boundary that cannot be one
    incomplete,           // the client has gone, or the closing delimiter is missing
    request_too_large,    // maxRequestSize
    file_too_large,       // maxFileSize
    text_too_large,       // maxPostSize
    too_many_parts,       // maxPartCount
    too_many_parameters,  // maxParameterCount
    header_too_large      // maxPartHeaderSize
  };

  MultipartError(Reason reason, const std::string& message)
      : StatusError(status_of(reason), message), reason_(reason) {}
  Reason reason() const { return reason_; }

 private:
  static int status_of(Reason reason) {
    switch (reason) {
      case Reason::other_type:
        return 415;
      case Reason::malformed:
      case Reason::incomplete:
        return 400;
      default:
        return 413;
    }
  }

  Reason reason_;
};

}  // namespace margay
