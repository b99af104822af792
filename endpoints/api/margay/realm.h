// Where users come from: a class that knows users, for <Realm type="...">.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <margay/abi_security.h>
#include <margay/config.h>
#include <margay/endpoint.h>
#include <margay/text.h>

namespace margay {

// Who somebody is.
struct Identity {
  std::string name;  // empty: the name that was asked for
  std::vector<std::string> roles;
};

// Made with a Config on the control thread, once for each <Realm>; called by many workers at once,
// so it may block. What it throws is logged and answered 503.
class Realm {
 public:
  virtual ~Realm() = default;
  // {}: no such user, or another password; both should take the same time. `address` is the
  // client's; empty when it is not known.
  virtual std::optional<Identity> authenticate(std::string_view user, std::string_view password,
                                               std::string_view address) = 0;
  // A user whose certificate has proved who they are, by its subject as RFC 2253 writes it.
  virtual std::optional<Identity> find(std::string_view user) {
    static_cast<void>(user);
    return std::nullopt;
  }
};

namespace detail {

template <class Type>
struct RealmAdapter {
  static_assert(std::is_base_of_v<Realm, Type>, "a realm is a class derived from margay::Realm");

  struct Self {
    const margay_host* host;
    const margay_config* config;
    Type realm;
  };

  static void* create(const margay_host* host, const margay_config* raw, margay_failure* failure) {
    return created(host, raw, failure, [&](const Config& config) {
      if constexpr (std::is_constructible_v<Type, const Config&>)
        return new Self{host, raw, Type(config)};
      else
        return new Self{host, raw, Type()};
    });
  }

  template <class Ask>
  static margay_result answer(Self& self, margay_identity* into, Ask ask) noexcept {
    try {
      const std::optional<Identity> found = ask(self.realm);
      if (!found) return MARGAY_CLOSED;
      if (!found->name.empty()) into->name(into, str(found->name));
      for (const std::string& role : found->roles) into->role(into, str(role));
      return MARGAY_OK;
    } catch (const std::exception& error) {
      self.host->log(self.config, MARGAY_ERROR, str(error.what()));
    } catch (...) {
      self.host->log(self.config, MARGAY_ERROR, str("it threw what is no std::exception"));
    }
    return MARGAY_FAILED;
  }
  static margay_result authenticate(void* self, margay_str user, margay_str password,
                                    margay_str address, margay_identity* into) noexcept {
    return answer(*static_cast<Self*>(self), into, [&](Type& realm) {
      return realm.authenticate(view(user), view(password), view(address));
    });
  }
  static margay_result find(void* self, margay_str user, margay_identity* into) noexcept {
    return answer(*static_cast<Self*>(self), into,
                  [&](Type& realm) { return realm.find(view(user)); });
  }
  static void destroy(void* self) noexcept { delete static_cast<Self*>(self); }
};

}  // namespace detail

// For MARGAY_PLUGIN: `Type` under the name that <Realm type="..."> says.
template <class Type>
constexpr margay_realm_type realm(const char* name) {
  using Adapter = detail::RealmAdapter<Type>;
  return {sizeof(margay_realm_type), 0, name, Adapter::create, Adapter::authenticate, Adapter::find,
          Adapter::destroy};
}

}  // namespace margay
