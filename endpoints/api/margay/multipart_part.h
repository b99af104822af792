// One part of multipart/form-data: a field, or a file.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <margay/charset.h>
#include <margay/multipart_head.h>
#include <margay/temporary_file.h>

namespace margay {

// Move-only, and one thread at a time. It needs neither the request nor the endpoint, so it may be
// kept. What it has on disk goes with it, unless it was saved.
class Part {
 public:
  // For what reads bodies.
  explicit Part(MultipartHead head) : head_(std::move(head)) {}

  std::string_view name() const { return head_.name(); }
  // A part with a file name, be it empty; the others are text.
  bool is_file() const { return head_.file_name().has_value(); }
  // The client's name for the file, as safe_file_name makes it; "" when it has none.
  std::string submitted_file_name() const { return safe_file_name(head_.file_name().value_or("")); }
  // The same as it was sent: it may hold a path, or anything else.
  std::string_view raw_file_name() const {
    return is_file() ? std::string_view(*head_.file_name()) : std::string_view{};
  }
  // As the client says, who may be wrong; "" when it says nothing, which stands for text/plain.
  std::string_view content_type() const { return field("content-type"); }
  // Of its Content-Type, or what a field `_charset_` says for all (RFC 7578 section 4.6); "" when
  // nobody says.
  const std::string& charset() const { return charset_; }
  // First value of a field of its header, in any case; "" when there is none.
  std::string_view field(std::string_view name) const { return head_.field(name); }

  std::size_t size() const { return file_ ? file_->size() : content_.size(); }
  bool is_in_memory() const { return !file_; }
  // Of a field that is no file: its text as UTF-8 where `charset` is known (charset.h), else as it
  // is. Of a file in memory its bytes; "" for one on disk.
  std::string_view content() const { return content_; }
  // All bytes, wherever they are: as many as maxFileSize allows. Throws std::system_error.
  std::string read_all() const {
    std::string all(size(), '\0');
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t got = read(at, std::span(all).subspan(at));
      if (got == 0) throw std::runtime_error("a temporary file has become shorter");
      at += got;
    }
    return all;
  }
  // Bytes from `offset` into `into`: how many there were, 0 at the end. Throws std::system_error.
  std::size_t read(std::size_t offset, std::span<char> into) const {
    if (file_) return file_->read(offset, into);
    return content_.substr(std::min(offset, content_.size()), into.size())
        .copy(into.data(), into.size());
  }
  // Of the file on disk, for whoever reads it in another way; -1 for what is in memory.
  int descriptor() const { return file_ ? file_->descriptor() : -1; }

  // Gives the bytes a file of their own, whole or not at all, which only the server's user may
  // read. What is on disk already is linked where the file systems are the same, else copied; once
  // linked, the part has the bytes of that file, whatever becomes of them. Blocks. Throws
  // std::system_error; see SaveMode for a file that is there already.
  void save_to(const std::string& path, SaveMode mode = SaveMode::create) {
    if (file_ && file_->link_as(path, mode)) return;
    detail::save(path, mode, [this](int to) {
      if (!file_) return detail::write_whole(to, content_);
      std::array<char, 64 * 1024> piece;
      std::size_t at = 0;
      while (const std::size_t got = file_->read(at, piece)) {
        detail::write_whole(to, {piece.data(), got});
        at += got;
      }
    });
  }

  // For what reads bodies: the next bytes; into a file of `folder` ("" as in MultipartConfig) once
  // there are more of a file than `threshold`.
  void append(std::string_view bytes, std::size_t threshold, const std::string& folder) {
    if (is_file() && !file_ && bytes.size() + content_.size() > threshold) {
      file_.emplace(folder.empty() ? detail::temporary_folder() : folder);
      file_->append(content_);
      content_ = {};
    }
    if (file_)
      file_->append(bytes);
    else
      content_.append(bytes);
  }
  void decode(std::string_view default_charset) {
    charset_ = charset_of(content_type());
    if (charset_.empty()) charset_ = default_charset;
    if (is_file()) return;
    if (auto text = to_utf8(content_, charset_)) content_ = *std::move(text);
  }

 private:
  MultipartHead head_;
  std::string charset_;
  std::string content_;  // empty when there is a file
  std::optional<TemporaryFile> file_;
};

}  // namespace margay
