// What must hold of <Manager>.
#include <algorithm>
#include <chrono>
#include <string>

#include "container/config/checks.h"

namespace container {
namespace {

bool is_name_character(char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_character);
}

bool is_path(const std::string& text) {
  return text.front() == '/' && std::all_of(text.begin(), text.end(), [](char c) {
           return c >= ' ' && c < 0x7f && c != ';';
         });
}

bool is_domain(const std::string& text) {
  if (text.front() == '.' || text.back() == '.' || text.front() == '-' || text.back() == '-')
    return false;
  return text.find("..") == text.npos && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' ||
                  c == '-';
         });
}

}  // namespace

void check_manager(const ManagerConfig& manager, Report& report) {
  const auto complain = [&](const char* attribute, const std::string& what) {
    report.error(position_of(manager, attribute),
                 std::string("attribute '") + attribute + "' of <Manager>: " + what);
  };
  const auto timeout = manager.session_timeout;
  if (timeout.count() > 0 && timeout < std::chrono::seconds(1))
    complain("sessionTimeout", "is less than a second; write minutes as in 30min");
  if (timeout.count() > 0 && timeout % std::chrono::seconds(1) != std::chrono::milliseconds(0))
    complain("sessionTimeout", "must be whole seconds");
  if (!is_token(manager.session_cookie_name))
    complain("sessionCookieName", "must be a token: letters, digits and !#$%&'*+-.^_`|~");
  if (!manager.session_cookie_path.empty() && !is_path(manager.session_cookie_path))
    complain("sessionCookiePath", "must begin with '/' and have no ';'");
  if (!manager.session_cookie_domain.empty() && !is_domain(manager.session_cookie_domain))
    complain("sessionCookieDomain", "must be a host name without a dot in front");
  if (manager.session_cookie_name.starts_with("__Host-") &&
      (manager.session_cookie_path != "/" || !manager.session_cookie_domain.empty()))
    complain("sessionCookieName",
             "browsers refuse __Host- but with sessionCookiePath=\"/\" and no domain");
}

}  // namespace container
