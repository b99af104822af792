// Which pages of other sites may use the answers.
#include "filters/cors.h"

#include <margay/known_parameters.h>

#include <algorithm>
#include <cstdint>

#include "filters/origin.h"

namespace filters {

namespace {

using margay::detail::same_ignoring_case;
using margay::detail::trimmed;

std::vector<std::string> list(const margay::Config& config, std::string_view parameter,
                              std::vector<std::string> otherwise) {
  if (!config.has(parameter)) return otherwise;
  const auto items = config.list(parameter);
  return {items.begin(), items.end()};
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text.append(text.empty() ? "" : ",").append(item);
  return text;
}

bool forbid(margay::Response& response) {
  response.send_error(403);
  return false;
}

}  // namespace

Cors::Cors(const margay::Config& config)
    : origins_(list(config, "cors.allowed.origins", {})),
      methods_(list(config, "cors.allowed.methods", {"GET", "POST", "HEAD", "OPTIONS"})),
      headers_(list(config, "cors.allowed.headers",
                    {"Origin", "Accept", "X-Requested-With", "Content-Type",
                     "Access-Control-Request-Method", "Access-Control-Request-Headers"})),
      allow_methods_(joined(methods_)),
      allow_headers_(joined(headers_)),
      expose_headers_(joined(list(config, "cors.exposed.headers", {}))),
      credentials_(config.boolean("cors.support.credentials", false)) {
  require_known(config,
                {"cors.allowed.origins", "cors.allowed.methods", "cors.allowed.headers",
                 "cors.exposed.headers", "cors.preflight.maxage", "cors.support.credentials"});
  const auto age = config.integer<std::int64_t>("cors.preflight.maxage", 1800, -1, 315'360'000);
  if (age >= 0) max_age_ = std::to_string(age);
  any_header_ = headers_ == std::vector<std::string>{"*"};
  any_origin_ = origins_ == std::vector<std::string>{"*"};
  if (any_origin_ && credentials_)
    throw margay::ConfigError("cors.support.credentials",
                              "parameter 'cors.support.credentials': with credentials "
                              "'cors.allowed.origins' must name origins, not *");
  if (any_origin_) return;
  for (const std::string& origin : origins_)
    if (!is_origin(origin))
      throw margay::ConfigError("cors.allowed.origins",
                                "parameter 'cors.allowed.origins': '" + origin +
                                    "' is not an origin such as https://www.example.org, and "
                                    "not * alone");
}

bool Cors::allows_origin(std::string_view origin) const {
  return any_origin_ || std::find(origins_.begin(), origins_.end(), origin) != origins_.end();
}

bool Cors::allows_method(std::string_view method) const {
  return std::find(methods_.begin(), methods_.end(), method) != methods_.end();
}

bool Cors::allows_headers(std::string_view rest) const {
  while (!any_header_ && !rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    const std::string_view name = trimmed(item);
    if (!name.empty() && std::none_of(headers_.begin(), headers_.end(), [&](const auto& one) {
          return same_ignoring_case(one, name);
        }))
      return false;
    rest.remove_prefix(std::min(item.size() + 1, rest.size()));
  }
  return true;
}

// Any header is answered with those that were asked for: browsers take * for a name when there are
// credentials.
bool Cors::preflight(const margay::Request& request, margay::Response& response) const {
  const std::string_view asked = request.header("access-control-request-headers");
  if (!allows_method(request.header("access-control-request-method")) || !allows_headers(asked))
    return forbid(response);
  response.status(200);
  response.header("Access-Control-Allow-Methods", allow_methods_);
  const std::string_view allowed = any_header_ ? asked : std::string_view(allow_headers_);
  if (!allowed.empty()) response.header("Access-Control-Allow-Headers", allowed);
  if (!max_age_.empty()) response.header("Access-Control-Max-Age", max_age_);
  response.finish();
  return false;
}

bool Cors::before(margay::Request& request, margay::Response& response) {
  if (!request.has_header("origin")) return true;
  const std::string_view origin = request.header("origin");
  if (is_own_origin(request, origin)) return true;
  if (!is_origin(origin) || !allows_origin(origin)) return forbid(response);
  if (request.method() == "OPTIONS" && request.has_header("access-control-request-method"))
    return preflight(request, response);
  return allows_method(request.method()) || forbid(response);
}

void Cors::head(const margay::Request& request, margay::Head& head) {
  const std::string_view origin = request.header("origin");
  if (!any_origin_) head.add("Vary", "Origin");
  if (request.method() == "OPTIONS") {
    head.add("Vary", "Access-Control-Request-Method");
    head.add("Vary", "Access-Control-Request-Headers");
  }
  // `*` is said to everybody, so that caches need not tell requests apart (Fetch, "CORS protocol
  // and HTTP caches").
  if (!any_origin_ && (origin.empty() || !allows_origin(origin))) return;
  head.set("Access-Control-Allow-Origin", any_origin_ ? std::string_view("*") : origin);
  if (credentials_) head.set("Access-Control-Allow-Credentials", "true");
  if (!expose_headers_.empty()) head.set("Access-Control-Expose-Headers", expose_headers_);
}

}  // namespace filters
