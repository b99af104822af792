// Who asks to change something must have seen a page of the application (CSRF).
#include "filters/csrf.h"

#include <margay/known_parameters.h>

#include <algorithm>

#include "filters/form_field.h"
#include "filters/origin.h"

namespace filters {

namespace {

using margay::detail::same_ignoring_case;

// RFC 9110 section 9.2.1.
bool is_safe(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

// The token that the session keeps. One from before its id changed, which is when somebody logs in,
// is none: who knew the id then may have known it as well.
std::optional<CsrfToken> kept(const margay::HttpSession& session) {
  const auto text = session.get(Csrf::kKept);
  constexpr std::size_t kSize = 2 * CsrfToken::kBytes;
  if (!text || text->size() < kSize || text->substr(kSize) != session.id()) return std::nullopt;
  return CsrfToken::parse(std::string_view(*text).substr(0, kSize));
}

}  // namespace

Csrf::Csrf(const margay::Config& config)
    : status_(config.integer("denyStatus", 403, 400, 599)),
      header_(config.get("headerName", "X-CSRF-Token")),
      field_(config.get("parameterName", "_csrf")),
      entry_points_(Paths::read(config, "entryPoints")) {
  require_known(config,
                {"denyStatus", "entryPoints", "allowedOrigins", "headerName", "parameterName"});
  if (!margay::detail::is_token(header_))
    throw margay::ConfigError("headerName", "parameter 'headerName': '" + header_ +
                                                "' is not the name of a field, such as "
                                                "X-CSRF-Token");
  if (field_.empty())
    throw margay::ConfigError("parameterName",
                              "parameter 'parameterName' is empty; write the name "
                              "of a form field, such as _csrf");
  for (const std::string_view origin : config.list("allowedOrigins")) {
    if (!is_origin(origin) || origin == "null")
      throw margay::ConfigError("allowedOrigins", "parameter 'allowedOrigins': '" +
                                                      std::string(origin) +
                                                      "' is not an origin such as "
                                                      "https://www.example.org");
    origins_.emplace_back(origin);
  }
}

bool Csrf::before(margay::Request& request, margay::Response& response) {
  request.provide_attribute(kAttribute, [this](margay::Request& asked) {
    asked.attribute(kAttribute, token(asked).masked());
  });
  if (is_safe(request.method()))
    return !same_ignoring_case(request.header(header_), "Fetch") || fetch(request, response);
  if (entry_points_.contain(request)) return true;
  const bool elsewhere = comes_from_elsewhere(request);
  if (!elsewhere && (has_token(request) || has_waited(request))) return true;
  response.header(header_, "Required");
  response.send_error(status_, elsewhere ? "This was sent by a page of another site."
                                         : "The token that this needs is missing, or not valid "
                                           "any more. Load the page again.");
  return false;
}

// No cache may give a token to somebody else.
void Csrf::head(const margay::Request&, margay::Head& head) {
  if (!head.find(header_).empty()) head.set("Cache-Control", "no-store");
}

// False: there was no room for a session, and that was the answer.
bool Csrf::fetch(margay::Request& request, margay::Response& response) {
  try {
    response.header(header_, token(request).masked());
  } catch (const margay::TooManySessions& error) {
    response.send_error(503, error.what());
    return false;
  } catch (const margay::SessionError&) {  // there is no application, which others will say
  }
  return true;
}

CsrfToken Csrf::token(margay::Request& request) {
  margay::HttpSession session = request.session();
  if (const auto there = kept(session)) return *there;
  const CsrfToken made = CsrfToken::random();
  const std::lock_guard lock(making_);  // pages that load at once get the same one
  if (const auto there = kept(session)) return *there;
  if (!session.set(kKept, made.text() + session.id()))
    throw margay::SessionError("the session has no room for a CSRF token");
  return made;
}

// What browsers say of the page that sends. Clients that are none say nothing.
bool Csrf::comes_from_elsewhere(const margay::Request& request) const {
  const std::string_view origin = request.header("origin");
  if (std::find(origins_.begin(), origins_.end(), origin) != origins_.end()) return false;
  const std::string_view site = request.header("sec-fetch-site");
  if (!site.empty()) return site != "same-origin" && site != "none";
  return !origin.empty() && !is_own_origin(request, origin);
}

bool Csrf::has_token(margay::Request& request) const {
  const std::string shown = shown_token(request);
  if (shown.empty()) return false;
  const auto session = request.session_if_any();
  const auto token = session ? kept(*session) : std::nullopt;
  return token && token->matches(shown);
}

// What was kept while its user logged in cannot have the token of the session that came with that.
// It is taken where the browser said, when it sent it, that a page of ours did: to say nothing is
// not enough here.
bool Csrf::has_waited(const margay::Request& request) const {
  if (!request.attribute(kReplayed)) return false;
  const std::string_view site = request.header("sec-fetch-site");
  if (!site.empty()) return site == "same-origin";
  const std::string_view origin = request.header("origin");
  return !origin.empty() && is_own_origin(request, origin);
}

std::string Csrf::shown_token(const margay::Request& request) const {
  if (const std::string_view field = request.header(header_); !field.empty())
    return std::string(field);
  // One letter more than a token has: what is longer is none.
  return form_field(request, field_, CsrfToken::kShown + 1);
}

}  // namespace filters
