// Reads a body of any size in constant memory and answers with its length and FNV-1a hash; of a
// form with files, with a line for each of its parts.
#include <margay/multipart.h>
#include <margay/plugin.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>

namespace {

class Hash {
 public:
  void add(std::string_view bytes) {
    size_ += bytes.size();
    for (const char c : bytes) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  std::string text() const {
    char text[64];
    std::snprintf(text, sizeof text, "%llu bytes, fnv1a %016llx",
                  static_cast<unsigned long long>(size_), static_cast<unsigned long long>(hash_));
    return text;
  }

 private:
  std::uint64_t hash_ = 14695981039346656037u;
  std::uint64_t size_ = 0;
};

}  // namespace

// Its parameters are those of margay::MultipartConfig.
class Upload : public margay::Endpoint {
 public:
  static constexpr auto body = margay::Body::streamed;

  explicit Upload(const margay::Config& config) : limits_(margay::MultipartConfig::from(config)) {}

  void service(margay::Request& request, margay::Response& response) override {
    response.type("text/plain;charset=utf-8");
    if (margay::is_multipart(request)) return list(request, response);
    Hash hash;
    std::array<char, 64 * 1024> piece;
    std::ptrdiff_t got = 0;
    while ((got = request.read(piece)) > 0) hash.add({piece.data(), static_cast<std::size_t>(got)});
    if (got < 0) throw margay::StatusError(400, "the body ended too early");
    response.write(hash.text() + "\n");
  }

 private:
  void list(margay::Request& request, margay::Response& response) const {
    const margay::Multipart form = margay::read_multipart(request, limits_);
    for (const margay::Part& part : form.parts()) {
      Hash hash;
      std::array<char, 64 * 1024> piece;
      std::size_t at = 0;
      while (const std::size_t got = part.read(at, piece)) {
        hash.add({piece.data(), got});
        at += got;
      }
      std::string line(part.name());
      if (part.is_file()) line += " (" + part.submitted_file_name() + ")";
      response.write(line + ": " + hash.text() + "\n");
    }
  }

  const margay::MultipartConfig limits_;
};

MARGAY_PLUGIN("upload", "1.0", margay::endpoint<Upload>("upload"))
