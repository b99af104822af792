// For what nobody announces.
#pragma once

#include <chrono>
#include <thread>
#include <utility>

namespace tests {

// Asks again and again until `holds`, at most 20 seconds; false: it never did.
template <class Holds>
bool eventually(Holds&& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace tests
