// A page that shows what is in a folder.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace endpoints {

struct ListedFile {
  std::string name;
  bool is_folder = false;
  std::uint64_t size = 0;  // bytes
  std::time_t modified = 0;
};

struct Listing {
  std::vector<ListedFile> files;
  bool is_cut = false;  // there are more
};

// Each costs a system call, on the loop.
constexpr std::size_t kMostListed = 1'000;

// What can be asked for in an open folder: files and folders, without names that begin with a dot
// and, unless they are followed, links; at most kMostListed in any order. Takes the descriptor
// over.
Listing read_folder(int descriptor, bool follows_links);

// The page for `path` (decoded, with a slash at its end), folders first. `query` may say
// `sort=name`, `size` or `time`, and `order=desc`, as the page's own links do. `at_top`: nothing is
// above.
std::string listing_page(Listing listing, std::string_view path, std::string_view query,
                         bool at_top);

}  // namespace endpoints
