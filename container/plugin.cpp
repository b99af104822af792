// One mapped generation of a plugin library: copied, opened, checked, and at the end unmapped.
#include "container/plugin.h"

#include <dlfcn.h>
#include <elf.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <set>

namespace container {

namespace {

using Failure = tl::unexpected<std::string>;

constexpr std::uint32_t kMaxTypes = 256;

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

std::string refusal(const margay_plugin& plugin) {
  if (plugin.magic != MARGAY_PLUGIN_MAGIC)
    return "is not a Margay plugin: its table has another magic number";
  if (plugin.abi_major != MARGAY_ABI_MAJOR || plugin.abi_minor > MARGAY_ABI_MINOR)
    return "was built for plugin ABI " + std::to_string(plugin.abi_major) + "." +
           std::to_string(plugin.abi_minor) + ", this server has " +
           std::to_string(MARGAY_ABI_MAJOR) + "." + std::to_string(MARGAY_ABI_MINOR) +
           ": rebuild it against this server's headers";
  if (plugin.size < sizeof(margay_plugin))
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
  for (std::uint32_t i = 0; i < table_->endpoint_count; ++i)
    if (type == table_->endpoints[i]->name) return table_->endpoints[i];
  return nullptr;
}

const margay_filter_type* Plugin::find_filter(std::string_view type) const {
  for (std::uint32_t i = 0; i < table_->filter_count; ++i)
    if (type == table_->filters[i]->name) return table_->filters[i];
  return nullptr;
}

std::string describe(const margay_plugin& plugin) {
  std::string text = std::string(plugin.name) + " " + plugin.version + ", plugin ABI " +
                     std::to_string(plugin.abi_major) + "." + std::to_string(plugin.abi_minor) +
                     "\n";
  for (std::uint32_t i = 0; i < plugin.endpoint_count; ++i) {
    const auto& type = *plugin.endpoints[i];
    text += std::string("  endpoint ") + type.name +
            ((type.flags & MARGAY_ON_LOOP) != 0 ? ": loop" : ": worker") +
            ((type.flags & MARGAY_STREAM_BODY) != 0 ? ", streamed body\n" : ", buffered body\n");
  }
  for (std::uint32_t i = 0; i < plugin.filter_count; ++i) {
    const auto& type = *plugin.filters[i];
    text += std::string("  filter ") + type.name +
            ((type.flags & MARGAY_ON_LOOP) != 0 ? ": loop;" : ": worker;");
    if (type.before != nullptr) text += " before";
    if (type.head != nullptr) text += " head";
    if (type.body != nullptr) text += " body";
    if (type.done != nullptr) text += " done";
    text += '\n';
  }
  return text;
}

}  // namespace container
