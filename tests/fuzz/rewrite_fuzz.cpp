// Any rules, a NUL, a path, a NUL and a query: either an error with its line, or rules that end.
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "filters/rewriting.h"

namespace {

class Subject final : public filters::RewriteSubject {
 public:
  std::string variable(std::string_view name) const override { return std::string(name); }
  File look(std::string_view path) const override {
    return path.size() % 2 == 0 ? File::folder : File::filled;
  }
};

std::string_view next(std::string_view& rest) {
  const auto end = rest.find('\0');
  const std::string_view part = rest.substr(0, end);
  rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
  return part;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view text = next(rest);
  const std::string path = "/" + std::string(next(rest));
  const std::string_view query = next(rest);
  const auto read = [](std::string_view name, void*) { return std::string(name) + " value\n"; };
  try {
    const auto rules = filters::parse_rewrite_rules(text, read, nullptr);
    if (rules.size() > 60) return 0;
    const filters::Rewritten made = filters::rewrite(rules, path, query, Subject());
    if (made.path.size() > 16 * 1024) std::abort();
    if (made.status != 0 && (made.status < 300 || made.status > 410)) std::abort();
  } catch (const filters::RewriteError& error) {
    if (error.line == 0) std::abort();
  } catch (const filters::RegexLimit&) {
  } catch (const std::length_error&) {
  } catch (const std::invalid_argument&) {  // a cookie that is none
  }
  return 0;
}
