// What a client takes, by its Accept fields (RFC 9110 section 12.5.1).
#include <margay/media_type.h>

#include <doctest/doctest.h>

#include <string_view>
#include <vector>

using namespace margay::detail;

namespace {

int accepted(const std::vector<std::string_view>& fields, std::string_view type) {
  std::vector<margay_field> raw;
  for (const std::string_view field : fields)
    raw.push_back({margay::str("accept"), margay::str(field)});
  margay_request head{};
  head.size = sizeof head;
  head.fields = raw.data();
  head.field_count = static_cast<std::uint32_t>(raw.size());
  const margay_host host{};
  // Fields are read without the host.
  auto* const nobody = reinterpret_cast<margay_exchange*>(&head);
  return margay::detail::accepted(margay::Request(host, *nobody, head), *media_range(type));
}

}  // namespace

TEST_CASE("the closest range says how much a type is wanted") {
  CHECK(accepted({}, "text/html") == 1000);
  CHECK(accepted({""}, "text/html") == 1000);
  CHECK(accepted({"text/html"}, "text/html") == 1000);
  CHECK(accepted({"TEXT/HTML"}, "text/html") == 1000);
  CHECK(accepted({"text/plain"}, "text/html") == 0);
  CHECK(accepted({"*/*;q=0.8, text/*;q=0.5, text/html;q=0.25"}, "text/html") == 250);
  CHECK(accepted({"text/html;q=0.25, text/*;q=0.5, */*;q=0.8"}, "text/plain") == 500);
  CHECK(accepted({"text/html;q=0.25, */*;q=0.8"}, "image/png") == 800);
  CHECK(accepted({"*/*, text/html;q=0"}, "text/html") == 0);
  CHECK(accepted({"application/*+json;q=0.5"}, "application/problem+json") == 500);
  CHECK(accepted({"application/*+json;q=0.5"}, "application/json") == 0);
  CHECK(accepted({"text/html;level=1;q=0.3, text/html;q=0.7"}, "text/html") == 700);
  CHECK(accepted({"image/png", "text/html;q=0.001"}, "text/html") == 1);
}

TEST_CASE("members of Accept that are malformed say nothing") {
  for (const std::string_view text :
       {"text", "/html", "text/", "*/html", "text/html;q=", "text/html;q=2", "text/html;q=1.001",
        "text/html;q=0.1234", "text/html;q=-1", "text/html;q=0,5", "text/a/b", ";q=1"}) {
    CAPTURE(text);
    CHECK(accepted({text}, "text/html") == 0);
  }
  CHECK(accepted({"nonsense, text/html;q=0.5"}, "text/html") == 500);
}
