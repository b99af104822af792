#!/bin/sh
# refused_handlers_test.sh ROOT CXX: handlers of a Dispatcher that break a rule do not compile, and the
# compiler says the rule.
set -eu
root=$1 cxx=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
passed=0
failed=0

# The headers once for all; a compiler that does not take them so reads them each time.
cat >"$work/before.h" <<'END_OF_HEADER'
#include <margay/dispatcher.h>
#include <margay/plugin.h>
struct Post {};
END_OF_HEADER
"$cxx" -std=c++20 -I "$root/endpoints/api" -x c++-header "$work/before.h" -o "$work/before.h.gch"

# compiled MAPPING: 0 when a dispatcher compiles whose constructor has it.
compiled() {
  cat >"$work/source.cpp" <<END_OF_SOURCE
class Front : public margay::Dispatcher {
 public:
  explicit Front(const margay::Config& config) : Dispatcher(config) { $1; }
};
MARGAY_PLUGIN("refused", "1", margay::endpoint<Front>("refused"))
END_OF_SOURCE
  "$cxx" -std=c++20 -fsyntax-only -I "$root/endpoints/api" -include "$work/before.h" \
    "$work/source.cpp" >"$work/said" 2>&1
}

# refused SENTENCE MAPPING: does not compile, and the sentence is in what the compiler says.
refused() {
  if compiled "$2"; then
    printf 'compiles, instead of: %s\n' "$1" >&2
    failed=$((failed + 1))
  elif grep -qF "error: static assertion failed: $1" "$work/said" ||
    grep -F 'static_assert failed' "$work/said" | grep -qF "\"$1"; then
    passed=$((passed + 1))
  else
    printf 'does not say: %s\n' "$1" >&2
    cat "$work/said" >&2
    failed=$((failed + 1))
  fi
}

# Else nothing of the rest is worth anything.
compiled 'get("/", [](margay::PathParam<"id", int>, const margay::Request&) { return 1; })' ||
  { cat "$work/said" >&2; exit 1; }

refused 'a handler cannot take a parameter of this type' 'get("/", [](int) {})'
refused 'a handler cannot take a parameter of this type' 'get("/", [](const Post&) {})'
refused 'margay::Request, Response, Model and Multipart are taken by reference' \
  'get("/", [](margay::Request) {})'
refused 'a handler takes values by value or by const reference' \
  'get("/", [](margay::QueryParam<"q">&) {})'
refused 'a handler gives void' 'get("/", [] { return Post{}; })'
refused 'a handler gives void' 'get("/", [] { return std::optional<Post>{}; })'
refused 'a handler gives values' 'get("/", []() -> const int& { static int one = 1; return one; })'
refused 'a handler that takes margay::Async gives void' 'get("/", [](margay::Async) { return 1; })'
refused 'a handler is called by many threads at once' 'get("/", [n = 0]() mutable { return ++n; })'
refused 'a handler is a function, a member function or a lambda whose parameters have their types' \
  'get("/", [](auto&) {})'
refused 'a path parameter is a bool, a number, std::string or std::string_view' \
  'get("/", [](margay::PathParam<"id", Post>) {})'
refused "a value of the client's is a bool, a number" \
  'get("/", [](margay::QueryParam<"q", Post>) {})'
refused 'a decoded value is a std::string' \
  'get("/", [](margay::Form<"q", std::string_view>) {})'
refused 'a header parameter is one value' \
  'get("/", [](margay::Header<"X", std::vector<int>>) {})'
refused 'the exception is taken by const reference' \
  'on_error<std::logic_error>([](std::logic_error) {})'
refused 'a handler cannot take a parameter of this type' \
  'on_error<std::logic_error>([](const std::exception&) {})'
refused 'an error handler answers at once' \
  'on_error<std::logic_error>([](margay::Async) {})'
refused 'an interceptor derives from margay::HandlerInterceptor' 'intercept<Post>()'

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
