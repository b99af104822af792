// BEARER (RFC 6750): a signed token says who the user is.
#pragma once

#include <atomic>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "container/security/authenticator.h"
#include "container/security/jwt.h"
#include "container/security/watched_file.h"
#include "server/log.h"

namespace container::security {

class Bearer final : public Authenticator {
 public:
  // Relative files start in `folder`. Throws ConfigError when a key cannot be used.
  Bearer(const LoginConfig& config, const std::filesystem::path& folder, server::Log log);

  std::string_view type() const override { return "BEARER"; }
  bool checks_on_loop() const override { return true; }
  bool has_credentials(const Evidence& evidence) const override;
  Finding check(const Evidence& evidence, TokenCache* cache) override;
  bool has_tokens() const override { return true; }
  Finding check_token(std::string_view token) override { return check(token, nullptr); }
  void challenge(server::ResponseHead& head, server::Arena& arena, const Finding& finding) override;
  void forbid(server::ResponseHead& head, server::Arena& arena, const Finding& finding) override;
  std::string_view secret_parameter() const override { return config_.query_parameter; }
  void refresh() override;  // keys that cannot be read leave those before in use

 private:
  struct KeySet {
    TokenKeys keys;
    TokenCache::Verifier number;
  };
  std::string_view token_of(const Evidence& evidence) const;
  Finding check(std::string_view token, TokenCache* cache) const;
  std::unique_ptr<const KeySet> read() const;
  void use(std::unique_ptr<const KeySet> keys);

  const BearerConfig config_;
  const std::string realm_;
  TokenRules rules_;
  const server::Log log_;
  std::vector<WatchedFile> files_;
  std::filesystem::path folder_;
  // Loops read what is current without asking. A call takes no second and a refresh comes once in
  // one, so that none of the last few is needed by then.
  static constexpr std::size_t kKept = 16;
  std::deque<std::unique_ptr<const KeySet>> all_keys_;
  std::atomic<const KeySet*> keys_{nullptr};
};

}  // namespace container::security
