// A name for each request that proxies, logs and clients share.
#include "filters/request_id.h"

#include <margay/known_parameters.h>

#include <array>
#include <cstdio>
#include <random>

namespace filters {

namespace {

constexpr std::string_view kLetters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+/=";

bool is_good(std::string_view id) {
  return !id.empty() && id.size() <= 128 && id.find_first_not_of(kLetters) == id.npos;
}

std::string random_text() {
  std::random_device random;
  std::array<char, 24> text{};
  const int size = std::snprintf(text.data(), text.size(), "%08x%08x-", random(), random());
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

RequestId::RequestId(const margay::Config& config)
    : header_(config.get("header", "X-Request-Id")),
      process_(random_text()),
      accept_(config.boolean("accept", true)) {
  require_known(config, {"header", "accept"});
  if (header_.empty() || header_.find_first_not_of(kLetters.substr(0, 63)) != header_.npos)
    throw margay::ConfigError("header", "parameter 'header': '" + header_ +
                                            "' is not the name of a field, such as X-Request-Id");
}

bool RequestId::before(margay::Request& request, margay::Response& response) {
  const std::string_view given = accept_ ? request.header(header_) : std::string_view{};
  std::array<char, 64> made{};
  std::string_view id = given;
  if (!is_good(given)) {
    const std::string_view own = request.id().substr(0, made.size() - process_.size());
    process_.copy(made.data(), process_.size());
    own.copy(made.data() + process_.size(), own.size());
    id = {made.data(), process_.size() + own.size()};
  }
  request.attribute("margay.requestId", id);
  response.header(header_, id);
  return true;
}

}  // namespace filters
