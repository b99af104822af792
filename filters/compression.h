// Sends answers compressed to those who take them so.
#pragma once

#include <margay/media_type.h>
#include <margay/plugin.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filters/compressor.h"

namespace filters {

// What one answer is compressed with.
struct Compressing {
  CompressorChoice choice;
  Compressor* compressor = nullptr;  // from the first bytes to the last
  bool counted = false;
};

// The compression that Tomcat's connectors have, by its parameters there: `compressibleMimeType`
// (also `text/*`), `compressionMinSize` (2048; answers whose length is not known are compressed),
// `noCompressionStrongETag` (true; false makes the tag weak). And `encodings` (gzip; also br, the
// preferred one first), `level` (1 to 9, of gzip: 1), `brotliQuality` (0 to 11: 3), and
// `maxCompressing` (1000): as many answers at once, more are sent as they are. Each takes 270 KB
// for gzip, some 1 to 3 MB for brotli.
class Compression : public margay::StatefulFilter<Compressing> {
 public:
  explicit Compression(const margay::Config& config);
  void head(const margay::Request& request, margay::Head& head, Compressing& its) override;
  void body(std::string_view bytes, bool last, margay::Emit& emit, Compressing& its) override;
  void flush(margay::Emit& emit, Compressing& its) override;
  void done(const margay_request& request, const margay_outcome& outcome,
            Compressing& its) override;

 private:
  void answer_unchanged(const margay::Request& request, margay::Head& head) const;
  void answer_part(margay::Head& head) const;
  bool could_compress(const margay::Head& head) const;
  bool is_compressible(std::string_view content_type) const;
  bool take_place(Compressing& its);
  void end(Compressing& its);

  std::vector<std::string_view> names_;  // of codings_
  std::vector<Coding> codings_;
  std::string types_;
  std::vector<margay::detail::MediaRange> ranges_;  // views of types_
  std::int64_t min_size_;
  int gzip_level_, brotli_quality_;
  bool spares_strong_tags_;
  int most_;
  std::atomic<int> compressing_{0};
};

}  // namespace filters
