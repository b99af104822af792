// The access logs that server.xml asks for, through its changes.
#include "container/access_logs.h"

#include <algorithm>

#include "container/config/effective.h"
#include "container/types.h"

namespace container {

AccessLogs::Plan AccessLogs::prepare(const EngineConfig& engine) const {
  Plan plan;
  std::vector<bool> taken(opened_.size());
  const auto add = [&](const AccessLogConfig& config, const std::string& host) {
    if (!config.enabled) return;
    Opened one{values_text("AccessLog", config), host, nullptr};
    for (std::size_t i = 0; i < opened_.size() && one.log == nullptr; ++i) {
      if (taken[i] || opened_[i].values != one.values || opened_[i].host != host) continue;
      taken[i] = true;
      one.log = opened_[i].log;
    }
    if (one.log == nullptr) one.log = open(config);
    plan.push_back(std::move(one));
  };
  for (const AccessLogConfig& one : engine.access_logs) add(one, "");
  for (const HostConfig& host : engine.hosts)
    for (const AccessLogConfig& one : host.access_logs) add(one, host.name);
  return plan;
}

std::shared_ptr<AccessLog> AccessLogs::open(const AccessLogConfig& config) const {
  AccessLogOptions options{.pattern = config.pattern,
                           .place = {.directory = (base_ / config.directory).lexically_normal(),
                                     .prefix = config.prefix,
                                     .suffix = config.suffix,
                                     .file_date_format = config.file_date_format,
                                     .rotatable = config.rotatable,
                                     .rename_on_rotate = config.rename_on_rotate,
                                     .max_days = config.max_days},
                           .condition_if = config.condition_if,
                           .condition_unless = config.condition_unless,
                           .buffered = config.buffered,
                           .queue_limit = config.queue_limit};
  AccessLogHooks hooks;
  hooks.on_error = [log = log_](std::string_view text) { log.error("{}", text); };
  try {
    return std::make_shared<AccessLog>(std::move(options), std::move(hooks));
  } catch (const std::invalid_argument& error) {
    complain(config.position, error.what());
  }
}

void AccessLogs::use(Plan plan, Engine& engine) {
  std::vector<AccessLogUse> uses;
  for (const Opened& one : plan) uses.push_back({one.log.get(), one.host});
  engine.use_access_logs(uses);
  opened_ = std::move(plan);  // those that are left out write what they hold, and end
}

void AccessLogs::reopen() {
  for (const Opened& one : opened_) one.log->reopen();
}

}  // namespace container
