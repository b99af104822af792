// Host fields and authorities, good and hostile.
#include "container/host_name.h"

#include <doctest/doctest.h>

#include <string>

using namespace container;

TEST_CASE("hosts are taken apart") {
  struct Row {
    std::string_view text, host;
    int port;  // -1: none
    HostForm form;
  };
  for (const Row& row : {
           Row{"", "", -1, HostForm::none},
           Row{"localhost", "localhost", -1, HostForm::name},
           Row{"localhost:8080", "localhost", 8080, HostForm::name},
           Row{"localhost:", "localhost", -1, HostForm::name},
           Row{"Example.ORG.", "Example.ORG.", -1, HostForm::name},
           Row{"a-b.c_d.e1:0", "a-b.c_d.e1", 0, HostForm::name},
           Row{"a:65535", "a", 65535, HostForm::name},
           Row{"a:00080", "a", 80, HostForm::name},
           Row{"1.example.org", "1.example.org", -1, HostForm::name},
           Row{"7", "7", -1, HostForm::name},
           Row{"xn--bcher-kva.example", "xn--bcher-kva.example", -1, HostForm::name},
           Row{"127.0.0.1", "127.0.0.1", -1, HostForm::ipv4},
           Row{"255.255.255.255:1", "255.255.255.255", 1, HostForm::ipv4},
           Row{"[::1]", "[::1]", -1, HostForm::ipv6},
           Row{"[::]:80", "[::]", 80, HostForm::ipv6},
           Row{"[2001:DB8::1]:8443", "[2001:DB8::1]", 8443, HostForm::ipv6},
           Row{"[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]", -1, HostForm::ipv6},
           Row{"[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]", -1, HostForm::ipv6},
       }) {
    CAPTURE(row.text);
    const auto parsed = parse_host(row.text);
    REQUIRE(parsed);
    CHECK(parsed->host == row.host);
    CHECK((parsed->port ? static_cast<int>(*parsed->port) : -1) == row.port);
    CHECK(static_cast<int>(parsed->form) == static_cast<int>(row.form));
  }
}

TEST_CASE("hosts are refused") {
  struct Row {
    std::string_view text;
    HostFault fault;
  };
  for (const Row& row : {
           Row{":80", HostFault::empty},
           Row{":", HostFault::empty},
           Row{".", HostFault::name},
           Row{"..", HostFault::name},
           Row{".a", HostFault::name},
           Row{"a..b", HostFault::name},
           Row{"a..", HostFault::name},
           Row{"a b", HostFault::name},
           Row{" a", HostFault::name},
           Row{"a\t", HostFault::name},
           Row{std::string_view("a\0b", 3), HostFault::name},
           Row{"a/b", HostFault::name},
           Row{"a?b", HostFault::name},
           Row{"a#b", HostFault::name},
           Row{"a\\b", HostFault::name},
           Row{"a@b", HostFault::name},
           Row{"user@a:80", HostFault::name},
           Row{"a,b", HostFault::name},
           Row{"a%41", HostFault::name},
           Row{"a'b", HostFault::name},
           Row{"<a>", HostFault::name},
           Row{"*.a", HostFault::name},
           Row{"b\xC3\xBC"
               "cher",
               HostFault::name},
           Row{"256.1.1.1", HostFault::address},
           Row{"1.2.3", HostFault::address},
           Row{"1.2.3.4.5", HostFault::address},
           Row{"01.2.3.4", HostFault::address},
           Row{"1.2.3.4.", HostFault::address},
           Row{"a.123", HostFault::address},
           Row{"::1", HostFault::empty},
           Row{"[]", HostFault::address},
           Row{"[", HostFault::address},
           Row{"[::1", HostFault::address},
           Row{"[::1]a", HostFault::address},
           Row{"[::1]]", HostFault::address},
           Row{"[[::1]]", HostFault::address},
           Row{"[:::1]", HostFault::address},
           Row{"[::1%25eth0]", HostFault::address},
           Row{"[fe80::1%eth0]", HostFault::address},
           Row{"[v1.a]", HostFault::address},
           Row{"[127.0.0.1]", HostFault::address},
           Row{"[1:2:3:4:5:6:7:8:9]", HostFault::address},
           Row{std::string_view("[::1\0]", 6), HostFault::address},
           Row{"a:80:80", HostFault::port},
           Row{"a:b", HostFault::port},
           Row{"a:-1", HostFault::port},
           Row{"a:+1", HostFault::port},
           Row{"a: 80", HostFault::port},
           Row{"a:65536", HostFault::port},
           Row{"a:99999999999999999999", HostFault::port},
           Row{"[::1]:x", HostFault::port},
       }) {
    CAPTURE(row.text);
    const auto parsed = parse_host(row.text);
    REQUIRE_FALSE(parsed);
    CHECK(static_cast<int>(parsed.error()) == static_cast<int>(row.fault));
    CHECK(sentence(parsed.error()).ends_with('.'));
  }
  CHECK(parse_host("", EmptyHost::refused).error() == HostFault::empty);
}

TEST_CASE("names have DNS's limits") {
  const std::string label(63, 'a');
  CHECK(parse_host(label));
  CHECK_FALSE(parse_host(label + "a"));
  const std::string name = label + "." + label + "." + label + "." + std::string(61, 'b');
  REQUIRE(name.size() == 253);
  CHECK(parse_host(name));
  CHECK(parse_host(name + ".:80"));
  CHECK_FALSE(parse_host(name + "b"));
}
