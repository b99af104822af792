// What plugins do with their application: the interface "application/1" of abi_application.h.
#include "container/application_bridge.h"

#include <margay/text.h>

#include <string>
#include <string_view>
#include <utility>

#include "container/application_state.h"
#include "container/bridge.h"
#include "container/invocation.h"

namespace container {

namespace {

using Attribute = ApplicationState::Attribute;
using Held = ApplicationState::Held;

using margay::view;
margay_str text(const std::string* from) {
  return from == nullptr ? margay_str{nullptr, 0} : margay_str{from->data(), from->size()};
}
const BridgedConfig& config(const margay_config* source) {
  return *reinterpret_cast<const BridgedConfig*>(source);
}
ApplicationState& state(const margay_config* source) { return *config(source).application; }

margay_result set_attribute(const margay_config* source, margay_str name, margay_str value) {
  if (value.size > ApplicationState::kMaxBytes) return MARGAY_FULL;
  auto made = std::make_shared<Attribute>();
  made->bytes = view(value);
  return state(source).set(view(name), std::move(made));
}

margay_result attribute(const margay_config* source, margay_str name,
                        void (*take)(void*, margay_str), void* argument) {
  const Held found = state(source).find(view(name));
  if (found == nullptr || found->is_object()) return MARGAY_FAILED;
  take(argument, text(&found->bytes));
  return MARGAY_OK;
}

margay_result set_object(const margay_config* source, margay_str name, const void* type,
                         void* object, void (*destroy)(void*)) {
  auto made = std::make_shared<Attribute>();
  made->object = object;
  made->destroy = destroy;
  made->type = type;
  made->library = config(source).library;
  return type == nullptr ? MARGAY_FAILED : state(source).set(view(name), std::move(made));
}

margay_result object(const margay_config* source, margay_str name, const void* type,
                     void (*take)(void*, void*), void* argument) {
  const Held found = state(source).find(view(name));
  if (found == nullptr || !found->is_object() || found->type != type ||
      found->library != config(source).library)
    return MARGAY_FAILED;
  take(argument, found->object);
  return MARGAY_OK;
}

void each_attribute(const margay_config* source, void (*each)(void*, margay_str), void* argument) {
  for (const std::string& name : state(source).names()) each(argument, text(&name));
}

margay_result unavailable(margay_exchange* exchange, int64_t seconds, margay_str reason) {
  auto& invocation = *reinterpret_cast<Invocation*>(exchange);
  const MappedEndpoint* const endpoint = invocation.endpoint();
  if (endpoint == nullptr || !invocation.in_endpoint()) return MARGAY_FAILED;
  std::string why(view(reason));
  if (seconds < 0) {
    endpoint->log.error("{} is unavailable for ever: {}", endpoint->title, why);
  } else {
    endpoint->log.warn("{} is unavailable for {} s: {}", endpoint->title, seconds, why);
  }
  const std::int64_t time =
      seconds < 0 ? Availability::kForEver : std::max<std::int64_t>(1, seconds);
  endpoint->availability->leave(time, std::move(why));
  return answer_unavailable(invocation, time);
}

}  // namespace

margay_result answer_unavailable(Invocation& invocation, std::int64_t seconds) {
  if (invocation.is_committed()) return MARGAY_CLOSED;
  if (seconds == Availability::kForEver) return invocation.send_error(404, {});
  server::Exchange& exchange = invocation.exchange();
  exchange.response().set(exchange.arena(), "Retry-After", std::to_string(seconds));
  return invocation.send_error(503, {});
}

const margay_application& application_functions() {
  static const margay_application table{
      .size = sizeof(margay_application),
      .set_attribute = set_attribute,
      .attribute = attribute,
      .set_object = set_object,
      .object = object,
      .remove_attribute =
          [](const margay_config* source, margay_str name) {
            state(source).remove(view(name));
            return MARGAY_OK;
          },
      .each_attribute = each_attribute,
      .parameter = [](const margay_config* source,
                      margay_str name) { return text(state(source).parameter(view(name))); },
      .work_folder = [](const margay_config* source) { return text(state(source).work_folder()); },
      .unavailable = unavailable,
  };
  return table;
}

}  // namespace container
