// From <Realm> to an object.
#include "container/security/make_realm.h"

#include <margay/text.h>

#include <utility>
#include <vector>

#include "container/config/security_checks.h"
#include "container/security/combined_realm.h"
#include "container/security/lock_out_realm.h"
#include "container/security/memory_realm.h"

namespace container::security {

namespace {

constexpr std::size_t kMostRoles = 256;

using margay::str;
using margay::view;

struct Filled : margay_identity {
  explicit Filled(std::string_view user) : margay_identity{sizeof(margay_identity), {}, {}} {
    principal.name = user;
    name = [](margay_identity* self, margay_str value) {
      static_cast<Filled*>(self)->principal.name = view(value);
    };
    role = [](margay_identity* self, margay_str value) {
      auto& roles = static_cast<Filled*>(self)->principal.roles;
      if (roles.size() < kMostRoles) roles.emplace_back(view(value));
    };
  }
  Principal principal;
};

// What a library brings.
class PluginRealm final : public Realm {
 public:
  explicit PluginRealm(std::shared_ptr<const RealmInstance> instance)
      : instance_(std::move(instance)) {}

  // Proofs of DIGEST need the password itself, which no library gives away.
  Answer authenticate(const Attempt& attempt) override {
    if (attempt.proves) return {};
    return ask(attempt.user, [&](margay_identity* into) {
      return instance_->type().authenticate(instance_->self(), str(attempt.user),
                                            str(attempt.password), str(attempt.address), into);
    });
  }
  // Users of a file are none of a library's.
  PrincipalPointer adopt(const PrincipalPointer& user) const override {
    return user->stamp.empty() ? user : nullptr;
  }
  Answer find(std::string_view user) override {
    if (instance_->type().find == nullptr) return {};
    return ask(user, [&](margay_identity* into) {
      return instance_->type().find(instance_->self(), str(user), into);
    });
  }

 private:
  template <class Call>
  static Answer ask(std::string_view user, Call call) {
    Filled identity(user);
    switch (call(&identity)) {
      case MARGAY_OK:
        return {Outcome::accepted, std::make_shared<const Principal>(identity.principal)};
      case MARGAY_CLOSED:
        return {};
      default:
        return {Outcome::failed, nullptr};
    }
  }

  const std::shared_ptr<const RealmInstance> instance_;
};

struct NamedRealm : RealmConfig {
  explicit NamedRealm(const RealmConfig& config) : RealmConfig(config), name(config.type) {}
  std::string name;
};

}  // namespace

std::shared_ptr<Realm> make_realm(const RealmConfig& config, const Types& types,
                                  const std::filesystem::path& base,
                                  const Substitutions& substitutions,
                                  const InstanceOptions& options) {
  if (config.type == "memory") {
    std::vector<HashRule> rules;
    for (const CredentialHandlerConfig& one : config.credential_handlers)
      rules.push_back(rule_of(one));
    return std::make_shared<MemoryRealm>((base / config.pathname).lexically_normal(),
                                         std::move(rules), substitutions, options.log);
  }
  if (is_own_realm(config.type)) {
    std::vector<std::shared_ptr<Realm>> realms;
    for (const RealmConfig& one : config.realms)
      realms.push_back(make_realm(one, types, base, substitutions, options));
    if (config.type == "combined") return std::make_shared<CombinedRealm>(std::move(realms));
    return std::make_shared<LockOutRealm>(
        std::move(realms),
        LockOutRealm::Limits{.failures = config.failure_count,
                             .address_failures = config.address_failure_count,
                             .time = config.lock_out_time,
                             .names = static_cast<std::size_t>(config.cache_size)},
        options.log);
  }
  InstanceOptions its = options;
  its.name = config.type;
  its.parameters = pairs(config.parameters);
  its.inherited = 0;
  return std::make_shared<PluginRealm>(
      make_instance(NamedRealm(config), types.realm(config), std::move(its)));
}

}  // namespace container::security
