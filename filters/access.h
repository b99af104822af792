// Logs each exchange when it is over, through the application's own log: an example of `done`.
#pragma once

#include <margay/plugin.h>

namespace filters {

class Access : public margay::Filter {
 public:
  explicit Access(const margay::Config& config) : log_(config.logger()) {}
  void done(const margay_request& request, const margay_outcome& outcome) override;

 private:
  margay::Logger log_;
};

}  // namespace filters
