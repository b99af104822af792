// multipart/form-data: forms with files, read as they come (RFC 7578). Not part of plugin.h.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <margay/config.h>
#include <margay/multipart_parser.h>
#include <margay/multipart_part.h>
#include <margay/request.h>

namespace margay {

// Limits of one body; sizes in bytes. Names are those of Servlet's MultipartConfig and of Tomcat.
// Memory for one body: the text of its fields, and `file_size_threshold` for each file.
struct MultipartConfig {
  std::string location{};  // folder of temporary files; "": TMPDIR, else /tmp
  std::size_t max_file_size = 1 << 20;
  std::size_t max_request_size = 10 << 20;     // the body with all that is in it
  std::size_t file_size_threshold = 16 << 10;  // a file that is larger goes to the disk
  std::size_t max_post_size = 2 << 20;         // all fields that are no files
  std::uint32_t max_part_count = 50;           // fields and files
  std::uint32_t max_parameter_count = 1000;    // fields that are no files
  std::uint32_t max_part_header_size = 512;

  // The endpoint's parameters `location` (within the application's folder unless it is absolute),
  // `maxFileSize`, `maxRequestSize`, `fileSizeThreshold`, `maxPostSize`, `maxPartCount`,
  // `maxParameterCount`, `maxPartHeaderSize`; `otherwise` has what is not said. Throws ConfigError,
  // also when no file can be made in the folder.
  static MultipartConfig from(const Config& config, MultipartConfig otherwise);
  static MultipartConfig from(const Config& config) { return from(config, {}); }
};

// All parts of a body in their order. Move-only, like them.
class Multipart {
 public:
  Multipart() = default;
  explicit Multipart(std::vector<Part> parts) : parts_(std::move(parts)) {}

  std::vector<Part>& parts() { return parts_; }
  const std::vector<Part>& parts() const { return parts_; }

  // The first field of that name which is no file; {} when there is none.
  std::optional<std::string_view> text(std::string_view name) const {
    for (const Part& part : parts_)
      if (!part.is_file() && part.name() == name) return part.content();
    return std::nullopt;
  }
  std::vector<std::string_view> texts(std::string_view name) const {
    std::vector<std::string_view> all;
    for (const Part& part : parts_)
      if (!part.is_file() && part.name() == name) all.push_back(part.content());
    return all;
  }
  // The first file of that name; null when there is none, or nobody chose one: browsers send an
  // input that was left alone as a file without name and content.
  Part* file(std::string_view name) {
    for (Part& part : parts_)
      if (is_chosen(part) && part.name() == name) return &part;
    return nullptr;
  }
  std::vector<Part*> files(std::string_view name) {
    std::vector<Part*> all;
    for (Part& part : parts_)
      if (is_chosen(part) && part.name() == name) all.push_back(&part);
    return all;
  }

 private:
  static bool is_chosen(const Part& part) {
    return part.is_file() && (part.size() != 0 || !part.raw_file_name().empty());
  }

  std::vector<Part> parts_;
};

// Makes parts of bytes as they come. Feed it on a loop and with a file_size_threshold of at least
// max_file_size, and nothing waits for the disk.
class MultipartReader {
 public:
  // `config` is kept by reference. Throws MultipartError for another type than multipart/form-data,
  // and for one without a good boundary.
  MultipartReader(std::string_view content_type, const MultipartConfig& config)
      : config_(config),
        parser_(boundary_of(content_type), config.max_part_count, config.max_part_header_size) {}
  MultipartReader(std::string_view content_type, MultipartConfig&& config) = delete;

  // The next bytes. Throws MultipartError, and std::system_error when the disk is full; after that
  // it is of no more use, and what it had is gone with it.
  void feed(std::string_view bytes) {
    const std::size_t taken = std::min(bytes.size(), config_.max_request_size - size_);
    size_ += taken;
    parser_.feed(bytes.substr(0, taken), *this);
    if (taken < bytes.size())
      throw too_large(Reason::request_too_large, "the body", "maxRequestSize",
                      config_.max_request_size);
  }
  // Feeds it what there is of a Body::streamed body. On a worker this waits for the end; on a loop
  // false says that more will come: see Request::on_readable. Throws as `feed`, and
  // MultipartError::incomplete when the client has gone.
  bool read_from(Request& request) {
    std::array<char, 32 * 1024> piece;
    std::ptrdiff_t got = 0;
    while ((got = request.read(piece)) > 0) feed({piece.data(), static_cast<std::size_t>(got)});
    if (got < -1)
      throw MultipartError(Reason::incomplete, "the body is cut off, or its framing is malformed");
    return got == 0;
  }
  // At the end of the body. Throws MultipartError::incomplete when more should have come.
  Multipart finish() {
    if (!parser_.is_complete())
      throw MultipartError(Reason::incomplete, "the multipart body ends before its last delimiter");
    std::string charset;
    for (const Part& part : parts_)
      if (!part.is_file() && part.name() == "_charset_") charset = part.content();
    for (Part& part : parts_) part.decode(charset);
    return Multipart(std::exchange(parts_, {}));
  }

  // For the parser.
  void begin(std::string head) {
    Part& part = parts_.emplace_back(MultipartHead(std::move(head)));
    if (!part.is_file() && texts_++ == config_.max_parameter_count)
      throw MultipartError(Reason::too_many_parameters, "more fields than maxParameterCount");
  }
  void data(std::string_view bytes) {
    Part& part = parts_.back();
    if (part.is_file()) {
      if (bytes.size() > config_.max_file_size - part.size())
        throw too_large(Reason::file_too_large, "a file", "maxFileSize", config_.max_file_size);
    } else {
      if (bytes.size() > config_.max_post_size - text_size_)
        throw too_large(Reason::text_too_large, "the text of the form", "maxPostSize",
                        config_.max_post_size);
      text_size_ += bytes.size();
    }
    part.append(bytes, config_.file_size_threshold, config_.location);
  }
  void end() {}

 private:
  using Reason = MultipartError::Reason;

  static std::string boundary_of(std::string_view content_type) {
    if (!detail::same_ignoring_case(detail::without_parameters(content_type),
                                    "multipart/form-data"))
      throw MultipartError(Reason::other_type, "a body of multipart/form-data is expected");
    auto boundary = detail::parameter_of(content_type, "boundary");
    if (!boundary)
      throw MultipartError(Reason::malformed, "multipart/form-data without a boundary");
    return *std::move(boundary);
  }
  static MultipartError too_large(Reason reason, const char* what, const char* limit,
                                  std::size_t size) {
    return {reason, std::string(what) + " is larger than " + std::to_string(size) + " bytes (" +
                        limit + ")"};
  }

  const MultipartConfig& config_;
  MultipartParser parser_;
  std::vector<Part> parts_;
  std::size_t size_ = 0;
  std::size_t text_size_ = 0;
  std::uint32_t texts_ = 0;
};

// Whether the body is said to be multipart/form-data.
inline bool is_multipart(const Request& request) {
  return detail::same_ignoring_case(detail::without_parameters(request.header("content-type")),
                                    "multipart/form-data");
}

// Reads the body to its end: that of a Body::streamed endpoint on a worker, where it waits for the
// client, or a buffered one anywhere. Once, as a body can be read once. Throws MultipartError,
// which answers the request when the endpoint lets it through, and std::system_error. The text
// fields are not among Request::parameter.
inline Multipart read_multipart(Request& request, const MultipartConfig& config) {
  MultipartReader reader(request.header("content-type"), config);
  if (request.content_length() > 0 &&
      static_cast<std::uint64_t>(request.content_length()) > config.max_request_size)
    throw MultipartError(MultipartError::Reason::request_too_large,
                         "the body is larger than " + std::to_string(config.max_request_size) +
                             " bytes (maxRequestSize)");
  reader.feed(request.body());
  if (!reader.read_from(request))
    throw std::logic_error("read_multipart waits: not on the loop, use MultipartReader");
  return reader.finish();
}

inline MultipartConfig MultipartConfig::from(const Config& config, MultipartConfig otherwise) {
  const auto size = [&](const char* name, std::size_t& value) {
    value = static_cast<std::size_t>(config.size(name, static_cast<std::int64_t>(value)));
  };
  const auto count = [&](const char* name, std::uint32_t& value) {
    value = config.integer<std::uint32_t>(name, value, 0, 1'000'000);
  };
  MultipartConfig its = std::move(otherwise);
  size("maxFileSize", its.max_file_size);
  size("maxRequestSize", its.max_request_size);
  size("fileSizeThreshold", its.file_size_threshold);
  size("maxPostSize", its.max_post_size);
  count("maxPartCount", its.max_part_count);
  count("maxParameterCount", its.max_parameter_count);
  its.max_part_header_size =
      config.integer<std::uint32_t>("maxPartHeaderSize", its.max_part_header_size, 2, 64 * 1024);
  its.location = config.get("location", its.location);
  if (its.location.empty()) its.location = detail::temporary_folder();
  if (its.location.front() != '/' && !config.folder().empty())
    its.location = std::string(config.folder()) + "/" + its.location;
  try {
    TemporaryFile{its.location};
  } catch (const std::system_error& error) {
    throw ConfigError("location", std::string("parameter 'location': ") + error.what());
  }
  return its;
}

}  // namespace margay
