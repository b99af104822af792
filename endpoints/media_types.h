// Media types of files, by the extensions of their names.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace endpoints {

// The common ones are known, and an application may say more, or others, as web.xml does with
// <mime-mapping>. Immutable.
class MediaTypes {
 public:
  // "md=text/markdown,x=application/x": extensions in lower case, without a dot.
  explicit MediaTypes(std::string_view mappings);

  // For a file's name, in any case; application/octet-stream where nothing is known. As long as
  // this.
  std::string_view of(std::string_view name) const;

 private:
  static constexpr std::size_t kLongest = 32;  // bytes of an extension

  std::map<std::string, std::string, std::less<>> own_;
};

}  // namespace endpoints
