// Libraries that carry the number of their build: one file from the compiler, many to deploy.
#pragma once

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace tests {

inline std::string content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::string mark(int build) {
  char text[16];
  std::snprintf(text, sizeof text, "build %04d", build);
  return text;
}

class MarkedLibrary {
 public:
  explicit MarkedLibrary(const std::filesystem::path& file)
      : content_(content(file)), at_(content_.find(mark(0))) {
    if (at_ == std::string::npos) throw std::runtime_error(file.string() + " has no mark");
  }
  std::string build(int number) const {
    std::string library = content_;
    return library.replace(at_, mark(number).size(), mark(number));
  }

 private:
  const std::string content_;
  const std::size_t at_;  // of the mark in it
};

// As any copying tool should do it: the file appears under its name in one step.
inline void put(const std::filesystem::path& file, const std::string& library) {
  const auto fresh = file.parent_path() / ".new";
  std::ofstream(fresh, std::ios::binary) << library;
  std::filesystem::rename(fresh, file);
}

}  // namespace tests
