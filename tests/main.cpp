// The entry point of every test executable.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <csignal>

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // as the server does: a peer that has gone is an error, no more
  return doctest::Context(argc, argv).run();
}
