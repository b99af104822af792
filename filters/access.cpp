// Logs each exchange when it is over, through the application's own log: an example of `done`.
#include "filters/access.h"

#include <string>

namespace filters {

void Access::done(const margay_request& request, const margay_outcome& outcome) {
  std::string line;
  line.append(margay::view(request.method))
      .append(" ")
      .append(margay::view(request.path))
      .append(" ");
  line.append(std::to_string(outcome.status))
      .append(" ")
      .append(std::to_string(outcome.sent))
      .append(" bytes ");
  line.append(std::to_string(outcome.micros)).append(outcome.aborted != 0 ? " us, aborted" : " us");
  log_.info(line);
}

}  // namespace filters
