// Status and fields of an answer as it came, for tests of the real server.
#pragma once

#include <cstdlib>
#include <string>

namespace tests {

// 0: it is no answer.
inline int status(const std::string& answer) {
  return answer.size() < 12 ? 0 : std::atoi(answer.c_str() + 9);
}

// The value of the first such field of the head, with its name as it is written there; "" when
// there is none.
inline std::string field(const std::string& answer, const std::string& name) {
  const auto at = answer.find("\r\n" + name + ": ");
  if (at == std::string::npos || at > answer.find("\r\n\r\n")) return {};
  const auto from = at + name.size() + 4;
  return answer.substr(from, answer.find("\r\n", from) - from);
}

}  // namespace tests
