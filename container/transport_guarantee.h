// Where a plain request is sent that has to come with TLS, and with which status.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace container {

// `configured` for GET and HEAD. Others must keep method and body (RFC 9110 section 15.4), so they
// get 307, or 308 in place of what is permanent.
int redirect_status(int configured, std::string_view method);

// `target` is the request's as it came, in origin or absolute form; path and query stay as they
// are.
std::string https_location(std::string_view server_name, std::uint16_t port,
                           std::string_view target);

}  // namespace container
