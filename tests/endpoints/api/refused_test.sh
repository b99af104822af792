#!/bin/sh
# refused_test.sh ROOT CXX: handlers that break a rule do not compile, and the compiler says the rule.
set -eu
root=$1 cxx=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
passed=0
failed=0

# The headers once for all; a compiler that does not take them so reads them each time.
echo '#include <margay/plugin.h>' >"$work/before.h"
"$cxx" -std=c++20 -I "$root/endpoints/api" -x c++-header "$work/before.h" -o "$work/before.h.gch"

# compiled <source: 0 when it compiles. `T` is what it declares.
compiled() {
  { cat && echo 'MARGAY_PLUGIN("refused", "1", margay::websocket<T>("refused"))'; } >"$work/source.cpp"
  "$cxx" -std=c++20 -fsyntax-only -I "$root/endpoints/api" -include "$work/before.h" \
    "$work/source.cpp" >"$work/said" 2>&1
}

# refused SENTENCE <source: does not compile, and the sentence is in what the compiler says.
refused() {
  if compiled; then
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
compiled <<'END' || { cat "$work/said" >&2; exit 1; }
struct T {
  void on_open(margay::Session, margay::PathParam<"id", int>) {}
  std::string on_text(std::string_view text, bool) { return std::string(text); }
};
END

refused 'a WebSocket handler cannot take a parameter of this type' <<'END'
struct T { void on_open(margay::Session, int) {} };
END
refused 'a WebSocket handler cannot take a parameter of this type' <<'END'
struct Quote {};
struct T { void on_text(const Quote&) {} };
END
refused 'a handler takes one message, not two' <<'END'
struct T { void on_message(std::string_view, margay::Binary) {} };
END
refused 'on_message takes the message' <<'END'
struct T { void on_message(margay::Session) {} };
END
refused 'on_text and on_binary take the message' <<'END'
struct T { void on_text(margay::Session) {} };
END
refused 'on_text takes text' <<'END'
struct T { void on_text(margay::Binary) {} };
END
refused 'on_binary takes bytes' <<'END'
struct T { void on_binary(std::string_view) {} };
END
refused 'two handlers take text' <<'END'
struct T {
  void on_message(std::string_view) {}
  void on_text(std::string_view) {}
};
END
refused 'two handlers take pongs' <<'END'
struct T {
  void on_message(margay::Pong) {}
  void on_pong() {}
};
END
refused 'on_message is overloaded, private or a template: for several kinds of messages' <<'END'
struct T {
  void on_message(std::string_view) {}
  void on_message(margay::Binary) {}
};
END
refused 'on_close is overloaded, private or a template' <<'END'
class T {
  void on_close() {}
 public:
  void on_open() {}
};
END
refused 'bool last goes with text or bytes' <<'END'
struct T { void on_pong(margay::Pong, bool) {} };
END
refused 'bool last goes with text or bytes' <<'END'
struct T { void on_pong(std::string_view, bool) {} };
END
refused 'bool last, once, is a parameter of message handlers' <<'END'
struct T { void on_open(margay::Session, bool) {} };
END
refused 'only on_message, on_text, on_binary and on_pong take a message' <<'END'
struct T { void on_open(std::string_view) {} };
END
refused 'margay::CloseReason is a parameter of on_close' <<'END'
struct T { void on_text(std::string_view, margay::CloseReason) {} };
END
refused 'const std::exception& is a parameter of on_error' <<'END'
struct T { void on_close(const std::exception&) {} };
END
refused 'the exception is taken as const std::exception&' <<'END'
struct T { void on_error(std::exception) {} };
END
refused 'a WebSocket handler takes its parameters by value or by const reference' <<'END'
struct T { void on_text(std::string&) {} };
END
refused 'Shared is taken by reference' <<'END'
struct T {
  struct Shared {};
  void on_open(Shared) {}
};
END
refused 'a message handler returns void, text' <<'END'
struct T { int on_text(std::string_view) { return 1; } };
END
refused 'only message handlers return something' <<'END'
struct T { int on_open() { return 1; } };
END
refused 'a path parameter is a bool, a number, std::string or std::string_view' <<'END'
struct T { void on_open(margay::PathParam<"id", char*>) {} };
END
refused 'a decoder decodes std::string_view, which is text, or margay::Binary' <<'END'
struct Quote {};
struct Decoder { Quote decode(int) { return {}; } };
struct T {
  using Decoders = margay::Decoders<Decoder>;
  void on_message(Quote) {}
};
END
refused 'using Decoders = margay::Decoders<A, B>;' <<'END'
struct Decoder { int decode(std::string_view) { return 1; } };
struct T {
  using Decoders = Decoder;
  void on_message(int) {}
};
END
refused 'a WebSocket derives from margay::WebSocket, or has public handlers' <<'END'
struct T { void message(margay::Session, std::string_view) {} };
END
refused 'this type is made from const margay::Config&, its Shared&, both, or nothing' <<'END'
struct T {
  explicit T(int) {}
  void on_open() {}
};
END
refused 'override message or message_part, not both' <<'END'
struct T : margay::WebSocket {
  void message(margay::Session, std::string_view) override {}
  void message_part(margay::Session, std::string_view, bool) override {}
};
END
refused 'bool check_origin(margay::Request&, margay::Response&, std::string_view origin)' <<'END'
struct Hooks { bool check_origin(std::string_view) { return true; } };
struct T : margay::WebSocket { using Configurator = Hooks; };
END
refused 'make_instance is for Scope::socket' <<'END'
struct T;
struct Hooks { std::shared_ptr<T> make_instance(margay::Request&, margay::Response&); };
struct T : margay::WebSocket {
  using Configurator = Hooks;
  static constexpr auto scope = margay::Scope::shared;
  void open(margay::Session) override {}
};
END

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
