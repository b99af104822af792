// Pages of errors. Whatever an error tells, it comes as text into a page and never as HTML; and any
// bytes as a template are refused with a sentence, or end. The first byte chooses between the two.
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "container/error_page.h"
#include "container/error_views.h"
#include "tests/support/fuzz_input.h"

using container::ErrorReport;
using container::ErrorViews;
using tests::require;

namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "error-view-fuzz-XXXXXX").string();
    require(::mkdtemp(name.data()) != nullptr);
    path = name;
    write("500.html",
          "<h1>{{status}} {{error}}</h1><p title=\"{{message}}\">{{path}} {{exception}} {{server}}"
          "{{#errors}}<li>{{field}} {{message}}</li>{{/errors}}<pre>{{trace}}</pre>");
    plain = ErrorViews::of_host(path);
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void write(const char* name, std::string_view text) const {
    std::ofstream(path / name, std::ios::binary) << text;
  }

  fs::path path;
  ErrorViews plain;
};

ErrorReport report_of(tests::Input& input) {
  ErrorReport report;
  for (std::string_view* part :
       {&report.path, &report.message, &report.exception, &report.trace, &report.errors})
    *part = input.bytes(input.byte());
  return report;
}

std::size_t count(std::string_view text, char what) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), what));
}

// The template has five tags, and two for each error, which is at least two bytes of JSON.
void check_values(const Folder& folder, tests::Input& input) {
  const ErrorReport report = report_of(input);
  std::string page;
  container::render_error_view(*folder.plain.find(500), report, page);
  const std::size_t opening = count(page, '<');
  require(opening == count(page, '>') && opening % 2 == 1);
  require(opening >= 5 && opening <= 5 + report.errors.size());
  require(count(page, '"') == 2);
}

void check_template(const Folder& folder, tests::Input& input) {
  const ErrorReport report = report_of(input);
  folder.write("error.html", input.bytes(4096));
  try {
    const ErrorViews views = ErrorViews::of_host(folder.path);
    std::string page;
    container::render_error_view(*views.find(404), report, page);
  } catch (const std::runtime_error& error) {
    require(!std::string_view(error.what()).empty());
  }
  fs::remove(folder.path / "error.html");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  tests::Input input({reinterpret_cast<const char*>(data), size});
  if (input.byte() % 2 == 0)
    check_values(folder, input);
  else
    check_template(folder, input);
  return 0;
}
