// Endpoints of an application that could not be created with it, and are tried again.
#include "container/latecomers.h"

#include <utility>

namespace container {

void put_off(const Application& application, Latecomer& one, const CreateFailure& failure) {
  constexpr std::int64_t kUsual = 60;
  const MappedEndpoint& endpoint = application.endpoints[one.endpoint];
  const std::int64_t seconds = failure.unavailable == 0 ? kUsual : failure.unavailable;
  const bool never = seconds < 0;
  const auto now = std::chrono::steady_clock::now();
  one.is_tried = false;
  one.next = never ? now.max() : now + std::chrono::seconds(seconds);
  if (const bool is_news = endpoint.availability->reason() != failure.message; is_news || never)
    endpoint.log.error("{} could not be created: {}; {}", endpoint.title, failure.message,
                       never ? "it is answered 404"
                             : "it is tried again after " + std::to_string(seconds) +
                                   " s, and answered 503 until then");
  endpoint.availability->miss(never ? Availability::kForEver : seconds, failure.message, now);
}

void come(const Application& application, const Latecomer& one,
          std::shared_ptr<const EndpointInstance> instance) {
  const MappedEndpoint& endpoint = application.endpoints[one.endpoint];
  endpoint.availability->come(instance->self());
  application.latecomers->came.push_back(std::move(instance));
  endpoint.log.info("{} is available", endpoint.title);
}

}  // namespace container
