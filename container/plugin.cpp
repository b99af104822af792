// One mapped generation of a plugin library: copied, opened, checked, and at the end unmapped.
#include "container/plugin.h"

#include <dlfcn.h>
#include <elf.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <set>
#include <vector>

namespace container {

namespace {

using Failure = tl::unexpected<std::string>;

constexpr std::uint32_t kMaxTypes = 256;

// Takes the last `.part` off.
std::string_view take_last(std::string_view& name) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view part = name.substr(dot + 1);
  name = name.substr(0, dot);
  return part;
}

// As unique_copy writes it.
std::optional<int> positive_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return std::to_string(number) == text ? std::optional(number) : std::nullopt;
}

// The process that made a copy of this name; nothing: it is no copy's.
std::optional<int> maker_of_copy(std::string_view name) {
  if (take_last(name) != "so" || !positive_number(take_last(name))) return std::nullopt;
  const std::string_view maker = take_last(name);
  return name.empty() ? std::nullopt : positive_number(maker);
}

// Looks at the ELF header, because dlopen's own words for a text file help nobody.
std::string elf_fault(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return "cannot be read";
  Elf64_Ehdr head{};
  in.read(reinterpret_cast<char*>(&head), sizeof head);
  if (in.gcount() < static_cast<std::streamsize>(sizeof head) ||
      std::string_view(reinterpret_cast<char*>(head.e_ident), SELFMAG) != ELFMAG)
    return "is not a shared library (no ELF header): was it copied completely?";
  if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_type != ET_DYN)
    return "is not a 64-bit shared library: link it with -shared";
  in.seekg(0, std::ios::end);
  if (static_cast<std::uint64_t>(in.tellg()) <
      head.e_shoff + static_cast<std::uint64_t>(head.e_shnum) * head.e_shentsize)
    return "is cut short: was it copied completely?";
  return {};
}

template <class Type, class Complete>
std::string types_fault(const Type* const* types, std::uint32_t count, const char* kind,
                        Complete complete) {
  if (count > kMaxTypes) return std::string("declares more than 256 ") + kind + " types";
  std::set<std::string_view> names;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (types == nullptr || types[i] == nullptr || types[i]->name == nullptr ||
        *types[i]->name == '\0')
      return std::string("declares a ") + kind + " type without a name";
    const std::string name = types[i]->name;
    if (types[i]->size < sizeof(Type) || !complete(*types[i]))
      return std::string("declares the ") + kind + " type '" + name +
             "' without all the functions it must have";
    if (!names.insert(types[i]->name).second)
      return std::string("declares the ") + kind + " type '" + name + "' twice";
  }
  return {};
}

constexpr std::uint16_t kRealms = 4;  // the minor version that brought them, and listeners

// How long the table of a plugin must be: it grew with the minor version.
std::size_t table_size(std::uint16_t minor) {
  if (minor == 0) return offsetof(margay_plugin, websocket_count);
  return minor < kRealms ? offsetof(margay_plugin, realm_count) : sizeof(margay_plugin);
}

constexpr std::uint32_t kTakes = MARGAY_TAKES_TEXT | MARGAY_TAKES_BINARY | MARGAY_TAKES_PONG;

// What of a WebSocket type takes messages at all must have the function for them.
bool is_complete(const margay_websocket_type& type) {
  const bool parts_of_nothing =
      ((type.flags & MARGAY_TEXT_IN_PARTS) != 0 && (type.flags & MARGAY_TAKES_TEXT) == 0) ||
      ((type.flags & MARGAY_BINARY_IN_PARTS) != 0 && (type.flags & MARGAY_TAKES_BINARY) == 0);
  return type.create != nullptr && type.destroy != nullptr && !parts_of_nothing &&
         (type.message != nullptr || (type.flags & kTakes) == 0);
}

template <class Type>
const Type* find_type(std::span<const Type* const> types, std::string_view name) {
  for (const Type* type : types)
    if (name == type->name) return type;
  return nullptr;
}

const char* dispatch_of(std::uint32_t flags) {
  return (flags & MARGAY_ON_LOOP) != 0 ? "loop" : "worker";
}

std::string description(const margay_websocket_type& type) {
  std::string kinds;
  const auto add = [&](std::uint32_t takes, std::uint32_t in_parts, const char* kind) {
    if ((type.flags & takes) == 0) return;
    kinds += (kinds.empty() ? "" : ", ") + std::string(kind);
    if ((type.flags & in_parts) != 0) kinds += " in parts";
  };
  add(MARGAY_TAKES_TEXT, MARGAY_TEXT_IN_PARTS, "text");
  add(MARGAY_TAKES_BINARY, MARGAY_BINARY_IN_PARTS, "binary");
  add(MARGAY_TAKES_PONG, 0, "pong");
  std::string text = std::string("  websocket ") + type.name + ": " + dispatch_of(type.flags) +
                     "; takes " + (kinds.empty() ? "nothing" : kinds);
  if (type.subprotocols != nullptr && *type.subprotocols != '\0')
    text += std::string("; subprotocols ") + type.subprotocols;
  return text + '\n';
}

unsigned next_generation() {
  static std::atomic<unsigned> number{0};
  return ++number;
}

std::filesystem::path unique_copy(const std::filesystem::path& file,
                                  const std::filesystem::path& work, unsigned generation) {
  std::filesystem::create_directories(work);
  const auto copy = work / (file.stem().string() + "." + std::to_string(::getpid()) + "." +
                            std::to_string(generation) + ".so");
  std::filesystem::copy_file(file, copy, std::filesystem::copy_options::overwrite_existing);
  return copy;
}

}  // namespace

std::size_t remove_dead_copies(const std::filesystem::path& work) {
  std::vector<std::filesystem::path> dead;
  std::error_code ignored;
  for (std::filesystem::directory_iterator at(work, ignored), end; at != end;
       at.increment(ignored)) {
    const auto maker = maker_of_copy(at->path().filename().string());
    if (!maker || !at->is_regular_file(ignored) || at->is_symlink(ignored)) continue;
    if (::kill(*maker, 0) != 0 && errno == ESRCH) dead.push_back(at->path());
  }
  return static_cast<std::size_t>(std::count_if(
      dead.begin(), dead.end(),
      [&](const std::filesystem::path& copy) { return std::filesystem::remove(copy, ignored); }));
}

std::string refusal(const margay_plugin& plugin) {
  if (plugin.magic != MARGAY_PLUGIN_MAGIC)
    return "is not a Margay plugin: its table has another magic number";
  if (plugin.abi_major != MARGAY_ABI_MAJOR || plugin.abi_minor > MARGAY_ABI_MINOR)
    return "was built for plugin ABI " + std::to_string(plugin.abi_major) + "." +
           std::to_string(plugin.abi_minor) + ", this server has " +
           std::to_string(MARGAY_ABI_MAJOR) + "." + std::to_string(MARGAY_ABI_MINOR) +
           ": rebuild it against this server's headers";
  if (plugin.size < table_size(plugin.abi_minor))
    return "has a table that is too short for its ABI version";
  if (plugin.name == nullptr || plugin.version == nullptr) return "has no name or version";
  std::string fault =
      types_fault(plugin.endpoints, plugin.endpoint_count, "endpoint", [](const auto& type) {
        return type.create != nullptr && type.service != nullptr && type.destroy != nullptr;
      });
  if (fault.empty())
    fault = types_fault(plugin.filters, plugin.filter_count, "filter", [](const auto& type) {
      return type.create != nullptr && type.destroy != nullptr;
    });
  if (!fault.empty() || plugin.abi_minor == 0) return fault;
  fault = types_fault(plugin.websockets, plugin.websocket_count, "WebSocket", is_complete);
  if (fault.empty())
    fault = types_fault(
        plugin.interceptors, plugin.interceptor_count, "interceptor",
        [](const auto& type) { return type.create != nullptr && type.destroy != nullptr; });
  if (fault.empty() && plugin.abi_minor >= kRealms)
    fault = types_fault(plugin.realms, plugin.realm_count, "realm", [](const auto& type) {
      return type.create != nullptr && type.authenticate != nullptr && type.destroy != nullptr;
    });
  if (fault.empty() && plugin.abi_minor >= kRealms)
    fault = types_fault(plugin.listeners, plugin.listener_count, "listener", [](const auto& type) {
      return type.create != nullptr && type.destroy != nullptr;
    });
  return fault;
}

tl::expected<std::shared_ptr<const Plugin>, std::string> Plugin::load(
    const std::filesystem::path& file, const PluginOptions& options) {
  const std::string name = file.string();
  if (const std::string fault = elf_fault(file); !fault.empty()) return Failure(name + " " + fault);
  const unsigned generation = next_generation();
  std::filesystem::path copy;
  try {
    copy = unique_copy(file, options.work, generation);
  } catch (const std::filesystem::filesystem_error& error) {
    return Failure(name + " cannot be copied to " + options.work.string() + ": " +
                   error.code().message());
  }
  // A path never opened before: of a known one dlopen would return the code it already has.
  void* handle = ::dlopen(copy.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    std::string reason = ::dlerror();
    if (const auto at = reason.find(copy.string()); at == 0)
      reason.erase(0, copy.string().size() + 2);
    ::unlink(copy.c_str());
    return Failure(name + " cannot be loaded: " + reason);
  }
  const auto give_up = [&](const std::string& reason) {
    ::dlclose(handle);
    ::unlink(copy.c_str());
    return Failure(name + " " + reason);
  };
  const auto entry =
      reinterpret_cast<const margay_plugin* (*)()>(::dlsym(handle, "margay_plugin_main"));
  if (entry == nullptr)
    return give_up("is not a Margay plugin: it does not export margay_plugin_main");
  const margay_plugin* table = entry();
  if (table == nullptr) return give_up("declares nothing: margay_plugin_main returned no table");
  if (const std::string reason = refusal(*table); !reason.empty()) return give_up(reason);
  const std::shared_ptr<Plugin> loaded(new Plugin(*table, handle, options));
  loaded->file_ = file;
  loaded->copy_ = copy;
  loaded->generation_ = generation;
  return loaded;
}

std::shared_ptr<const Plugin> Plugin::built_in(const margay_plugin& table) {
  return std::shared_ptr<const Plugin>(new Plugin(table, nullptr, {}));
}

Plugin::~Plugin() {
  if (handle_ == nullptr) return;
  const std::string name = table_->name;
  if (options_.unload) {
    ::dlclose(handle_);
    if (void* still = ::dlopen(copy_.c_str(), RTLD_NOW | RTLD_NOLOAD); still != nullptr) {
      ::dlclose(still);
      options_.on_resident(
          "plugin '" + name +
          "' is still mapped after dlclose: a unique symbol (build with -fno-gnu-unique), a "
          "thread_local object of a living thread, or another library holds it");
    }
  }
  ::unlink(copy_.c_str());
}

const margay_endpoint_type* Plugin::find_endpoint(std::string_view type) const {
  return find_type(std::span(table_->endpoints, table_->endpoint_count), type);
}

const margay_filter_type* Plugin::find_filter(std::string_view type) const {
  return find_type(std::span(table_->filters, table_->filter_count), type);
}

const margay_websocket_type* Plugin::find_websocket(std::string_view type) const {
  return find_type(websockets_of(*table_), type);
}

const margay_interceptor_type* Plugin::find_interceptor(std::string_view type) const {
  return find_type(interceptors_of(*table_), type);
}

const margay_realm_type* Plugin::find_realm(std::string_view type) const {
  return find_type(realms_of(*table_), type);
}

const margay_listener_type* Plugin::find_listener(std::string_view type) const {
  return find_type(listeners_of(*table_), type);
}

std::span<const margay_websocket_type* const> websockets_of(const margay_plugin& plugin) {
  if (plugin.abi_minor == 0) return {};
  return {plugin.websockets, plugin.websocket_count};
}

std::span<const margay_interceptor_type* const> interceptors_of(const margay_plugin& plugin) {
  if (plugin.abi_minor == 0) return {};
  return {plugin.interceptors, plugin.interceptor_count};
}

std::span<const margay_realm_type* const> realms_of(const margay_plugin& plugin) {
  if (plugin.abi_minor < kRealms) return {};
  return {plugin.realms, plugin.realm_count};
}

std::span<const margay_listener_type* const> listeners_of(const margay_plugin& plugin) {
  if (plugin.abi_minor < kRealms) return {};
  return {plugin.listeners, plugin.listener_count};
}

std::string describe(const margay_plugin& plugin) {
  std::string text = std::string(plugin.name) + " " + plugin.version + ", plugin ABI " +
                     std::to_string(plugin.abi_major) + "." + std::to_string(plugin.abi_minor) +
                     "\n";
  for (std::uint32_t i = 0; i < plugin.endpoint_count; ++i) {
    const auto& type = *plugin.endpoints[i];
    text += std::string("  endpoint ") + type.name + ": " + dispatch_of(type.flags) +
            ((type.flags & MARGAY_STREAM_BODY) != 0 ? ", streamed body\n" : ", buffered body\n");
  }
  for (std::uint32_t i = 0; i < plugin.filter_count; ++i) {
    const auto& type = *plugin.filters[i];
    text += std::string("  filter ") + type.name + ": " + dispatch_of(type.flags) + ';';
    if (type.before != nullptr) text += " before";
    if (type.head != nullptr) text += " head";
    if (type.body != nullptr) text += " body";
    if (type.done != nullptr) text += " done";
    text += '\n';
  }
  for (const margay_websocket_type* type : websockets_of(plugin)) text += description(*type);
  for (const margay_interceptor_type* type : interceptors_of(plugin)) {
    text += std::string("  interceptor ") + type->name + ": " + dispatch_of(type->flags) + ';';
    if (type->before != nullptr) text += " before";
    if (type->after != nullptr) text += " after";
    text += '\n';
  }
  for (const margay_realm_type* type : realms_of(plugin))
    text += std::string("  realm ") + type->name +
            (type->find != nullptr ? "; passwords and certificates\n" : "; passwords\n");
  for (const margay_listener_type* type : listeners_of(plugin)) {
    text += std::string("  listener ") + type->name + ';';
    if (type->started != nullptr) text += " started";
    if (type->stopping != nullptr) text += " stopping";
    text += '\n';
  }
  return text;
}

}  // namespace container
