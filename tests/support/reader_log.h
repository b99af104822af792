// Feeds a MessageReader in pieces and writes down what it tells.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "server/websocket/buffer.h"
#include "server/websocket/deflate.h"
#include "server/websocket/message_reader.h"

namespace tests {

// Everything in one line of text: `text(Hello) ping(1) close(1000,bye) fault(1002)`. Parts of a
// message are joined, as where they end depends on the pieces.
class ReaderLog final : public server::websocket::Events {
 public:
  using Opcode = server::websocket::Opcode;

  std::string text;
  bool strange = false;     // a promise of Events or of read was broken
  bool stops = false;       // say stop at every event
  std::size_t parts = 0;    // how many pieces of messages came
  std::size_t given = 0;    // how many bytes of messages
  std::size_t longest = 0;  // bytes of the longest

  static std::string entry(std::string_view name, std::string_view what) {
    std::string line(name);
    line += '(';
    if (what.size() <= 40) return line.append(what) + ')';
    return line + std::to_string(what.size()) + " bytes " +
           std::to_string(std::hash<std::string_view>{}(what)) + ')';
  }

  bool message(Opcode kind, std::string_view bytes, bool first, bool last) override {
    ++parts;
    given += bytes.size();
    longest = std::max(longest, bytes.size());
    strange = strange || first == open_;
    strange = strange || (kind == Opcode::text && !server::websocket::is_utf8(bytes));
    open_ = true;
    message_ += bytes;
    if (!last) return !stops;
    open_ = false;
    add(kind == Opcode::text ? "text" : "binary", message_);
    message_.clear();
    return !stops;
  }
  bool ping(std::string_view payload) override { return add("ping", payload); }
  bool pong(std::string_view payload) override { return add("pong", payload); }
  bool close(std::uint16_t code, std::string_view reason) override {
    const std::string both = std::to_string(code) + "," + std::string(reason);
    return add("close", reason.empty() ? std::to_string(code) : both);
  }

  // All of `bytes`, `step` at a time, each piece in memory of exactly its size, so that a sanitizer
  // sees whoever reads behind it.
  void feed(server::websocket::MessageReader& reader, std::string_view bytes, std::size_t step) {
    while (reader.fault() == nullptr && !reader.closed() && !bytes.empty()) {
      const std::size_t size = std::min(step, bytes.size());
      const auto piece = std::make_unique<char[]>(size);
      std::copy_n(bytes.data(), size, piece.get());
      bytes.remove_prefix(size);
      for (std::size_t at = 0;;) {
        const std::size_t events = parts + count_;
        at += reader.read(piece.get() + at, size - at);
        if (reader.fault() != nullptr || reader.closed()) break;
        // Stopped by an event, or all taken and nothing said.
        if (at == size && events == parts + count_) break;
        strange = strange || (at != size && !stops);
      }
    }
    if (reader.fault() != nullptr) add("fault", std::to_string(reader.fault()->code));
  }

 private:
  bool add(std::string_view name, std::string_view what) {
    ++count_;
    if (!text.empty()) text += ' ';
    text += entry(name, what);
    return !stops;
  }

  std::string message_;
  std::size_t count_ = 0;
  bool open_ = false;
};

}  // namespace tests
