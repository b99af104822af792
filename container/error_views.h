// Pages for errors that no <ErrorPage> answers: templates and files, found by their names.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "container/error_page.h"

namespace margay::detail {
struct CompiledView;
}

namespace container {

// The look-up of Spring Boot's DefaultErrorViewResolver: `404`, then `4xx` or `5xx` (no other
// series), each as a template and then as a file, at last the template `error`. All are read when
// they are loaded; constant afterwards, any thread.
class ErrorViews {
 public:
  // A page; one of both is there.
  struct View {
    std::shared_ptr<const margay::detail::CompiledView> compiled;
    std::string text;
  };

  // Those of an application: error/404.html and error.html in `templates`, error/404.html in
  // `pages`; either folder may be missing. Throws std::runtime_error for a template that is
  // malformed, and for files of more than 256 KiB.
  static ErrorViews of_application(const std::filesystem::path& templates,
                                   const std::filesystem::path& pages);
  // Those of a host: the templates 404.html, 4xx.html and error.html in `folder`. Throws the same,
  // and when there is no such folder.
  static ErrorViews of_host(const std::filesystem::path& folder);
  // The files that these look at, but for partials, for who has to know when they change.
  static std::vector<std::filesystem::path> files_of_application(
      const std::filesystem::path& templates, const std::filesystem::path& pages);
  static std::vector<std::filesystem::path> files_of_host(const std::filesystem::path& folder);

  const View* find(int status) const;  // null: none
  bool empty() const { return views_.empty(); }

 private:
  std::map<std::string, View, std::less<>> views_;
};

// Appends the page to `out`. A template has Spring's variables {{timestamp}}, {{status}},
// {{error}}, and as far as they are told {{path}}, {{message}}, {{exception}}, {{trace}} and
// {{errors}}; {{server}} besides.
void render_error_view(const ErrorViews::View& view, const ErrorReport& report, std::string& out);

}  // namespace container
