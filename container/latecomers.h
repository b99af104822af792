// Endpoints of an application that could not be created with it, and are tried again.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>

#include "container/instance.h"
#include "container/mapping.h"

namespace container {

struct Latecomer {
  std::size_t endpoint = 0;  // position in the application
  std::shared_ptr<const Plugin> owner;
  const margay_endpoint_type* type = nullptr;
  std::shared_ptr<InstanceConfig> config;
  std::chrono::steady_clock::time_point next{};
  bool is_tried = false;  // at the moment
};

// Filled while the application is put together, then for the control thread.
struct Latecomers {
  std::list<Latecomer> waiting;  // addresses stay good
  Keeps came;
};

// What has to happen before `one`, which could not be created, is tried again: its endpoint is
// answered 503, or 404 for ever. Of those that do not say when it is 60 s. Its log hears of each
// new reason. Whoever makes or has the application.
void put_off(const Application& application, Latecomer& one, const CreateFailure& failure);
// It was created at last. Control thread.
void come(const Application& application, const Latecomer& one,
          std::shared_ptr<const EndpointInstance> instance);

}  // namespace container
