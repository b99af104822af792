// Any field values, one a line: the first letter says whether they are Forwarded or a list. What is
// found lies inside the input, and no more hops than are kept.
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string_view>

#include "filters/forwarded.h"
#include "filters/network.h"

namespace {

void require_inside(std::string_view whole, std::string_view part) {
  const std::less_equal<const char*> before;
  if (part.empty()) return;
  if (!before(whole.data(), part.data()) ||
      !before(part.data() + part.size(), whole.data() + whole.size()))
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  const bool list = input.front() == 'l';
  std::string_view rest = input.substr(1);
  filters::Hops hops;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (list) {
      hops.add_list(line);
    } else if (!hops.add_forwarded(line)) {
      break;
    }
    rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : line.size());
  }
  if (hops.size() > filters::Hops::kMost) std::abort();
  for (std::size_t i = 0; i < hops.size(); ++i) {
    const filters::Hop& hop = hops.from_last(i);
    for (const std::string_view part : {hop.node, hop.proto, hop.host}) require_inside(input, part);
    require_inside(input, filters::address_of(hop.node));
    filters::parse_address(filters::address_of(hop.node));
  }
  return 0;
}
