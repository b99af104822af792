// What is owned in the order of its making, and ended in reverse.
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace container {

class Keeps {
 public:
  Keeps() = default;
  ~Keeps() {
    while (!all_.empty()) all_.pop_back();
  }
  Keeps(Keeps&&) = default;
  Keeps& operator=(Keeps&&) = delete;

  void push_back(std::shared_ptr<const void> one) { all_.push_back(std::move(one)); }

 private:
  std::vector<std::shared_ptr<const void>> all_;
};

}  // namespace container
