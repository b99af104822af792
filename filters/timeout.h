// Answers for endpoints that take too long.
#pragma once

#include <margay/plugin.h>

#include <chrono>

namespace filters {

// Parameters: `seconds` (30; fractions are fine), from this filter's turn until the answer's head
// is on its way, and `status` (503). An endpoint that holds a worker cannot be interrupted: it goes
// on, and what it writes is dropped. In its place the client hears the plain error page, without
// what other filters add to it. Of several such filters the one that ends first counts.
class Timeout : public margay::Filter {
 public:
  explicit Timeout(const margay::Config& config);
  bool before(margay::Request& request, margay::Response& response) override;

 private:
  std::chrono::milliseconds time_;
  int status_;
};

}  // namespace filters
