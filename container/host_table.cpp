// Tomcat's host selection: exact, one label of wildcard, default.
#include "container/host_table.h"

#include <array>

#include "container/host_name.h"
#include "server/ascii.h"

namespace container {
namespace {

// RFC 9110 §4.2.3 compares hosts without case; what is longer than any name DNS has goes to the
// default.
class PlainName {
 public:
  explicit PlainName(std::string_view host) {
    if (host.ends_with('.')) host.remove_suffix(1);
    if (host.size() > text_.size()) return;
    for (char c : host) text_[size_++] = server::lower(c);
  }

  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 255> text_;  // not cleared: only size_ bytes are read
  std::size_t size_ = 0;
};

}  // namespace

tl::expected<HostTable, std::string> HostTable::build(std::span<const HostEntry> entries,
                                                      std::optional<std::uint32_t> fallback) {
  HostTable table;
  table.fallback_ = fallback;
  for (const HostEntry& entry : entries) {
    const bool wildcard = entry.name.starts_with("*.");
    const std::string_view name = std::string_view(entry.name).substr(wildcard ? 2 : 0);
    const auto host = parse_host(name, EmptyHost::refused);
    if (!host || host->host.size() != name.size())
      return tl::unexpected("'" + entry.name + "' is not a host name");
    if (wildcard && host->form != HostForm::name)
      return tl::unexpected("'" + entry.name + "' puts a wildcard before an address");
    const PlainName plain(name);
    const bool known =
        wildcard ? table.wildcards_.insert("." + std::string(plain.view()), entry.index).has_value()
                 : table.names_.insert(plain.view(), entry.index).has_value();
    if (known) return tl::unexpected("host name '" + entry.name + "' is given twice");
  }
  return table;
}

std::optional<std::uint32_t> HostTable::lookup(std::string_view host) const {
  if (names_.empty() && wildcards_.empty()) return fallback_;
  const PlainName plain(host);
  const std::string_view name = plain.view();
  if (const auto index = names_.find(name); index != NameTable::absent) return index;
  if (!wildcards_.empty()) {
    const std::size_t dot = name.find('.');
    if (dot != std::string_view::npos && dot > 0) {
      const auto index = wildcards_.find(name.substr(dot));
      if (index != NameTable::absent) return index;
    }
  }
  return fallback_;
}

}  // namespace container
