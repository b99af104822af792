// What clients say of their languages, and character sets.
#include <doctest/doctest.h>
#include <margay/charset.h>
#include <margay/locale.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using Tags = std::vector<std::string_view>;

// A request with Accept-Language fields; no host function is needed to read them.
class Fixture {
 public:
  explicit Fixture(std::vector<std::string_view> fields) {
    for (const std::string_view one : fields)
      fields_.push_back({margay::str("accept-language"), margay::str(one)});
    raw_.fields = fields_.data();
    raw_.field_count = static_cast<std::uint32_t>(fields_.size());
  }
  margay::Request request() { return {host_, *reinterpret_cast<margay_exchange*>(this), raw_}; }

 private:
  margay_host host_{};
  std::vector<margay_field> fields_;
  margay_request raw_{};
};

Tags locales(std::vector<std::string_view> fields) {
  return margay::locales(Fixture(std::move(fields)).request());
}
std::string_view best(std::string_view field, std::initializer_list<std::string_view> supported) {
  return margay::best_locale(Fixture({field}).request(), supported, "none");
}

}  // namespace

TEST_CASE("languages come in the order of their weights, and else as they were written") {
  CHECK(locales({}).empty());
  CHECK(locales({"da, en-gb;q=0.8, en;q=0.7"}) == Tags{"da", "en-gb", "en"});
  CHECK(locales({"a;q=0.1,b , c;q=1.000", "d;q=0.5"}) == Tags{"b", "c", "d", "a"});
  CHECK(locales({"en;q=0, *, de;q=0.001"}) == Tags{"de"});
  CHECK(locales({"e n, en_US, -, en-, -en, muchtoolong, en;q=2, en;q=x, , zh-Hant-TW"}) ==
        Tags{"zh-Hant-TW"});
}

TEST_CASE("the best language: the same, a shorter one, a longer one, any") {
  CHECK(best("de-AT, en", {"en", "de"}) == "de");
  CHECK(best("en;q=0.5, DE", {"en", "de"}) == "de");
  CHECK(best("de", {"en", "de-CH", "de-AT"}) == "de-CH");
  CHECK(best("zh-Hant-x-own-TW", {"zh", "zh-Hant"}) == "zh-Hant");
  CHECK(best("zh-Hant-x-own", {"zh-Hant-x", "zh"}) == "zh");
  CHECK(best("fr", {"en", "de"}) == "none");
  CHECK(best("", {"en"}) == "none");
  CHECK(best("fr, *;q=0.1", {"en", "de"}) == "en");
  CHECK(best("*, en;q=0", {"en", "de"}) == "de");
  CHECK(best("de-DE, de;q=0", {"de"}) == "none");
  CHECK(best("de-CH, de;q=0", {"de", "de-CH"}) == "de-CH");
  CHECK(best("d", {"de"}) == "none");
}

TEST_CASE("character sets: which one a body has, and its text as UTF-8") {
  CHECK(margay::charset_of("text/plain; charset=ISO-8859-1") == "ISO-8859-1");
  CHECK(margay::charset_of("text/plain;a=\"b;charset=c\"; Charset=\"utf-8\" ") == "utf-8");
  CHECK(margay::charset_of("text/plain") == "");
  CHECK(margay::charset_of("text/plain; charset") == "");
  CHECK(margay::to_utf8("J\xFCrgen \x80\xFF", "Latin1") == "J\xC3\xBCrgen \xC2\x80\xC3\xBF");
  CHECK(margay::to_utf8("J\xC3\xBCrgen", "UTF-8") == "J\xC3\xBCrgen");
  CHECK(margay::to_utf8("plain", "") == "plain");
  CHECK_FALSE(margay::to_utf8("plain", "koi8-r"));
}
