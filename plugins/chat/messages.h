// The language of the page and the server, "chat.v1": JSON objects with a `type`.
//
// From the page:  say      id, text, and `to` for one person alone
//                 ping
// To the page:    welcome  people, history, first (number of the oldest message that is
// remembered),
//                          since (when the room began; another one: numbers begin anew)
//                 joined, left   name
//                 said     number, id, from, to, text, at
//                 refused  id, reason, and `wait` (ms) when the page shall try again
//                 replaced, pong
#pragma once

#include <margay/json.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "rooms.h"

namespace chat {

struct FromPage {
  std::string type, id, to, text;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(FromPage, type, id, to, text)

// Makes what is sent; all text in it is UTF-8 already.
struct ToPage {
  template <class Member>
  static std::string welcome(const Room<Member>& room, std::string_view user) {
    auto history = nlohmann::json::array();
    for (const Said& one : room.history())
      if (one.concerns(user)) history.push_back(object(one));
    const auto first = room.history().empty() ? 0 : room.history().front().number;
    return nlohmann::json{{"type", "welcome"},
                          {"people", room.names()},
                          {"history", std::move(history)},
                          {"first", first},
                          {"since", room.since()}}
        .dump();
  }
  static std::string joined(std::string_view name) { return named("joined", name); }
  static std::string left(std::string_view name) { return named("left", name); }
  static std::string said(const Said& said) { return object(said).dump(); }
  static std::string refused(std::string_view id, std::string_view reason,
                             std::chrono::milliseconds wait = {}) {
    nlohmann::json message{{"type", "refused"}, {"id", id}, {"reason", reason}};
    if (wait.count() > 0) message["wait"] = wait.count();
    return message.dump();
  }
  static std::string replaced() { return R"({"type":"replaced"})"; }
  static std::string pong() { return R"({"type":"pong"})"; }

 private:
  static nlohmann::json object(const Said& said) {
    nlohmann::json message{{"type", "said"},    {"number", said.number}, {"id", said.id},
                           {"from", said.from}, {"text", said.text},     {"at", said.at}};
    if (!said.to.empty()) message["to"] = said.to;
    return message;
  }
  static std::string named(std::string_view type, std::string_view name) {
    return nlohmann::json{{"type", type}, {"name", name}}.dump();
  }
};

}  // namespace chat
