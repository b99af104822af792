// From <Realm> to an object.
#pragma once

#include <filesystem>
#include <memory>

#include "container/config/security_config.h"
#include "container/config/substitution.h"
#include "container/instance.h"
#include "container/security/realm.h"
#include "container/types.h"

namespace container::security {

// `base`: where files of users start. `substitutions`: what names in them stand for. `options`: of
// what a library makes; its log is the realm's. Throws ConfigError. Control thread.
std::shared_ptr<Realm> make_realm(const RealmConfig& config, const Types& types,
                                  const std::filesystem::path& base,
                                  const Substitutions& substitutions,
                                  const InstanceOptions& options);

}  // namespace container::security
