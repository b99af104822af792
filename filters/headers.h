// Sets, adds and removes fields of every answer.
#pragma once

#include <margay/plugin.h>

#include <string>
#include <vector>

namespace filters {

// Parameters: `set.NAME`, `add.NAME`, `remove.NAME` (its value is not looked at), in this order.
class Headers : public margay::Filter {
 public:
  explicit Headers(const margay::Config& config);
  void head(const margay::Request& request, margay::Head& head) override;

 private:
  enum class Action { set, add, remove };
  struct Step {
    Action action;
    std::string name, value;
  };
  std::vector<Step> steps_;
};

}  // namespace filters
