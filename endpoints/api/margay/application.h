// What the types of one application share, and who hears of its start and end.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <margay/abi_application.h>
#include <margay/config.h>
#include <margay/endpoint.h>

namespace margay {

namespace detail {

template <class T>
inline char type_mark = 0;  // its address stands for T within one library

}  // namespace detail

// An application as its endpoints, filters and listeners see it (servlet: ServletContext). A value;
// any thread, until the destructor of what was made with the Config has returned.
//
// Attributes are bytes, or objects that types of one library share. They belong to one version of
// the application: one that replaces it begins without any, and the objects end with the old one.
class Application {
 public:
  // Throws std::logic_error in a filter or realm of a Host or an Engine, which are above any.
  explicit Application(const Config& config)
      : functions_(static_cast<const margay_application*>(
            config.host().query(&config.raw(), "application/1"))),
        source_(&config.raw()) {
    if (functions_ == nullptr)
      throw std::logic_error("this stands above the applications and belongs to none");
  }

  std::string_view context_path() const { return view(source_->context_path); }  // "" for the root
  std::string_view folder() const { return view(source_->folder); }  // absolute; may be empty
  // A <Parameter> of the application itself, or `otherwise`. Config has them all, with the own ones
  // of an element over them.
  std::string_view parameter(std::string_view name, std::string_view otherwise = {}) const {
    const margay_str value = functions_->parameter(source_, str(name));
    return value.data == nullptr ? otherwise : view(value);
  }
  // A folder of its own to write in, absolute, which stays over reloads and restarts (servlet:
  // jakarta.servlet.context.tempdir). Throws std::runtime_error when it cannot be made.
  std::string_view work_folder() const {
    const margay_str folder = functions_->work_folder(source_);
    if (folder.data == nullptr) throw std::runtime_error("there is no work folder; see the log");
    return view(folder);
  }

  // The bytes under a name; {}: there are none, or it is an object.
  std::optional<std::string> get(std::string_view name) const {
    std::optional<std::string> found;
    const auto take = [](void* into, margay_str value) {
      static_cast<std::optional<std::string>*>(into)->emplace(view(value));
    };
    functions_->attribute(source_, str(name), take, &found);
    return found;
  }
  // False: there are 1000 attributes or 4 MiB already, or the name is empty; nothing was changed.
  bool set(std::string_view name, std::string_view value) const {
    return functions_->set_attribute(source_, str(name), str(value)) == MARGAY_OK;
  }
  void remove(std::string_view name) const { functions_->remove_attribute(source_, str(name)); }

  // An object that types of the same library reach by `shared<T>`, with exactly this T. It lives
  // until it is replaced or removed, or the application ends; whoever has a copy of the pointer may
  // use it as long as its own destructor has not returned. False as `set`.
  template <class T>
  bool share(std::string_view name, std::shared_ptr<T> object) const {
    auto* held = new std::shared_ptr<T>(std::move(object));
    return functions_->set_object(source_, str(name), &detail::type_mark<T>, held, [](void* its) {
      delete static_cast<std::shared_ptr<T>*>(its);
    }) == MARGAY_OK;
  }
  // Null: nobody has shared one under this name in this library, or it is of another type.
  template <class T>
  std::shared_ptr<T> shared(std::string_view name) const {
    std::shared_ptr<T> found;
    const auto take = [](void* into, void* object) {
      *static_cast<std::shared_ptr<T>*>(into) = *static_cast<const std::shared_ptr<T>*>(object);
    };
    functions_->object(source_, str(name), &detail::type_mark<T>, take, &found);
    return found;
  }

  // Calls `each(name)` for all attributes as they are now; it must not throw.
  template <class Each>
  void each_name(Each&& each) const {
    const auto one = [](void* to, margay_str name) {
      (*static_cast<std::remove_reference_t<Each>*>(to))(view(name));
    };
    functions_->each_attribute(source_, one, &each);
  }

 private:
  const margay_application* functions_;
  const margay_config* source_;
};

// Hears of the start and the end of the application that names it in a <Listener> (servlet:
// ServletContextListener). Made from `const Config&` or nothing, as an endpoint.
class ApplicationListener {
 public:
  virtual ~ApplicationListener() = default;
  // Before any filter, endpoint or WebSocket is made. What it throws stops the deployment;
  // listeners that have started hear `stopping` then. The version before, if there is one, still
  // serves.
  virtual void started(Application&) {}
  // When filters and endpoints have been destroyed; attributes are still there. Must not hang: the
  // control thread waits without a limit. What it throws is logged.
  virtual void stopping(Application&) {}
};

namespace detail {

template <class T>
struct ListenerAdapter {
  static_assert(std::is_base_of_v<ApplicationListener, T>,
                "a listener derives from margay::ApplicationListener");

  static void* create(const margay_host* host, const margay_config* raw, margay_failure* failure) {
    return created(host, raw, failure, [](const Config& config) {
      if constexpr (std::is_constructible_v<T, const Config&>)
        return new ListenerAdapter{T(config), Application(config), config.logger()};
      else
        return new ListenerAdapter{T(), Application(config), config.logger()};
    });
  }
  static margay_result started(void* self, margay_failure* failure) noexcept {
    auto& its = *static_cast<ListenerAdapter*>(self);
    return succeeds(failure, [&] { its.listener.started(its.application); }) ? MARGAY_OK
                                                                             : MARGAY_FAILED;
  }
  static void stopping(void* self) noexcept {
    auto& its = *static_cast<ListenerAdapter*>(self);
    logged(its.log, [&] {
      its.listener.stopping(its.application);
      return MARGAY_OK;
    });
  }
  static void destroy(void* self) noexcept { delete static_cast<ListenerAdapter*>(self); }

  T listener;
  Application application;
  Logger log;
};

}  // namespace detail

// The entry of a listener type in MARGAY_PLUGIN; `name` is what app.xml calls it (`type`).
template <class T>
constexpr margay_listener_type listener(const char* name) {
  using Adapter = detail::ListenerAdapter<T>;
  return {sizeof(margay_listener_type),
          0,
          name,
          Adapter::create,
          Adapter::started,
          Adapter::stopping,
          Adapter::destroy};
}

}  // namespace margay
