// Whether an application is still what it was: a text that changes with whatever it is made of.
#include "container/fingerprint.h"

#include <algorithm>
#include <cstdint>
#include <fstream>

#include "container/error_views.h"
#include "container/files_view.h"

namespace container {

namespace fs = std::filesystem;

std::string fingerprint(const std::vector<fs::path>& files) {
  std::string all;
  std::vector<char> piece(64 * 1024);
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    std::uint64_t hash = 14695981039346656037u;  // FNV-1a
    while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() > 0)
      for (std::streamsize i = 0; i < in.gcount(); ++i)
        hash = (hash ^ static_cast<unsigned char>(piece[static_cast<std::size_t>(i)])) *
               1099511628211u;
    all += file.filename().string() + ":" + std::to_string(hash) + ";";
  }
  return all;
}

std::vector<fs::path> files_of_folder(const fs::path& folder) {
  std::vector<fs::path> files{folder / "app.xml", folder / "rewrite.config"};
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder / "lib", ignored))
    if (entry.path().extension() == ".so") files.push_back(entry.path());
  for (const fs::path& page :
       ErrorViews::files_of_application(folder / "templates", folder / "static"))
    files.push_back(page);
  std::sort(files.begin(), files.end());
  return files;
}

std::string folder_fingerprint(const fs::path& folder) {
  const std::vector<fs::path> files = files_of_folder(folder);
  const FileLook pages = DiskView().look(folder / "static");
  if (pages.kind != FileLook::Kind::folder) return fingerprint(files);
  return fingerprint(files) + "static:" + std::to_string(pages.stamp.device) + "," +
         std::to_string(pages.stamp.inode);
}

}  // namespace container
