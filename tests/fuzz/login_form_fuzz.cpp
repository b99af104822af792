// Any body of a login form: what comes out is never empty of a user, holds no NUL, and no more
// bytes than could have come in. The first byte chooses the encoding.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "container/security/form.h"
#include "container/security/login.h"
#include "container/utf8.h"
#include "tests/support/fuzz_input.h"

using tests::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tests::Input input({reinterpret_cast<const char*>(data), size});
  const auto encoding =
      input.byte() % 2 == 0 ? container::FormEncoding::utf8 : container::FormEncoding::latin1;
  const std::string_view body = input.bytes(size);
  const auto found =
      container::security::read_login_form("application/x-www-form-urlencoded", body, encoding);
  if (!found) return 0;
  require(!found->user.empty());
  for (const std::string& text : {found->user, found->password}) {
    require(text.find('\0') == text.npos);
    require(text.size() <= 2 * body.size());
    if (encoding == container::FormEncoding::latin1) require(container::is_utf8(text));
  }
  // What a request asked for leads back to a path of this host, without line ends.
  const container::security::SavedRequest saved{
      .method = "GET", .path = "/" + found->user, .query = {}, .fields = {}, .body = {}};
  const std::string target = saved.target();
  require(target.find_first_of("\r\n\\ ?#") == target.npos);
  return 0;
}
