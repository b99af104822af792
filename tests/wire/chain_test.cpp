// Rows of Tomcat's filter chain and its kinds of dispatch, by their names.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "tests/support/answer_text.h"
#include "tests/support/installation.h"

using tests::body_of;
using tests::status;

namespace {

namespace fs = std::filesystem;

// An application with these filters: `mark` says its name and the kind of dispatch in X-In on the
// way in, and its name in X-Out on the way out.
struct Chain : tests::Installation {
  explicit Chain(const std::string& filters) {
    const fs::path plugins = tests::environment("MARGAY_TEST_PLUGINS");
    application("shop",
                "<Application><Library file='lib/chain.so'/><Library file='lib/dispatches.so'/>"
                "<Endpoint name='told' path='/told/*, *.tell'/>"
                "<Endpoint name='goes' path='/go/*'/><Endpoint name='throws' path='/throws'/>"
                "<Endpoint name='reports' path='/report'/><ErrorPage location='/report'/>" +
                    filters + "</Application>",
                {plugins / "chain.so", plugins / "dispatches.so"});
    start();
  }

  static std::string mark(const std::string& name, const std::string& attributes,
                          const std::string& children = "") {
    return "<Filter name='" + name + "' type='mark' " + attributes + ">" + children + "</Filter>";
  }
  std::string ask(const std::string& target) const { return get("/shop" + target); }
  // The names in the fields, with a space between them.
  static std::string names(const std::string& answer, const std::string& field) {
    const std::string head = answer.substr(0, answer.find("\r\n\r\n") + 2);
    const std::string before = "\r\n" + field + ": ";
    std::string all;
    for (auto at = head.find(before); at != head.npos; at = head.find(before, at + 1)) {
      const auto from = at + before.size();
      all += (all.empty() ? "" : " ") + head.substr(from, head.find("\r\n", from) - from);
    }
    return all;
  }
  std::string way_in(const std::string& target) const { return names(ask(target), "X-In"); }
};

}  // namespace

TEST_CASE("Dispatcher types: each mapping sees its own; without any it is REQUEST alone") {
  std::string filters = Chain::mark("plain", "path='/*'");
  for (const std::string kind : {"FORWARD", "INCLUDE", "ERROR", "ASYNC"})
    filters += Chain::mark(kind, "path='/*' dispatcher='" + kind + "'");
  filters += Chain::mark("several", "path='/*' dispatcher='FORWARD, ERROR'");
  const Chain chain(filters);
  CHECK(chain.way_in("/told") == "plain:REQUEST");
  CHECK(chain.way_in("/go?to=/told") == "plain:REQUEST FORWARD:FORWARD several:FORWARD");
  CHECK(chain.way_in("/go?do=async&to=/told") == "plain:REQUEST ASYNC:ASYNC");
  CHECK(chain.way_in("/throws?what=broken") == "plain:REQUEST ERROR:ERROR several:ERROR");
  CHECK(chain.way_in("/nowhere") == "plain:REQUEST ERROR:ERROR several:ERROR");
  const std::string including = chain.ask("/go?do=include&to=/told");
  CHECK(Chain::names(including, "X-In") == "plain:REQUEST");
  CHECK(body_of(including).starts_with("INCLUDE:INCLUDE [INCLUDE GET /told|"));
}

TEST_CASE("URL match for filters: all that match, not the best alone") {
  const Chain chain(
      Chain::mark("star", "path='*'") + Chain::mark("all", "path='/*'") +
      Chain::mark("exact", "path='/told/x'") + Chain::mark("below", "path='/told/*'") +
      Chain::mark("extension", "path='*.tell'") + Chain::mark("root", "", "<Path></Path>"));
  const auto names = [&](const std::string& target) {
    std::string way = chain.way_in(target);
    for (auto at = way.find(":REQUEST"); at != way.npos; at = way.find(":REQUEST"))
      way.erase(at, 8);
    return way;
  };
  CHECK(names("/told/x") == "star all exact below");
  CHECK(names("/told") == "star all below");
  CHECK(names("/told/a.tell") == "star all below extension");
  CHECK(names("/a.b.tell") == "star all extension");
  CHECK(names("/a.tell/b") == "star all");
  CHECK(names("/a.tell/") == "star all");
  CHECK(names("/a.TELL") == "star all");
  CHECK(names("/toldx") == "star all");
  CHECK(names("/") == "star all root");
}

TEST_CASE("Chain order: by path as declared, then by endpoint as declared, each once") {
  const Chain chain(Chain::mark("by-name", "endpoint='told'") +
                    Chain::mark("first", "path='/told/*'") +
                    Chain::mark("both", "path='*.tell' endpoint='told'") +
                    "<FilterMapping filter='first' path='/*'/>"
                    "<FilterMapping filter='late' path='/told/*'/>"
                    "<FilterMapping filter='name-too' endpoint='told'/>" +
                    Chain::mark("late", "path='/elsewhere'") + Chain::mark("name-too", ""));
  const std::string answer = chain.ask("/told/x.tell");
  CHECK(Chain::names(answer, "X-In") ==
        "first:REQUEST both:REQUEST late:REQUEST by-name:REQUEST name-too:REQUEST");
  CHECK(Chain::names(answer, "X-Out") == "name-too by-name late both first");
  CHECK(chain.way_in("/go?do=none") == "first:REQUEST");
}

TEST_CASE("Matched path: of a forward the target's, of an error the page's") {
  const Chain chain(Chain::mark("target", "path='/told/*' dispatcher='FORWARD'") +
                    Chain::mark("source", "path='/go/*' dispatcher='FORWARD'") +
                    Chain::mark("page", "path='/report' dispatcher='ERROR'") +
                    Chain::mark("failed", "path='/throws' dispatcher='ERROR'") +
                    Chain::mark("later", "path='/told/*' dispatcher='ASYNC'") +
                    Chain::mark("named", "endpoint='told' dispatcher='FORWARD'"));
  CHECK(chain.way_in("/go?to=/told/x") == "target:FORWARD named:FORWARD");
  CHECK(chain.way_in("/throws?what=broken") == "page:ERROR");
  CHECK(chain.way_in("/go?do=async&to=/told/x") == "later:ASYNC");
  // By its name an endpoint has no path that a filter could match.
  CHECK(chain.way_in("/go?do=named&to=told") == "named:FORWARD");
}

TEST_CASE("Contract: passes on, answers itself, changes the answer, acts behind; made once") {
  Chain chain(Chain::mark("outer", "path='/*'") + Chain::mark("inner", "path='/told/*'") +
              "<Filter name='wrapper' type='wrap' path='/told/*'/>");
  const std::string passed = chain.ask("/told");
  CHECK(status(passed) == 203);
  CHECK(Chain::names(passed, "X-In") == "outer:REQUEST inner:REQUEST");
  CHECK(body_of(passed).ends_with("] wrapped by wrapper"));
  CHECK_FALSE(chain.server().await("outer done").empty());
  const std::string answered = chain.ask("/told?answer=outer");
  CHECK(status(answered) == 202);
  CHECK(body_of(answered) == "answered by outer");
  CHECK(Chain::names(answered, "X-Out") == "outer");
  CHECK(chain.stop() == 0);
  const std::string log = chain.server().log();
  for (const char* once : {"outer made", "inner made", "outer gone", "inner gone", "inner done"}) {
    CAPTURE(once);
    CHECK(log.find(once) != log.npos);
    CHECK(log.find(once) == log.rfind(once));
  }
}
