// One field of a form that a filter wants to see before the endpoint does.
#include "filters/form_field.h"

#include <margay/form.h>
#include <margay/multipart_head.h>
#include <margay/multipart_parser.h>

#include <algorithm>
#include <utility>

namespace filters {
namespace {

// The endpoint has limits of its own; these are for what is looked at before it.
constexpr std::uint32_t kMostParts = 1000, kLongestHead = 4096;

std::string first_of(std::string_view form, std::string_view name) {
  std::string found;
  margay::detail::each_pair(form, [&](std::string_view one, std::string_view value) {
    if (!margay::detail::same_form_name(one, name)) return true;
    found = margay::detail::form_decode(value);
    return false;
  });
  return found;
}

// Hears of all parts, and keeps the one that is meant.
class Wanted {
 public:
  Wanted(std::string_view name, std::size_t most) : name_(name), most_(most) {}

  void begin(std::string head) {
    const margay::MultipartHead its(std::move(head));
    is_here_ = !is_found_ && !its.file_name() && its.name() == name_;
  }
  void data(std::string_view some) {
    if (is_here_) value_.append(some.substr(0, most_ - value_.size()));
  }
  void end() { is_found_ = is_found_ || std::exchange(is_here_, false); }

  bool is_found() const { return is_found_; }
  std::string& value() { return value_; }

 private:
  std::string_view name_;
  std::size_t most_;
  std::string value_;
  bool is_here_ = false, is_found_ = false;
};

std::string first_of_parts(std::string_view type, std::string_view body, std::string_view name,
                           std::size_t most) {
  constexpr std::size_t kPiece = 4096;
  Wanted wanted(name, most);
  try {
    margay::MultipartParser parser(
        margay::detail::parameter_of(type, "boundary").value_or(std::string()), kMostParts,
        kLongestHead);
    while (!wanted.is_found() && !body.empty()) {
      const std::string_view piece = body.substr(0, kPiece);
      parser.feed(piece, wanted);
      body.remove_prefix(piece.size());
    }
  } catch (const margay::MultipartError&) {  // the endpoint will say what is wrong with it
  }
  return wanted.is_found() ? std::move(wanted.value()) : std::string();
}

}  // namespace

std::string form_field(const margay::Request& request, std::string_view name, std::size_t most) {
  const std::string_view type = request.header("content-type");
  const auto is = [its = margay::detail::without_parameters(type)](std::string_view other) {
    return margay::detail::same_ignoring_case(its, other);
  };
  std::string found;
  if (is("application/x-www-form-urlencoded")) {
    found = first_of(request.body(), name);
  } else if (is("multipart/form-data")) {
    found = first_of(request.query(), name);
    if (found.empty()) found = first_of_parts(type, request.body(), name, most);
  }
  found.resize(std::min(found.size(), most));
  return found;
}

}  // namespace filters
