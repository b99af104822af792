// What clients of TLS share: one context for the same options and the same files.
#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "server/tls/client_contexts.h"
#include "tests/support/certificates.h"

using server::tls::ClientContext;
using server::tls::ClientContexts;
using server::tls::ClientOptions;
using tests::Certificates;

namespace {

std::shared_ptr<const ClientContext> take(ClientContexts& contexts, const ClientOptions& options) {
  auto taken = contexts.take(options);
  REQUIRE_MESSAGE(taken, taken.error());
  return *taken;
}

}  // namespace

TEST_CASE("tls client: clients with the same options share a context") {
  Certificates files;
  const ClientOptions options{.ca_file = files.make("a").certificate_file};
  ClientContexts contexts;
  const auto first = take(contexts, options);
  CHECK(take(contexts, options) == first);
  CHECK(take(contexts, {.ca_file = options.ca_file, .verify = false}) != first);
  CHECK(take(contexts, {}) != first);
  const auto mine = files.make("me");
  CHECK(take(contexts, {.ca_file = options.ca_file,
                        .certificate_file = mine.certificate_file,
                        .key_file = mine.key_file}) != first);
  CHECK(take(contexts, options) == first);
}

TEST_CASE("tls client: a context goes with its last user") {
  ClientContexts contexts;
  auto first = take(contexts, {});
  const std::weak_ptr<const ClientContext> watched = first;
  first.reset();
  CHECK(watched.expired());
  take(contexts, {});
}

TEST_CASE(
    "tls client: a file that has changed is read again, and one that will not do is told of") {
  Certificates files;
  const std::string file = files.write("ca.pem", "");
  ClientContexts contexts;
  const auto none = contexts.take({.ca_file = file});
  REQUIRE(!none);
  CHECK(none.error().starts_with("'" + file + "' holds no certificate in PEM"));
  files.write("ca.pem", Certificates::text_of(files.make("a").certificate_file));
  const auto first = take(contexts, {.ca_file = file});
  const std::string other = Certificates::text_of(files.make("another").certificate_file);
  files.write("ca.pem", other);
  const auto second = take(contexts, {.ca_file = file});
  CHECK(second != first);
  CHECK(take(contexts, {.ca_file = file}) == second);
}

TEST_CASE("tls client: threads that ask at once get the same") {
  ClientContexts contexts;
  std::vector<std::shared_ptr<const ClientContext>> taken(8);
  std::vector<std::thread> threads;
  for (auto& one : taken)
    threads.emplace_back([&contexts, &one] { one = contexts.take({}).value_or(nullptr); });
  for (std::thread& thread : threads) thread.join();
  CHECK(taken.front() != nullptr);
  for (const auto& one : taken) CHECK(one == taken.front());
}
