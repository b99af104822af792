// The only place that knows both the C ABI and the exchange: the functions plugins call.
#include "container/bridge.h"

#include <margay/text.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "container/application_bridge.h"
#include "container/dispatch_bridge.h"
#include "container/invocation.h"
#include "container/security_bridge.h"
#include "container/session_bridge.h"
#include "container/tls_bridge.h"
#include "container/upgrade_bridge.h"

namespace container {

namespace {

static_assert(sizeof(server::Text) == sizeof(margay_str) &&
              sizeof(server::Field) == sizeof(margay_field));
static_assert(offsetof(server::Text, data) == offsetof(margay_str, data));

using margay::str;
using margay::view;
Invocation& call(margay_exchange* exchange) { return *reinterpret_cast<Invocation*>(exchange); }
server::Async& right(margay_async* async) { return *reinterpret_cast<server::Async*>(async); }

margay_str response_header(margay_exchange* exchange, margay_str name) {
  return str(call(exchange).exchange().response().find(view(name)));
}

void each_response_header(margay_exchange* exchange, void (*each)(void*, margay_str, margay_str),
                          void* argument) {
  for (const server::Field& field : call(exchange).exchange().response().fields())
    each(argument, str(field.name), str(field.value));
}

ptrdiff_t read(margay_exchange* exchange, void* into, size_t room) {
  return call(exchange).exchange().read({static_cast<char*>(into), room});
}

margay_str attribute(margay_exchange* exchange, margay_str name) {
  const auto value = call(exchange).ask_attribute(view(name));
  return value ? str(*value) : margay_str{nullptr, 0};
}

constexpr std::size_t kMaxMemory = 64 * 1024;

void* memory(margay_exchange* exchange, size_t size) {
  return size > kMaxMemory ? nullptr : call(exchange).exchange().arena().allocate(size);
}

margay_async* suspend(margay_exchange* exchange) {
  server::Exchange& its = call(exchange).exchange();
  // What is included ends with the call: nobody would wait for it.
  if (its.ended() || call(exchange).includes()) return nullptr;
  return reinterpret_cast<margay_async*>(&its.suspend());
}

margay_result answer_within(margay_exchange* exchange, uint64_t milliseconds, int status) {
  server::Exchange& its = call(exchange).exchange();
  if (its.committed() || its.ended() || status < 400 || status > 599) return MARGAY_FAILED;
  constexpr std::uint64_t kMost = std::uint64_t{1000} * 3600 * 24 * 365;
  its.answer_within(std::chrono::milliseconds(std::min(milliseconds, kMost)), status);
  return MARGAY_OK;
}

void log(const margay_config* source, int level, margay_str message) {
  if (source == nullptr) return;
  static constexpr server::LogLevel kLevels[] = {server::LogLevel::debug, server::LogLevel::info,
                                                 server::LogLevel::warn, server::LogLevel::error};
  reinterpret_cast<const BridgedConfig*>(source)->log.write(
      kLevels[level < 0 || level > 3 ? 3 : level], view(message));
}

const void* query(const margay_config* source, const char* name) {
  if (source == nullptr || name == nullptr) return nullptr;
  const auto& asking = *reinterpret_cast<const BridgedConfig*>(source);
  const Interfaces& offered = asking.interfaces;
  const std::string_view wanted(name);
  if (wanted == "status/1") return offered.status;
  if (wanted == "websocket/1") return offered.websockets;
  if (wanted == "upgrade/1") return &upgrade_functions();
  if (wanted == "tls/1") return &tls_functions();
  if (wanted == "security/1") return &security_functions();
  if (wanted == "session/1") return &session_functions();
  if (wanted == "dispatch/1") return &dispatch_functions();
  if (wanted == "application/1" && asking.application != nullptr) return &application_functions();
  return nullptr;
}

}  // namespace

const margay_host& host_functions() {
  static const margay_host table{
      .size = sizeof(margay_host),
      .abi_major = MARGAY_ABI_MAJOR,
      .abi_minor = MARGAY_ABI_MINOR,
      .status = [](margay_exchange* x, int code) { return call(x).status(code); },
      .header = [](margay_exchange* x, int mode, margay_str name,
                   margay_str value) { return call(x).header(mode, view(name), view(value)); },
      .response_header = response_header,
      .write = [](margay_exchange* x, margay_str bytes) { return call(x).write(view(bytes)); },
      .flush = [](margay_exchange* x) { return call(x).flush(); },
      .send_file = [](margay_exchange* x, int fd, uint64_t offset,
                      uint64_t length) { return call(x).send_file(fd, offset, length); },
      .send_error = [](margay_exchange* x, int code,
                       margay_str message) { return call(x).send_error(code, view(message)); },
      .finish = [](margay_exchange* x) { return call(x).finish(); },
      .emit = [](margay_exchange* x, margay_str bytes) { return call(x).emit(view(bytes)); },
      .cut = [](margay_exchange* x) { call(x).cut(); },
      .read = read,
      .trailer = [](margay_exchange* x,
                    margay_str name) { return str(call(x).exchange().trailer(view(name))); },
      .info = [](margay_exchange* x, int what) { return str(call(x).info(what)); },
      .set_info = [](margay_exchange* x, int what,
                     margay_str value) { return call(x).set_info(what, view(value)); },
      .memory = memory,
      .attribute = attribute,
      .set_attribute =
          [](margay_exchange* x, margay_str name, margay_str value) {
            return call(x).set_attribute(view(name), view(value));
          },
      .suspend = suspend,
      .resume =
          [](margay_async* async, void (*run)(void*, margay_exchange*), void* argument) {
            right(async).resume(reinterpret_cast<void (*)()>(run), argument);
          },
      .release = [](margay_async* async) { right(async).release(); },
      .proceed = [](margay_exchange* x) { return call(x).proceed(); },
      .watch =
          [](margay_exchange* x, int what, void (*event)(void*, margay_exchange*), void* argument,
             void (*gone)(void*)) {
            return call(x).watch(what, {event, argument, gone});
          },
      .log = log,
      .query = query,
      .thrown = [](margay_exchange* x, const margay_thrown* what) { return call(x).thrown(*what); },
      .provide_attribute =
          [](margay_exchange* x, margay_str name, void (*make)(void*, margay_exchange*, margay_str),
             void* argument) { return call(x).provide_attribute(view(name), make, argument); },
      .answer_within = answer_within,
      .each_response_header = each_response_header,
      .pass_body = [](margay_exchange* x) { return call(x).pass_body(); },
  };
  return table;
}

}  // namespace container
