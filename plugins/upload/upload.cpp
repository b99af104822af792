// Reads a body of any size in constant memory and answers with its length and FNV-1a hash.
#include <margay/plugin.h>

#include <array>
#include <cstdio>

class Upload : public margay::Endpoint {
 public:
  static constexpr auto body = margay::Body::streamed;

  void service(margay::Request& request, margay::Response& response) override {
    uint64_t hash = 14695981039346656037u;
    uint64_t size = 0;
    std::array<char, 64 * 1024> piece;
    std::ptrdiff_t got = 0;
    while ((got = request.read(piece)) > 0) {
      size += static_cast<uint64_t>(got);
      for (std::ptrdiff_t i = 0; i < got; ++i)
        hash = (hash ^ static_cast<unsigned char>(piece[static_cast<std::size_t>(i)])) *
               1099511628211u;
    }
    if (got < 0) {
      response.send_error(400, "the body ended too early");
      return;
    }
    char text[64];
    const int length =
        std::snprintf(text, sizeof text, "%llu bytes, fnv1a %016llx\n",
                      static_cast<unsigned long long>(size), static_cast<unsigned long long>(hash));
    response.type("text/plain").write({text, static_cast<std::size_t>(length)});
  }
};

MARGAY_PLUGIN("upload", "1.0", margay::endpoint<Upload>("upload"))
