// Who asks to change something must have seen a page of the application (CSRF).
#pragma once

#include <margay/plugin.h>

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/csrf_token.h"
#include "filters/paths.h"

namespace filters {

// In place of Tomcat's CsrfPreventionFilter and RestCsrfPreventionFilter. Methods other than GET,
// HEAD, OPTIONS and TRACE need the session's token: in the field `headerName`, or in the form field
// `parameterName`; of a multipart/form-data body that the endpoint reads piece by piece it stands
// in the query. Pages of other origins are refused before, by Sec-Fetch-Site or Origin.
//
// The attribute `margay.csrf.token` is the token; who reads it makes a session when there is none.
// A request of a safe method with `X-CSRF-Token: Fetch` is answered with the same field.
//
// Parameters: `denyStatus` (403), `entryPoints` (paths that are not checked), `allowedOrigins`
// (other origins whose pages may send, with the token), `headerName` (X-CSRF-Token),
// `parameterName` (_csrf).
class Csrf : public margay::Filter {
 public:
  static constexpr std::string_view kAttribute = "margay.csrf.token";
  static constexpr std::string_view kReplayed = "margay.login.replayed";  // set by the container
  static constexpr std::string_view kKept = "margay.csrf";                // of the session

  explicit Csrf(const margay::Config& config);
  bool before(margay::Request& request, margay::Response& response) override;
  void head(const margay::Request& request, margay::Head& head) override;

 private:
  CsrfToken token(margay::Request& request);
  bool fetch(margay::Request& request, margay::Response& response);
  bool comes_from_elsewhere(const margay::Request& request) const;
  bool has_token(margay::Request& request) const;
  bool has_waited(const margay::Request& request) const;
  std::string shown_token(const margay::Request& request) const;

  int status_;
  std::string header_, field_;
  Paths entry_points_;
  std::vector<std::string> origins_;
  std::mutex making_;  // held while a session gets its token, which is once in its life
};

}  // namespace filters
