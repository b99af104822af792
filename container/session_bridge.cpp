// What plugins do with sessions: the interface "session/1" of abi_session.h.
#include "container/session_bridge.h"

#include <margay/text.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "container/bridge.h"
#include "container/invocation.h"
#include "container/session_listeners.h"

namespace container {

namespace {

using margay::str;
using margay::view;
SessionUse& use(margay_exchange* exchange) {
  return reinterpret_cast<Invocation*>(exchange)->sessions();
}
const HttpSession& session(const margay_http_session* handle) {
  return *reinterpret_cast<const HttpSession*>(handle);
}

margay_result find(margay_exchange* exchange, int create, margay_http_session** found) {
  HttpSession* its = use(exchange).find();
  margay_result result = its == nullptr ? MARGAY_FAILED : MARGAY_OK;
  if (its == nullptr && create != 0) result = use(exchange).create(its);
  *found = its == nullptr ? nullptr : handle(*its);
  return result;
}

margay_result set_max_inactive(margay_exchange* exchange, int64_t seconds) {
  HttpSession* its = use(exchange).find();
  if (its == nullptr) return MARGAY_FAILED;
  constexpr std::int64_t kMost = std::int64_t{10} * 365 * 24 * 3600;  // the clock's range
  its->max_inactive(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kMost)));
  return MARGAY_OK;
}

void facts(const margay_http_session* handle, margay_session_facts* to) {
  const HttpSession& its = session(handle);
  margay_session_facts ours{};
  ours.size = to->size;
  ours.is_new = its.is_new() ? 1 : 0;
  ours.is_valid = its.is_valid() ? 1 : 0;
  ours.created = its.created();
  ours.last_accessed = its.last_accessed();
  ours.max_inactive = its.max_inactive().count();
  const std::string id = its.id();
  std::memcpy(ours.id, id.data(), std::min(id.size(), sizeof ours.id - 1));
  std::memcpy(to, &ours, std::min<std::size_t>(to->size, sizeof ours));
}

margay_result attribute(const margay_http_session* handle, margay_str name,
                        void (*take)(void*, margay_str), void* argument) {
  const SessionValue value = session(handle).attribute(view(name));
  if (value == nullptr) return MARGAY_FAILED;
  take(argument, str(*value));
  return MARGAY_OK;
}

void each_attribute(const margay_http_session* handle, void (*each)(void*, margay_str, margay_str),
                    void* argument) {
  for (const auto& [name, value] : session(handle).attributes())
    each(argument, str(name), str(*value));
}

margay_result listen(const margay_config* source,
                     void (*event)(void*, const margay_session_change*), void* argument,
                     void (*gone)(void*)) {
  const auto* config = reinterpret_cast<const BridgedConfig*>(source);
  if (config == nullptr || config->listeners == nullptr || config->self != nullptr) {
    if (gone != nullptr) gone(argument);
    return MARGAY_FAILED;
  }
  config->listeners->add(event, argument, gone);
  return MARGAY_OK;
}

}  // namespace

const margay_sessions& session_functions() {
  static const margay_sessions table{
      .size = sizeof(margay_sessions),
      .find = find,
      .change_id = [](margay_exchange* exchange) { return use(exchange).change_id(); },
      .invalidate = [](margay_exchange* exchange) { return use(exchange).invalidate(); },
      .set_max_inactive = set_max_inactive,
      .set_attribute =
          [](margay_exchange* exchange, margay_str name, margay_str value) {
            return use(exchange).set_attribute(view(name), view(value));
          },
      .remove_attribute =
          [](margay_exchange* exchange, margay_str name) {
            return use(exchange).remove_attribute(view(name));
          },
      .facts = facts,
      .attribute = attribute,
      .each_attribute = each_attribute,
      .listen = listen,
  };
  return table;
}

}  // namespace container
