// The way of a plugin into the server's log.
#pragma once

#include <string_view>

#include <margay/text.h>

namespace margay {

// Writes under the application's name ("app./shop"); levels are set in the server's configuration.
// A value: copy it anywhere. Any thread, until the destructor of the instance whose Config gave it
// has returned. Never blocks: when the log's queue is full the oldest waiting line is lost and
// counted. Control characters are escaped; a line has no limit of its own.
class Logger {
 public:
  Logger(const margay_host& host, const margay_config* source) : host_(&host), source_(source) {}
  void debug(std::string_view text) const { write(MARGAY_DEBUG, text); }
  void info(std::string_view text) const { write(MARGAY_INFO, text); }
  void warn(std::string_view text) const { write(MARGAY_WARN, text); }
  void error(std::string_view text) const { write(MARGAY_ERROR, text); }

 private:
  void write(margay_level level, std::string_view text) const {
    host_->log(source_, level, str(text));
  }

  const margay_host* host_;
  const margay_config* source_;
};

}  // namespace margay
