// The schema's table of <Manager>: sessions.
#include <utility>

#include "container/config/application_config.h"
#include "container/config/field.h"

namespace container {
namespace {

std::vector<Attribute> session_attributes() {
  return {
      {"sessionTimeout",
       duration(&ManagerConfig::session_timeout, Limit::optional),
       "How long a session lasts behind the end of its last request; -1 is for ever. Whole "
       "seconds.",
       {.name = "`<session-timeout>` of web.xml, in minutes"}},
      {"maxActiveSessions", integer(&ManagerConfig::max_active_sessions, -1, 100'000'000),
       "More sessions than that are not made: the endpoint that asks for one gets an error, which "
       "is answered 503 unless it sees to it. -1 is no limit."},
      {"sessionIdLength",
       integer(&ManagerConfig::session_id_length, 16, 64),
       "Random bytes of an id, which has two hexadecimal digits for each.",
       {.name = "the same, on SessionIdGenerator"}},
      {"maxAttributes", integer(&ManagerConfig::max_attributes, 1, 10'000),
       "Attributes of one session; another one is refused to the endpoint."},
      {"maxSessionSize", size(&ManagerConfig::max_session_size),
       "Bytes of all names and values of one session; more is refused to the endpoint."},
      {"synchronizeOnSession",
       boolean(&ManagerConfig::synchronize_on_session),
       "Requests of one session run one after another, whatever they are for; no thread waits. A "
       "request has its turn until it has ended: keep event streams out.",
       {"the same, of Spring's AbstractController"}},
      {"maxWaiting", integer(&ManagerConfig::max_waiting, 0, 10'000),
       "Requests that wait for their turn with one session; more are answered with 503, and so are "
       "those that wait longer than `asyncTimeout`."}};
}

std::vector<Attribute> cookie_attributes() {
  return {
      {"cookies", boolean(&ManagerConfig::cookies),
       "`false` neither reads nor sends the cookie, so that a session lasts for one request."},
      {"sessionCookieName", text(&ManagerConfig::session_cookie_name), "The cookie's name."},
      {"sessionCookiePath", or_else("the context path", text(&ManagerConfig::session_cookie_path)),
       "The cookie's path; begins with `/`."},
      {"sessionCookieDomain",
       or_else("the host alone", text(&ManagerConfig::session_cookie_domain)),
       "The cookie's domain, whose subdomains get it as well."},
      {"useHttpOnly", boolean(&ManagerConfig::use_http_only), "Hides the cookie from scripts."},
      {"usePartitioned", boolean(&ManagerConfig::use_partitioned),
       "Gives the cookie a jar of its own under each top-level site; over `https` only."},
      {"sameSiteCookies",
       enumeration(&ManagerConfig::same_site_cookies, {{"unset", SameSiteChoice::unset},
                                                       {"none", SameSiteChoice::none},
                                                       {"lax", SameSiteChoice::lax},
                                                       {"strict", SameSiteChoice::strict}}),
       "Whether the cookie goes along with requests from other sites. `none` counts over `https` "
       "only, as browsers have it.",
       {.name = "the same, on CookieProcessor", .fallback = "unset"}}};
}

std::vector<Attribute> store_attributes() {
  return {
      {"pathname",
       or_else("nothing is kept", path(&ManagerConfig::pathname)),
       "The file that keeps the sessions over a restart, relative to the server's folder; only its "
       "owner can read it.",
       {.fallback = "none"}},
      {"saveOnRestart", boolean(&ManagerConfig::save_on_restart),
       "Writes the file when the server stops as well."},
      {"saveInterval",
       duration(&ManagerConfig::save_interval),
       "How often the file is written; a crash loses what came behind the last time. 0 writes it "
       "when the server stops only.",
       {.name = "maxIdleBackup of PersistentManager, in its way"}}};
}

}  // namespace

std::shared_ptr<const Element> manager_element() {
  std::vector<Attribute> attributes = session_attributes();
  for (Attribute& one : cookie_attributes()) attributes.push_back(std::move(one));
  for (Attribute& one : store_attributes()) attributes.push_back(std::move(one));
  return std::make_shared<const Element>(Element{
      .name = "Manager",
      .meaning = "The sessions of the application, which endpoints make with "
                 "`request.session()`. Without the element they are as it says by default.",
      .attributes = std::move(attributes),
      .tomcat = "the same, with `<session-config>` of web.xml and attributes of `<Context>`",
      .make = fresh<ManagerConfig>()});
}

}  // namespace container
