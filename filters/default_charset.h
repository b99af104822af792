// Says which letters a text consists of, where nobody did.
#pragma once

#include <margay/plugin.h>

#include <string>

namespace filters {

// Tomcat's AddDefaultCharsetFilter: `; charset=` behind a Content-Type of text/* that has none.
// Parameter: `encoding` (UTF-8).
class DefaultCharset : public margay::Filter {
 public:
  explicit DefaultCharset(const margay::Config& config);
  void head(const margay::Request& request, margay::Head& head) override;

 private:
  std::string suffix_;
};

}  // namespace filters
