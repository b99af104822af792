// Several realms that are asked one after the other (Tomcat's CombinedRealm).
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "container/security/realm.h"

namespace container::security {

class CombinedRealm : public Realm {
 public:
  explicit CombinedRealm(std::vector<std::shared_ptr<Realm>> realms) : realms_(std::move(realms)) {}

  // The first that accepts. That one could not tell counts only when none accepts.
  Answer authenticate(const Attempt& attempt) override {
    return first([&](Realm& one) { return one.authenticate(attempt); });
  }
  Answer find(std::string_view user) override {
    return first([&](Realm& one) { return one.find(user); });
  }
  PrincipalPointer adopt(const PrincipalPointer& user) const override {
    for (const auto& one : realms_)
      if (PrincipalPointer same = one->adopt(user); same != nullptr) return same;
    return nullptr;
  }
  void refresh() override {
    for (const auto& one : realms_) one->refresh();
  }

 private:
  template <class Ask>
  Answer first(Ask ask) {
    Answer last;
    bool refused = false;
    for (const auto& one : realms_) {
      Answer answer = ask(*one);
      if (answer.outcome == Outcome::accepted) return answer;
      if (answer.outcome != Outcome::refused) last = answer;
      refused = refused || answer.outcome == Outcome::refused || answer.also_refused;
    }
    last.also_refused = refused;
    return last;
  }

  const std::vector<std::shared_ptr<Realm>> realms_;
};

}  // namespace container::security
