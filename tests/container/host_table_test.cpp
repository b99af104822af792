// Which host and which context a request belongs to.
#include "container/host_table.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "container/context_table.h"

using namespace container;

TEST_CASE("a host is found exactly, by wildcard, by default") {
  const std::vector<HostEntry> entries{
      {"example.org", 1}, {"www.Example.org", 2}, {"*.example.org", 3},    {"*.a.example.org", 4},
      {"[::1]", 5},       {"127.0.0.1", 6},       {"trailing.example.", 7}};
  const auto table = HostTable::build(entries, 9);
  REQUIRE(table);
  struct Row {
    std::string_view host;
    std::uint32_t index;
  };
  for (const Row& row : {Row{"example.org", 1},
                         Row{"EXAMPLE.ORG", 1},
                         Row{"example.org.", 1},
                         Row{"www.example.org", 2},
                         Row{"mail.example.org", 3},
                         Row{"MAIL.Example.Org.", 3},
                         Row{"a.example.org", 3},
                         Row{"x.a.example.org", 4},
                         Row{"y.x.a.example.org", 9},
                         Row{"x.y.example.org", 9},
                         Row{"[::1]", 5},
                         Row{"127.0.0.1", 6},
                         Row{"trailing.example", 7},
                         Row{"trailing.example.", 7},
                         Row{"", 9},
                         Row{".", 9},
                         Row{".example.org", 9},
                         Row{"org", 9},
                         Row{"xexample.org", 9},
                         Row{"example.orgx", 9}}) {
    CAPTURE(row.host);
    CHECK(table->lookup(row.host) == row.index);
  }
  CHECK(table->lookup(std::string(10000, 'a')) == 9);
}

TEST_CASE("without a default an unknown host is nothing") {
  const std::vector<HostEntry> entries{{"a", 1}};
  const auto table = HostTable::build(entries, std::nullopt);
  REQUIRE(table);
  CHECK(table->lookup("A") == 1);
  CHECK(table->lookup("b") == std::nullopt);
  CHECK(HostTable::build({}, 3)->lookup("any") == 3);
}

TEST_CASE("bad host names are named") {
  const auto error = [](std::vector<HostEntry> entries) {
    const auto table = HostTable::build(entries, std::nullopt);
    return table ? std::string() : table.error();
  };
  CHECK(error({{"a.b", 1}, {"A.B.", 2}}) == "host name 'A.B.' is given twice");
  CHECK(error({{"*.b", 1}, {"*.B", 1}}) == "host name '*.B' is given twice");
  CHECK(error({{"a:80", 1}}) == "'a:80' is not a host name");
  CHECK(error({{"", 1}}) == "'' is not a host name");
  CHECK(error({{"*", 1}}) == "'*' is not a host name");
  CHECK(error({{"*.", 1}}) == "'*.' is not a host name");
  CHECK(error({{"a.*.b", 1}}) == "'a.*.b' is not a host name");
  CHECK(error({{"*.127.0.0.1", 1}}) == "'*.127.0.0.1' puts a wildcard before an address");
  CHECK(error({{"*.a", 1}, {"a", 1}}).empty());
}

TEST_CASE("the longest context path at a slash wins") {
  const std::vector<ContextEntry> entries{{"", 0}, {"/shop", 1}, {"/shop/admin", 2}, {"/s", 3}};
  const auto table = ContextTable::build(entries);
  REQUIRE(table);
  struct Row {
    std::string_view path;
    std::uint32_t index;
    std::string_view context_path, rest;
  };
  for (const Row& row :
       {Row{"/", 0, "", "/"}, Row{"/shop", 1, "/shop", ""}, Row{"/shop/", 1, "/shop", "/"},
        Row{"/shopping", 0, "", "/shopping"}, Row{"/shop/admins", 1, "/shop", "/admins"},
        Row{"/shop/admin", 2, "/shop/admin", ""}, Row{"/shop/admin/x/y", 2, "/shop/admin", "/x/y"},
        Row{"/s/hop", 3, "/s", "/hop"}, Row{"/Shop/a", 0, "", "/Shop/a"},
        Row{"/a/shop/admin", 0, "", "/a/shop/admin"}}) {
    CAPTURE(row.path);
    const auto match = table->lookup(row.path);
    REQUIRE(match);
    CHECK(match->index == row.index);
    CHECK(match->context_path == row.context_path);
    CHECK(match->rest == row.rest);
  }
}

TEST_CASE("without a root context other paths are nothing") {
  const std::vector<ContextEntry> entries{{"/a", 1}};
  const auto table = ContextTable::build(entries);
  REQUIRE(table);
  CHECK(table->lookup("/a/b"));
  CHECK_FALSE(table->lookup("/"));
  CHECK_FALSE(table->lookup("/ab"));
  CHECK_FALSE(ContextTable::build({})->lookup("/"));
}

TEST_CASE("long context paths are told apart") {
  const std::string deep = "/" + std::string(70, 'a');
  const std::vector<ContextEntry> entries{{deep, 1}, {deep + "/" + std::string(80, 'b'), 2}};
  const auto table = ContextTable::build(entries);
  REQUIRE(table);
  CHECK(table->lookup(deep + "/x")->index == 1);
  CHECK(table->lookup(entries[1].path + "/x/y")->index == 2);
  CHECK_FALSE(table->lookup("/" + std::string(70, 'c') + "/x"));
}

TEST_CASE("bad context paths are named") {
  const auto error = [](std::vector<ContextEntry> entries) {
    const auto table = ContextTable::build(entries);
    return table ? std::string() : table.error();
  };
  CHECK(error({{"a", 1}}) == "context path 'a' must begin with '/': write '/a'");
  CHECK(error({{"/a/", 1}}) == "context path '/a/' must not end with '/': write '/a'");
  CHECK(error({{"/", 1}}) == "context path '/' must not end with '/': write ''");
  CHECK(error({{"/a//b", 1}}) == "context path '/a//b' has an empty segment");
  CHECK(error({{"/a", 1}, {"/a", 2}}) == "context path '/a' is given twice");
}
