// Plays the input's lines on the subscription index and on a plain list, and compares whom each
// publication reaches. `+a0/x/*`: subscriber a, application 0; `-a0/x/*`: gives it up; `xa`:
// leaves;
// `=0/x/y`: publishes. Lines with `>` before them happen amid the publication, one at each visit.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "server/websocket/topics.h"

using server::websocket::Subscriber;
using server::websocket::Topics;

namespace {

constexpr std::size_t kPopulation = 8;
constexpr std::size_t kLongestScript = 4096;

void require(bool condition) {
  if (!condition) std::abort();
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (std::size_t end; (end = text.find(by)) != text.npos; text.remove_prefix(end + 1))
    parts.push_back(text.substr(0, end));
  parts.push_back(text);
  return parts;
}

bool well_formed(std::string_view text, bool pattern) {
  const auto parts = split(text, '/');
  if (parts.size() < 2 || !parts[0].empty() || text.size() > Topics::kMaxLength) return false;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].empty()) return false;
    if (pattern && (parts[i] == "*" || (parts[i] == "**" && i + 1 == parts.size()))) continue;
    for (const char c : parts[i])
      if (c == '*' || (c >= 0 && c < 32) || c == 127) return false;
  }
  return true;
}

bool takes(std::string_view pattern, std::string_view topic) {
  auto wanted = split(pattern, '/');
  auto actual = split(topic, '/');
  if (wanted.back() == "**") {
    wanted.pop_back();
    if (actual.size() < wanted.size()) return false;
    actual.resize(wanted.size());
  }
  return std::equal(wanted.begin(), wanted.end(), actual.begin(), actual.end(),
                    [](auto one, auto other) { return one == "*" || one == other; });
}

class Play {
 public:
  ~Play() {
    for (Subscriber& one : subscribers_) topics_.leave(one);
    require(topics_.empty() && topics_.subscriptions() == 0);
  }

  // False: not a line of a change.
  bool change(std::string_view line) {
    if (line.size() < 2 || line[1] < 'a' || line[1] >= static_cast<char>('a' + kPopulation))
      return false;
    const auto who = static_cast<std::size_t>(line[1] - 'a');
    if (line[0] == 'x') {
      topics_.leave(subscribers_[who]);
      model_[who].clear();
      lessened_.insert(who);
      left_.insert(who);
      return true;
    }
    if (line.size() < 3) return false;
    const std::string_view scope = line.substr(2, 1);
    const std::string_view pattern = line.substr(3);
    const Subscription subscription(scope, pattern);
    if (line[0] == '+') {
      const bool done = topics_.subscribe(subscribers_[who], scope, pattern);
      require(done == well_formed(pattern, true));
      if (done) model_[who].insert(subscription);
    } else if (line[0] == '-') {
      const bool done = topics_.unsubscribe(subscribers_[who], scope, pattern);
      require(done == (model_[who].erase(subscription) == 1));
      lessened_.insert(who);
    } else {
      return false;
    }
    require(subscribers_[who].subscriptions() == model_[who].size());
    return true;
  }

  void publish(std::string_view scope, std::string_view topic,
               const std::vector<std::string_view>& amid) {
    require(Topics::well_formed_topic(topic) == well_formed(topic, false));
    if (!well_formed(topic, false)) return;
    const std::set<std::size_t> expected = wanted(scope, topic);
    std::set<std::size_t> found;
    lessened_.clear();
    left_.clear();
    std::size_t next = 0;
    topics_.each(scope, topic, [&](const Subscriber& subscriber) {
      const auto who = static_cast<std::size_t>(&subscriber - subscribers_.data());
      require(found.insert(who).second && expected.contains(who) && !left_.contains(who));
      if (next == amid.size()) return;
      const std::string_view line = amid[next++];
      if (!change(line) && line.size() > 1 && line[0] == '=' && amid.size() < 64) {
        const auto kept = std::pair(lessened_, left_);
        publish(line.substr(1, 1), line.substr(2), {});
        std::tie(lessened_, left_) = kept;
      }
    });
    for (const std::size_t who : expected) require(found.contains(who) || lessened_.contains(who));
  }

 private:
  using Subscription = std::pair<std::string, std::string>;

  std::set<std::size_t> wanted(std::string_view scope, std::string_view topic) const {
    std::set<std::size_t> found;
    for (std::size_t who = 0; who < kPopulation; ++who)
      for (const auto& [of, pattern] : model_[who])
        if (of == scope && takes(pattern, topic)) found.insert(who);
    return found;
  }

  Topics topics_;
  std::array<Subscriber, kPopulation> subscribers_;
  std::array<std::set<Subscription>, kPopulation> model_;
  std::set<std::size_t> lessened_, left_;  // since the publication began
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size > kLongestScript) return 0;
  const auto lines = split({reinterpret_cast<const char*>(bytes), size}, '\n');
  Play play;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (play.change(lines[i]) || lines[i].size() < 2 || lines[i][0] != '=') continue;
    std::vector<std::string_view> amid;
    for (std::size_t j = i + 1; j < lines.size() && lines[j].starts_with('>'); ++j)
      amid.push_back(lines[j].substr(1));
    play.publish(lines[i].substr(1, 1), lines[i].substr(2), amid);
  }
  return 0;
}
