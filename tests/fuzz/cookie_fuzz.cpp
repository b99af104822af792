// Throws any bytes at the Cookie field: pairs are pieces of it, in order, with a name and no ';'.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <margay/cookie.h>

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view field(reinterpret_cast<const char*>(data), size);
  const char* last = field.data();
  margay::detail::each_cookie(field, [&](std::string_view name, std::string_view value) {
    require(!name.empty());
    require(name.find_first_of("=;") == name.npos);
    require(value.find(';') == value.npos);
    require(name.data() >= last);
    require(value.data() > name.data());
    require(value.data() + value.size() <= field.data() + field.size());
    last = value.data() + value.size();
  });
  return 0;
}
