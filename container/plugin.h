// One mapped generation of a plugin library: copied, opened, checked, and at the end unmapped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <margay/abi_application.h>
#include <margay/abi_security.h>
#include <margay/abi_websocket.h>
#include <tl/expected.hpp>

namespace container {

struct PluginOptions {
  std::filesystem::path work;  // where the unique copies lie
  bool unload = true;          // false (unload="never"): stays mapped
  // Told when a library is still mapped after dlclose; a sentence. Control thread.
  std::function<void(std::string_view)> on_resident = [](std::string_view) {};
};

// Loaded where applications are put together, and ended on the control thread; the tables are
// constant while it lives.
class Plugin {
 public:
  // The error is a sentence that says what is wrong with the file and what to do.
  static tl::expected<std::shared_ptr<const Plugin>, std::string> load(
      const std::filesystem::path& file, const PluginOptions& options);
  // Types that are linked into the server.
  static std::shared_ptr<const Plugin> built_in(const margay_plugin& table);

  ~Plugin();  // dlclose, probe, remove the copy
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  const margay_plugin& table() const { return *table_; }
  const std::filesystem::path& file() const { return file_; }  // as deployed; empty: built in
  unsigned generation() const { return generation_; }  // counts loads in this process; 0: built in
  const margay_endpoint_type* find_endpoint(std::string_view type) const;
  const margay_filter_type* find_filter(std::string_view type) const;
  const margay_websocket_type* find_websocket(std::string_view type) const;
  const margay_interceptor_type* find_interceptor(std::string_view type) const;
  const margay_realm_type* find_realm(std::string_view type) const;
  const margay_listener_type* find_listener(std::string_view type) const;

 private:
  Plugin(const margay_plugin& table, void* handle, PluginOptions options)
      : table_(&table), handle_(handle), options_(std::move(options)) {}

  const margay_plugin* table_;
  void* handle_;  // null: built in
  PluginOptions options_;
  std::filesystem::path file_, copy_;
  unsigned generation_ = 0;
};

// Takes away the copies in `work` whose process is gone, as after a kill, and no other file; how
// many.
std::size_t remove_dead_copies(const std::filesystem::path& work);

// What a table declares of these; nothing in one of plugin ABI 1.0, which ends before them.
std::span<const margay_websocket_type* const> websockets_of(const margay_plugin& plugin);
std::span<const margay_interceptor_type* const> interceptors_of(const margay_plugin& plugin);
std::span<const margay_realm_type* const> realms_of(const margay_plugin& plugin);  // since 1.4
std::span<const margay_listener_type* const> listeners_of(const margay_plugin& plugin);

// Whether this server would take what a library declares: empty, or the sentence of its refusal.
std::string refusal(const margay_plugin& plugin);

// What `margay abi` prints: name, version, types with their flags and moments.
std::string describe(const margay_plugin& plugin);

}  // namespace container
