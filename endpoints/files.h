// Static files of a folder: GET and HEAD, nothing outside it, no links followed.
#pragma once

#include <margay/plugin.h>

#include <string>
#include <string_view>

namespace endpoints {

// Parameters: `root` (default: `static` in the application's folder), `index` (index.html).
// Validators: Last-Modified and a weak ETag as Tomcat's DefaultServlet makes them; If-None-Match
// and If-Modified-Since answer 304. Opening a file may wait for the disk, which is short and
// accepted on the loop.
class Files : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;

  explicit Files(const margay::Config& config);
  ~Files() override;
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  Files(Files&& other) noexcept;

  void service(margay::Request& request, margay::Response& response) override;

 private:
  int open_file(std::string_view path) const;
  void send(margay::Request& request, margay::Response& response, std::string_view path, int file);

  int root_ = -1;  // descriptor of the folder: what is opened lies beneath it
  std::string index_;
};

// The media type for a file name's extension.
std::string_view media_type(std::string_view name);

}  // namespace endpoints
