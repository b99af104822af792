// Whether an application is still what it was: a text that changes with whatever it is made of.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace container {

// Of files by their contents; one that cannot be read counts as empty.
std::string fingerprint(const std::vector<std::filesystem::path>& files);

// What an application in this folder is made of: manifest, rewrite.config, libraries and pages for
// errors, in order; the first two whether they are there or not.
std::vector<std::filesystem::path> files_of_folder(const std::filesystem::path& folder);

// Of an application's folder: manifest, libraries, rewrite.config and pages for errors by content,
// `static` by which folder it is.
std::string folder_fingerprint(const std::filesystem::path& folder);

}  // namespace container
