// Says which letters a text consists of, where nobody did.
#include "filters/default_charset.h"

#include <margay/known_parameters.h>

namespace filters {

DefaultCharset::DefaultCharset(const margay::Config& config)
    : suffix_("; charset=" + std::string(config.get("encoding", "UTF-8"))) {
  require_known(config, {"encoding"});
  if (!margay::detail::is_token(config.get("encoding", "UTF-8")))
    throw margay::ConfigError("encoding", "parameter 'encoding': '" +
                                              std::string(config.get("encoding")) +
                                              "' is not the name of a charset, such as UTF-8");
}

void DefaultCharset::head(const margay::Request&, margay::Head& head) {
  const std::string type(head.find("Content-Type"));
  const std::string its = margay::detail::lowered(type);
  if (its.starts_with("text/") && its.find("charset=") == its.npos)
    head.set("Content-Type", type + suffix_);
}

}  // namespace filters
