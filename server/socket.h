// Listening sockets made by hand: libuv 1.44 knows no SO_REUSEPORT.
#pragma once

#include <cstdint>
#include <string>

namespace server {

// Each throws std::runtime_error with address and reason. The caller owns the descriptor.
int bind_tcp(const std::string& address, std::uint16_t& port);  // port 0: set to the one chosen
int bind_unix(const std::string& path, const std::string& permissions);

// Throws when somebody listens there. Our own sockets share their port, so that each loop has one;
// without this, another server of the same user would share it, too.
void refuse_shared_port(const std::string& address, std::uint16_t port);

}  // namespace server
