// To other endpoints of the application, within the server: forward, include, dispatch
// (servlet RequestDispatcher and AsyncContext). Included by endpoint.h.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <margay/abi_dispatch.h>
#include <margay/async.h>
#include <margay/response.h>

namespace margay {

inline const margay_dispatches& Response::dispatches() const {
  const auto* functions =
      source_ == nullptr
          ? nullptr
          : static_cast<const margay_dispatches*>(host_.query(source_, "dispatch/1"));
  if (functions == nullptr) throw std::logic_error("this server knows no dispatches");
  return *functions;
}

inline void Response::forward(std::string_view path) {
  if (dispatches().forward(&exchange_, str(path)) != MARGAY_OK)
    throw std::logic_error("no forward to '" + std::string(path) + "': the answer is committed");
}

inline void Response::forward_named(std::string_view endpoint) {
  if (dispatches().forward_named(&exchange_, str(endpoint)) != MARGAY_OK)
    throw std::logic_error("no forward to '" + std::string(endpoint) +
                           "': no such endpoint, or the answer is committed");
}

inline void Response::redispatch(std::string_view path) {
  if (dispatches().redispatch(&exchange_, str(path)) != MARGAY_OK)
    throw std::logic_error("no dispatch: the answer is committed, or was not suspended");
}

inline int Response::include(std::string_view path) {
  int status = 0;
  if (dispatches().include(&exchange_, str(path), &status) == MARGAY_FAILED)
    throw std::logic_error("'" + std::string(path) + "' cannot be included");
  return status;
}

inline int Response::include_named(std::string_view endpoint) {
  int status = 0;
  if (dispatches().include_named(&exchange_, str(endpoint), &status) == MARGAY_FAILED)
    throw std::logic_error("'" + std::string(endpoint) + "' cannot be included");
  return status;
}

inline margay_mapping_match Response::leads_to(std::string_view path) const {
  return static_cast<margay_mapping_match>(dispatches().leads_to(&exchange_, str(path)));
}

inline bool Response::is_guarded_alike(std::string_view path) const {
  return dispatches().is_guarded_alike(&exchange_, str(path)) != 0;
}

inline void Async::dispatch(std::string path) {
  run([path = std::move(path)](Response& response) { response.redispatch(path); });
  release();
}

}  // namespace margay
