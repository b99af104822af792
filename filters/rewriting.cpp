// Rules that rewrite URLs: what they make of a request.
#include "filters/rewriting.h"

#include <margay/cookie.h>
#include <margay/form.h>
#include <margay/text.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <deque>
#include <stdexcept>

namespace filters {

namespace {

using margay::detail::percent_encode;

constexpr std::size_t kLongest = 16 * 1024;

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

constexpr std::string_view kInPath = "/!$&'()*+,;=:@";
constexpr std::string_view kInQuery = "/!$&'()*+,;=:@?";
constexpr std::string_view kDecodedInQuery = "/!$&'()*,;=:@?";  // where '+' is no space

// The same for a query, where an escape that is there already stays.
std::string escaped_query(std::string_view text) {
  std::string made;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escape =
        text[at] == '%' && at + 2 < text.size() && is_hex(text[at + 1]) && is_hex(text[at + 2]);
    made += escape ? "%" : percent_encode(text.substr(at, 1), kInQuery);
  }
  return made;
}

std::string unescaped(std::string_view text) {
  std::string made;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size() && is_hex(text[at + 1]) && is_hex(text[at + 2])) {
      int byte = 0;
      std::from_chars(text.data() + at + 1, text.data() + at + 3, byte, 16);
      made += static_cast<char>(byte);
      at += 2;
    } else {
      made += text[at];
    }
  }
  return made;
}

std::string mapped(const RewriteMap& map, const std::string& key, const std::string& otherwise) {
  using Kind = RewriteMap::Kind;
  std::string made = key;
  switch (map.kind) {
    case Kind::text: {
      const auto found = map.entries.find(key);
      return found == map.entries.end() ? otherwise : found->second;
    }
    case Kind::to_lower:
      std::transform(made.begin(), made.end(), made.begin(), margay::detail::lower);
      return made;
    case Kind::to_upper:
      std::transform(made.begin(), made.end(), made.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      });
      return made;
    case Kind::escape:
      return percent_encode(key, "");
    case Kind::unescape:
      return unescaped(key);
  }
  return made;
}

class Run {
 public:
  Run(const std::vector<RewriteRule>& rules, std::string_view path, std::string_view query,
      const RewriteSubject& subject)
      : rules_(rules), subject_(subject) {
    made_.path = path;
    made_.query = query;
  }

  Rewritten all() {
    int rounds = 1;
    for (std::size_t at = 0; at < rules_.size() && made_.status == 0; ++at) {
      const RewriteRule& rule = rules_[at];
      if (!matches(rule)) {
        // The rest of its chain is left out as well, with the rule that ends it.
        while (at < rules_.size() && rules_[at].chain) ++at;
        continue;
      }
      apply(rule);
      if (rule.last) break;
      if (rule.next) {
        if (++rounds > kMostRounds) throw std::length_error("[N] leads round and round");
        at = static_cast<std::size_t>(-1);
        continue;
      }
      at += rule.skip;
    }
    return std::move(made_);
  }

 private:
  // The groups are views of these texts, so they stay as they are until the next rule.
  bool matches(const RewriteRule& rule) {
    texts_.clear();
    texts_.push_back(made_.path);
    rule_groups_ = {};
    if (rule.pattern->matches(texts_.back(), rule_groups_) == rule.negated) return false;
    if (rule.negated) rule_groups_ = {};
    condition_groups_ = {};
    bool holds = true;
    for (std::size_t at = 0; at < rule.conditions.size(); ++at) {
      const RewriteCondition& one = rule.conditions[at];
      holds = satisfied(one);
      if (one.or_next) {
        if (!holds) continue;
        while (at < rule.conditions.size() && rule.conditions[at].or_next) ++at;
        continue;  // one of them is enough: the last of them need not be asked
      }
      if (!holds) return false;
    }
    return holds;
  }

  bool satisfied(const RewriteCondition& one) {
    using Kind = RewriteCondition::Kind;
    using File = RewriteSubject::File;
    std::string text = filled(one.test);
    bool holds = false;
    switch (one.kind) {
      case Kind::regex: {
        texts_.push_back(std::move(text));
        Groups groups{};
        holds = one.regex->matches(texts_.back(), groups);
        if (holds && !one.negated) condition_groups_ = groups;
        break;
      }
      case Kind::less:
        holds = compare(text, one) < 0;
        break;
      case Kind::greater:
        holds = compare(text, one) > 0;
        break;
      case Kind::equal:
        holds = compare(text, one) == 0;
        break;
      case Kind::is_folder:
        holds = subject_.look(text) == File::folder;
        break;
      case Kind::is_file: {
        const File found = subject_.look(text);
        holds = found == File::empty || found == File::filled;
        break;
      }
      case Kind::is_filled_file:
        holds = subject_.look(text) == File::filled;
        break;
    }
    return holds != one.negated;
  }

  static int compare(std::string text, const RewriteCondition& one) {
    std::string with = one.text;
    if (one.ignores_case)
      for (std::string* each : {&text, &with})
        std::transform(each->begin(), each->end(), each->begin(), margay::detail::lower);
    return text.compare(with);
  }

  std::string variable(const std::string& name) const {
    if (name.starts_with("ENV:"))
      for (auto one = made_.attributes.rbegin(); one != made_.attributes.rend(); ++one)
        if (one->first == name.substr(4)) return one->second;
    return subject_.variable(name);
  }

  std::string value_of(const RewritePart& part) const {
    switch (part.kind) {
      case RewritePart::Kind::text:
        return part.text;
      case RewritePart::Kind::rule_group:
        return std::string(rule_groups_[part.group]);
      case RewritePart::Kind::condition_group:
        return std::string(condition_groups_[part.group]);
      case RewritePart::Kind::variable:
        return variable(part.text);
      case RewritePart::Kind::map:
        return mapped(*part.map, filled(part.key), filled(part.otherwise));
    }
    return {};
  }

  static void limit(const std::string& text) {
    if (text.size() > kLongest) throw std::length_error("what rules make is longer than 16 KiB");
  }

  std::string filled(const RewriteText& text) const {
    std::string made;
    for (const RewritePart& part : text) {
      made += value_of(part);
      limit(made);
    }
    return made;
  }

  // A '?' that the rule has ends the path; one that comes from the request does not, as it was
  // decoded. In the query what comes from the request cannot begin a new parameter with [B].
  void substitute(const RewriteRule& rule, std::string& path, std::string& query,
                  bool& has_query) const {
    for (const RewritePart& part : *rule.substitution) {
      std::string value = value_of(part);
      if (part.kind == RewritePart::Kind::text) {
        const auto mark = has_query ? value.npos : value.find('?');
        (has_query ? query : path) += value.substr(0, mark);
        if (mark != value.npos) {
          has_query = true;
          query += value.substr(mark + 1);
        }
      } else if (has_query && part.kind == RewritePart::Kind::rule_group) {
        query += percent_encode(value, rule.escapes_groups ? "" : kDecodedInQuery);
      } else if (has_query) {
        query += rule.escapes_groups ? percent_encode(value, "") : value;
      } else {
        path += value;
      }
      limit(path);
      limit(query);
    }
  }

  void apply(const RewriteRule& rule) {
    for (const auto& [name, value] : rule.attributes)
      made_.attributes.emplace_back(name, filled(value));
    if (rule.type) made_.type = filled(*rule.type);
    for (const RewriteCookie& cookie : rule.cookies) made_.cookies.push_back(print(cookie));
    std::string path, query;
    bool has_query = false;
    if (rule.substitution) {
      substitute(rule, path, query, has_query);
      if (has_query) {
        query = escaped_query(query);
        if (rule.appends_query && !made_.query.empty())
          query.append(query.empty() ? "" : "&").append(made_.query);
      } else if (!rule.drops_query) {
        query = made_.query;
      }
      made_.path = std::move(path);
      made_.query = std::move(query);
      made_.moved = true;
    }
    made_.status = rule.status;
    if (made_.status < 300 || made_.status > 399) return;
    made_.location = rule.no_escape ? made_.path : percent_encode(made_.path, kInPath);
    if (!made_.query.empty()) made_.location.append("?").append(made_.query);
  }

  std::string print(const RewriteCookie& cookie) const {
    margay::Cookie made{.name = filled(cookie.name),
                        .value = filled(cookie.value),
                        .path = filled(cookie.path),
                        .domain = filled(cookie.domain),
                        .secure = cookie.secure,
                        .http_only = cookie.http_only};
    if (made.path.empty()) made.path = "/";
    if (cookie.minutes > 0) made.max_age = std::chrono::minutes(cookie.minutes);
    return margay::to_string(made);
  }

  const std::vector<RewriteRule>& rules_;
  const RewriteSubject& subject_;
  Rewritten made_;
  std::deque<std::string> texts_;  // that the groups are views of
  Groups rule_groups_, condition_groups_;
};

}  // namespace

Rewritten rewrite(const std::vector<RewriteRule>& rules, std::string_view path,
                  std::string_view query, const RewriteSubject& subject) {
  return Run(rules, path, query, subject).all();
}

}  // namespace filters
