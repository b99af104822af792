// Rewrites URLs by rules.
#pragma once

#include <margay/plugin.h>

#include <string>
#include <vector>

#include "filters/rewrite_rules.h"

namespace filters {

// Tomcat's RewriteValve. Parameters: `file` (rewrite.config) has the rules, or `rules` has them in
// itself; `documentRoot` is where `-d`, `-f` and `-s` look (the application's `static`). In an
// application rules see paths below its context path. They are applied before any filter runs; what
// answers at once is answered in this filter's turn.
class Rewrite : public margay::Filter {
 public:
  explicit Rewrite(const margay::Config& config);
  void map(margay::Request& request) override;
  bool before(margay::Request& request, margay::Response& response) override;
  void head(const margay::Request& request, margay::Head& head) override;

 private:
  margay::Logger log_;
  std::string document_root_;
  std::vector<RewriteRule> rules_;
};

}  // namespace filters
