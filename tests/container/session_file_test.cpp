// Sessions in a file: what was written is read again, and what is torn is skipped.
#include "container/session_file.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using container::read_sessions;
using container::SessionRecord;
using container::write_sessions;

namespace {

SessionRecord record(const std::string& id) {
  SessionRecord made{
      .id = id, .created = 1'700'000'000'000, .last_accessed = -5, .max_inactive = 0};
  made.owner = "ada";
  made.attributes.emplace_back("name", std::make_shared<const std::string>("bytes\0\x01SES", 10));
  made.attributes.emplace_back("", std::make_shared<const std::string>());
  return made;
}

struct Read {
  std::vector<std::string> ids;
  std::vector<std::size_t> bad;
  explicit Read(const std::string& bytes) {
    read_sessions(
        bytes, [&](SessionRecord one) { ids.push_back(std::move(one.id)); },
        [&](std::size_t offset, const char*) { bad.push_back(offset); });
  }
};

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("what was written is read again as it was") {
  const std::string bytes = write_sessions({record("one")});
  int count = 0;
  read_sessions(
      bytes,
      [&](SessionRecord one) {
        ++count;
        CHECK(one.id == "one");
        CHECK(one.created == 1'700'000'000'000);
        CHECK(one.last_accessed == -5);
        CHECK(one.owner == "ada");
        REQUIRE(one.attributes.size() == 2);
        CHECK(*one.attributes[0].second == std::string("bytes\0\x01SES", 10));
        CHECK(one.attributes[1].first.empty());
      },
      [](std::size_t, const char*) { CHECK(false); });
  CHECK(count == 1);
}

TEST_CASE("a file that is cut anywhere gives the records before, and names the offset") {
  const std::string one = write_sessions({record("one")});
  const std::string both = write_sessions({record("one"), record("two")});
  for (std::size_t size = one.size() + 1; size < both.size(); ++size) {
    const Read read(both.substr(0, size));
    CHECK(read.ids == Ids{"one"});
    REQUIRE(!read.bad.empty());
    CHECK(read.bad.front() == one.size());
  }
}

TEST_CASE("a damaged record is skipped, wherever the damage is, and the next one counts") {
  const std::string first = write_sessions({});
  const std::string one = write_sessions({record("one")});
  const std::string both = write_sessions({record("one"), record("two")});
  for (std::size_t at = first.size(); at < one.size(); ++at) {
    std::string damaged = both;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    const Read read(damaged);
    CHECK(read.ids == Ids{"two"});
    REQUIRE(!read.bad.empty());
    CHECK(read.bad.front() == first.size());
  }
}

TEST_CASE("another file is none of sessions") {
  CHECK(Read("").bad == std::vector<std::size_t>{0});
  CHECK(Read("something else").ids.empty());
}
