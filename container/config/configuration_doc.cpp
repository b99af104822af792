// Prints docs/configuration.md.
#include <cstdio>
#include <string>

#include "container/config/reference.h"

int main() {
  const std::string text = container::configuration_reference();
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return written && std::fflush(stdout) == 0 ? 0 : 1;
}
