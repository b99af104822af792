// Sends answers compressed to those who take them so.
#include "filters/compression.h"

#include <margay/encoding.h>
#include <margay/known_parameters.h>

#include <algorithm>

namespace filters {

namespace {

using margay::detail::has_member;

constexpr std::string_view kTypes =
    "text/html,text/xml,text/plain,text/css,text/javascript,application/javascript,"
    "application/json,application/xml";

bool is_strong(std::string_view tag) { return tag.starts_with('"'); }

// Caches must not give the one form to those who want the other (RFC 9110 section 12.5.5).
void depend_on_encoding(margay::Head& head) {
  const std::string_view vary = head.find("Vary");
  if (!has_member(vary, "*") && !has_member(vary, "accept-encoding"))
    head.add("Vary", "accept-encoding");
}

// The compressed form is another one, byte by byte.
void weaken_tag(margay::Head& head) {
  const std::string_view tag = head.find("ETag");
  if (is_strong(tag)) head.set("ETag", "W/" + std::string(tag));
}

}  // namespace

Compression::Compression(const margay::Config& config)
    : types_(config.get("compressibleMimeType", kTypes)),
      min_size_(config.size("compressionMinSize", 2048)),
      gzip_level_(config.integer("level", 1, 1, 9)),
      brotli_quality_(config.integer("brotliQuality", 3, 0, 11)),
      spares_strong_tags_(config.boolean("noCompressionStrongETag", true)),
      most_(config.integer("maxCompressing", 1000, 1, 1'000'000)) {
  require_known(config, {"encodings", "compressibleMimeType", "compressionMinSize",
                         "noCompressionStrongETag", "level", "brotliQuality", "maxCompressing"});
  for (std::string_view list = config.get("encodings", "gzip"); !list.empty();) {
    const std::string_view name = margay::detail::next_member(list);
    if (name != "gzip" && name != "br")
      throw margay::ConfigError(
          "encodings", "parameter 'encodings': '" + std::string(name) + "' is not gzip or br");
    names_.push_back(name == "br" ? "br" : "gzip");
    codings_.push_back(name == "br" ? Coding::brotli : Coding::gzip);
  }
  if (names_.empty() || names_.size() > 2)
    throw margay::ConfigError("encodings", "parameter 'encodings' is gzip, br or both");
  for (std::string_view list = types_; !list.empty();) {
    const std::string_view type = margay::detail::next_member(list);
    const auto range = margay::detail::media_range(type);
    if (!range)
      throw margay::ConfigError("compressibleMimeType",
                                "parameter 'compressibleMimeType': '" + std::string(type) +
                                    "' is not a media type such as text/html or text/*");
    ranges_.push_back(*range);
  }
}

bool Compression::is_compressible(std::string_view content_type) const {
  const auto type = margay::detail::media_range(content_type);
  return type && std::any_of(ranges_.begin(), ranges_.end(), [&](margay::detail::MediaRange one) {
           return margay::detail::closeness(one, *type) > 0;
         });
}

bool Compression::could_compress(const margay::Head& head) const {
  if (head.status < 200 || head.status == 204 || head.status == 205 || head.status == 206 ||
      head.status == 304)
    return false;
  for (const std::string_view field :
       {"Content-Encoding", "Content-Range", "Content-Digest", "Content-MD5"})
    if (!head.find(field).empty()) return false;
  if (!is_compressible(head.find("Content-Type"))) return false;
  if (const auto size = head.body_size();
      size && (*size == 0 || *size < static_cast<std::uint64_t>(min_size_)))
    return false;
  if (has_member(head.find("Cache-Control"), "no-transform")) return false;
  return !spares_strong_tags_ || !is_strong(head.find("ETag"));
}

// A 304 has the fields that the 200 would have had (RFC 9110 section 15.4.5), though nobody can
// tell its type. Who asks by the weak form of a strong tag has the compressed one.
void Compression::answer_unchanged(const margay::Request& request, margay::Head& head) const {
  const std::string_view tag = head.find("ETag");
  const std::string_view asked = request.header("if-none-match");
  const auto at = is_strong(tag) ? asked.find(tag) : asked.npos;
  const bool has_compressed = at != asked.npos && at >= 2 && asked.substr(at - 2, 2) == "W/";
  if (has_compressed) weaken_tag(head);
  if (has_compressed || !is_strong(tag) || !spares_strong_tags_) depend_on_encoding(head);
}

// A part is of a form that others get in another one (RFC 9110 section 15.3.7).
void Compression::answer_part(margay::Head& head) const {
  if (!is_compressible(head.find("Content-Type"))) return;
  if (!is_strong(head.find("ETag")) || !spares_strong_tags_) depend_on_encoding(head);
}

void Compression::head(const margay::Request& request, margay::Head& head, Compressing& its) {
  if (head.status == 304) answer_unchanged(request, head);
  if (head.status == 206) answer_part(head);
  if (!could_compress(head)) return head.pass_body();
  depend_on_encoding(head);
  const std::size_t number = margay::choose_encoding(request, names_);
  if (number == margay::kIdentity) return head.pass_body();
  its.choice = {.coding = codings_[number],
                .level = codings_[number] == Coding::gzip ? gzip_level_ : brotli_quality_,
                .size = head.body_size()};
  if (request.method() != "HEAD" && !take_place(its)) return head.pass_body();
  head.set("Content-Encoding", names_[number]);
  head.remove("Accept-Ranges");  // ranges of what, the client could not know
  weaken_tag(head);
}

// False: there are too many already.
bool Compression::take_place(Compressing& its) {
  its.counted = true;
  if (compressing_.fetch_add(1, std::memory_order_relaxed) < most_) return true;
  end(its);
  return false;
}

void Compression::body(std::string_view bytes, bool last, margay::Emit& emit, Compressing& its) {
  if (its.compressor == nullptr) its.compressor = borrow_compressor(its.choice).release();
  its.compressor->run(bytes, last ? Compressor::End::body : Compressor::End::none, emit);
  if (last) end(its);
}

void Compression::flush(margay::Emit& emit, Compressing& its) {
  if (its.compressor != nullptr) its.compressor->run({}, Compressor::End::flush, emit);
}

void Compression::done(const margay_request&, const margay_outcome&, Compressing& its) { end(its); }

void Compression::end(Compressing& its) {
  if (its.compressor != nullptr)
    give_back(std::unique_ptr<Compressor>(std::exchange(its.compressor, nullptr)));
  if (std::exchange(its.counted, false)) compressing_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace filters
