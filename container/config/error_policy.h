// What error answers tell of the inside.
#pragma once

#include <cstdint>

namespace container {

// Which of the attributes that tell of the inside go out (Spring Boot: server.error.include-*).
// on_param: where the request has a parameter of that name, `message`, `trace`, `errors` or `path`,
// that is not "false".
enum class IncludeChoice : std::uint8_t { never, always, on_param };
// `sent`: what an application wrote for clients, but not what an exception says.
enum class IncludeMessage : std::uint8_t { never, sent, always, on_param };

struct ErrorPolicy {
  bool server_info = false;
  bool exception = false;
  IncludeMessage message = IncludeMessage::sent;
  IncludeChoice trace = IncludeChoice::never;
  IncludeChoice errors = IncludeChoice::never;
  IncludeChoice path = IncludeChoice::always;
};

}  // namespace container
