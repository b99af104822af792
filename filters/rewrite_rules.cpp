// Rules that rewrite URLs: how they are read.
#include "filters/rewrite_rules.h"

#include <margay/text.h>

#include <algorithm>
#include <array>

namespace filters {

namespace {

using margay::detail::same_ignoring_case;

constexpr std::size_t kMostLines = 10'000;
constexpr std::size_t kLongestLine = 8 * 1024;
constexpr int kDeepest = 8;  // a map's key may ask a map

// What is known before filters run and the user is found out.
constexpr auto kVariables = std::to_array<std::string_view>({"CONTEXT_PATH",
                                                             "DOCUMENT_ROOT",
                                                             "HTTPS",
                                                             "HTTP_ACCEPT",
                                                             "HTTP_COOKIE",
                                                             "HTTP_FORWARDED",
                                                             "HTTP_HOST",
                                                             "HTTP_PROXY_CONNECTION",
                                                             "HTTP_REFERER",
                                                             "HTTP_USER_AGENT",
                                                             "QUERY_STRING",
                                                             "REMOTE_ADDR",
                                                             "REMOTE_HOST",
                                                             "REMOTE_PORT",
                                                             "REQUEST_FILENAME",
                                                             "REQUEST_METHOD",
                                                             "REQUEST_PATH",
                                                             "REQUEST_URI",
                                                             "SCRIPT_FILENAME",
                                                             "SERVER_ADDR",
                                                             "SERVER_NAME",
                                                             "SERVER_PORT",
                                                             "SERVER_PROTOCOL",
                                                             "SERVER_SOFTWARE",
                                                             "THE_REQUEST",
                                                             "TIME",
                                                             "TIME_DAY",
                                                             "TIME_HOUR",
                                                             "TIME_MIN",
                                                             "TIME_MON",
                                                             "TIME_SEC",
                                                             "TIME_WDAY",
                                                             "TIME_YEAR"});

bool is_variable(std::string_view name) {
  if (name.starts_with("HTTP:") || name.starts_with("ENV:"))
    return name.size() > name.find(':') + 1;
  return std::find(kVariables.begin(), kVariables.end(), name) != kVariables.end();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

class Parser {
 public:
  Parser(std::string (*read)(std::string_view, void*), void* argument)
      : read_(read), argument_(argument) {}

  std::vector<RewriteRule> parse(std::string_view text) {
    while (!text.empty()) {
      if (++line_ > kMostLines) fail("there are more than 10000 lines");
      const auto end = text.find('\n');
      std::string_view line = text.substr(0, end);
      text = end == text.npos ? std::string_view{} : text.substr(end + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.size() > kLongestLine) fail("the line is longer than 8192 bytes");
      line = margay::detail::trimmed(line);
      if (!line.empty() && line.front() != '#') take(line);
    }
    if (!conditions_.empty()) fail("a RewriteCond without a RewriteRule behind it");
    return std::move(rules_);
  }

 private:
  [[noreturn]] void fail(const std::string& message) const { throw RewriteError(line_, message); }

  // Words between white space; between double quotes it belongs to the word. What begins with '['
  // behind the words is one, to its end.
  std::vector<std::string> words(std::string_view line) const {
    std::vector<std::string> found;
    std::size_t at = 0;
    while (at < line.size()) {
      if (is_blank(line[at])) {
        ++at;
        continue;
      }
      std::string word;
      if (line[at] == '[' && line.back() == ']' && found.size() >= 3) {
        found.emplace_back(line.substr(at));
        return found;
      }
      if (line[at] == '"') {
        for (++at; at < line.size() && line[at] != '"'; ++at) {
          if (line[at] == '\\' && at + 1 < line.size() && line[at + 1] == '"') ++at;
          word += line[at];
        }
        if (at++ == line.size()) fail("a quote is not closed");
      } else {
        while (at < line.size() && !is_blank(line[at])) word += line[at++];
      }
      found.push_back(std::move(word));
    }
    return found;
  }

  void take(std::string_view line) {
    const auto all = words(line);
    const std::string& what = all.front();
    if (same_ignoring_case(what, "RewriteMap")) return add_map(all);
    const bool condition = same_ignoring_case(what, "RewriteCond");
    if (!condition && !same_ignoring_case(what, "RewriteRule"))
      fail("'" + what + "' is not RewriteCond, RewriteRule or RewriteMap");
    if (all.size() < 3 || all.size() > 4)
      fail(condition ? "write RewriteCond TestString CondPattern [flags]"
                     : "write RewriteRule Pattern Substitution [flags]");
    if (all.size() == 4 && (all[3].front() != '[' || all[3].back() != ']'))
      fail("flags stand between [ and ], as in [R=301,L]");
    condition ? add_condition(all) : add_rule(all);
  }

  Regex regex(std::string_view pattern, bool ignores_case) const {
    try {
      return Regex(pattern, ignores_case);
    } catch (const std::invalid_argument& error) {
      fail(error.what());
    }
  }

  // Calls `each(name, value)` for the flags of a line.
  template <class Each>
  static void each_flag(const std::vector<std::string>& all, Each&& each) {
    if (all.size() < 4) return;
    std::string_view list = all[3];
    list = list.substr(1, list.size() - 2);
    while (!list.empty()) {
      const std::string_view flag = margay::detail::next_member(list);
      const auto equals = std::min(flag.find('='), flag.size());
      if (!flag.empty())
        each(flag.substr(0, equals), flag.substr(std::min(equals + 1, flag.size())));
    }
  }

  void add_condition(const std::vector<std::string>& all) {
    using Kind = RewriteCondition::Kind;
    RewriteCondition one;
    one.test = text(all[1]);
    each_flag(all, [&](std::string_view flag, std::string_view) {
      if (same_ignoring_case(flag, "NC") || same_ignoring_case(flag, "nocase")) {
        one.ignores_case = true;
      } else if (same_ignoring_case(flag, "OR") || same_ignoring_case(flag, "ornext")) {
        one.or_next = true;
      } else {
        fail("the flag '" + std::string(flag) + "' is not known here; there are NC and OR");
      }
    });
    std::string_view pattern = all[2];
    one.negated = pattern.starts_with('!');
    if (one.negated) pattern.remove_prefix(1);
    if (pattern == "-d") {
      one.kind = Kind::is_folder;
    } else if (pattern == "-f") {
      one.kind = Kind::is_file;
    } else if (pattern == "-s") {
      one.kind = Kind::is_filled_file;
    } else if (!pattern.empty() && std::string_view("<>=").find(pattern[0]) != pattern.npos) {
      one.kind = pattern[0] == '<' ? Kind::less : pattern[0] == '>' ? Kind::greater : Kind::equal;
      one.text = pattern.substr(1);
      if (one.text == "\"\"") one.text.clear();
    } else {
      one.regex = regex(pattern, one.ignores_case);
    }
    conditions_.push_back(std::move(one));
  }

  void add_rule(const std::vector<std::string>& all) {
    RewriteRule rule;
    rule.line = line_;
    rule.conditions = std::move(conditions_);
    conditions_.clear();
    bool ignores_case = false;
    each_flag(all, [&](std::string_view flag, std::string_view value) {
      if (same_ignoring_case(flag, "NC") || same_ignoring_case(flag, "nocase"))
        ignores_case = true;
      else
        add_flag(rule, flag, value);
    });
    std::string_view pattern = all[1];
    rule.negated = pattern.starts_with('!');
    if (rule.negated) pattern.remove_prefix(1);
    rule.pattern = regex(pattern, ignores_case);
    if (all[2] != "-") rule.substitution = text(all[2]);
    const bool redirects = rule.status >= 300 && rule.status < 400;
    if (redirects && !rule.substitution) fail("a redirect needs to know where to: not '-'");
    const bool is_path = all[2].starts_with('/') || all[2].starts_with('$') ||
                         all[2].starts_with('%') || all[2] == "-";
    if (!is_path && !redirects && rule.status == 0)
      fail("'" + all[2] + "' is not a path that begins with '/'; other places need [R]");
    rules_.push_back(std::move(rule));
  }

  void add_flag(RewriteRule& rule, std::string_view flag, std::string_view value) const {
    const auto is = [&](std::string_view brief, std::string_view full) {
      return same_ignoring_case(flag, brief) || same_ignoring_case(flag, full);
    };
    if (is("L", "last") || is("END", "end")) {
      rule.last = true;
    } else if (is("R", "redirect")) {
      rule.status = redirect(value);
    } else if (is("F", "forbidden")) {
      rule.status = 403;
    } else if (is("G", "gone")) {
      rule.status = 410;
    } else if (is("C", "chain")) {
      rule.chain = true;
    } else if (is("N", "next")) {
      rule.next = true;
    } else if (is("S", "skip")) {
      rule.skip = margay::detail::number<std::size_t>(value, 0);
      if (rule.skip == 0 || rule.skip > kMostLines) fail("the flag S is a number, as in S=2");
    } else if (is("QSA", "qsappend")) {
      rule.appends_query = true;
    } else if (is("QSD", "qsdiscard")) {
      rule.drops_query = true;
    } else if (is("B", "escapeBackReferences")) {
      rule.escapes_groups = true;
    } else if (is("NE", "noescape")) {
      rule.no_escape = true;
    } else if (is("T", "type")) {
      rule.type = text(value);
    } else if (is("E", "env")) {
      const auto colon = value.find(':');
      if (colon == value.npos || colon == 0) fail("the flag E is a name and a value, as in E=a:b");
      rule.attributes.emplace_back(value.substr(0, colon), text(value.substr(colon + 1)));
    } else if (is("CO", "cookie")) {
      rule.cookies.push_back(cookie(value));
    } else if (is("H", "host")) {
      fail("the flag H is not there: the host of a request is not changed here");
    } else {
      fail("the flag '" + std::string(flag) +
           "' is not known here; there are B, C, CO, E, END, F, "
           "G, L, N, NC, NE, QSA, QSD, R, S and T");
    }
  }

  int redirect(std::string_view code) const {
    if (code.empty() || code == "temp") return 302;
    if (code == "permanent") return 301;
    if (code == "seeother") return 303;
    const int status = margay::detail::number(code, 0);
    if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308)
      fail("the flag R is 301, 302, 303, 307, 308, temp, permanent or seeother, not '" +
           std::string(code) + "'");
    return status;
  }

  // NAME:VALUE[:domain[:minutes[:path[:secure[:httponly]]]]]
  RewriteCookie cookie(std::string_view value) const {
    std::array<std::string_view, 7> parts;
    std::size_t count = 0;
    for (std::size_t at = 0; at <= value.size();) {
      if (count == parts.size()) fail("the flag CO has more than seven parts");
      const auto end = std::min(value.find(':', at), value.size());
      parts[count++] = value.substr(at, end - at);
      at = end + 1;
    }
    if (count < 2 || parts[0].empty()) fail("the flag CO is NAME:VALUE and more, as in CO=a:b");
    RewriteCookie made{.name = text(parts[0]),
                       .value = text(parts[1]),
                       .domain = text(parts[2]),
                       .path = text(parts[4])};
    if (!parts[3].empty()) made.minutes = margay::detail::number(parts[3], -1L);
    if (made.minutes < 0 || made.minutes > 525'600'000)
      fail("the life of a cookie is a number of minutes, not '" + std::string(parts[3]) + "'");
    made.secure = parts[5] == "secure" || parts[5] == "true" || parts[5] == "1";
    made.http_only = parts[6] == "HttpOnly" || parts[6] == "true" || parts[6] == "1";
    return made;
  }

  // --- texts to fill in

  RewriteText text(std::string_view source, int depth = 0) const {
    if (depth > kDeepest) fail("maps ask maps that ask maps");
    RewriteText parts;
    const auto literal = [&]() -> std::string& {
      if (parts.empty() || parts.back().kind != RewritePart::Kind::text) parts.emplace_back();
      return parts.back().text;
    };
    for (std::size_t at = 0; at < source.size();) {
      const char c = source[at];
      const char next = at + 1 < source.size() ? source[at + 1] : '\0';
      if (c == '\\' && next != '\0') {
        literal() += next;
        at += 2;
      } else if ((c == '$' || c == '%') && is_digit(next)) {
        parts.push_back(
            {.kind = c == '$' ? RewritePart::Kind::rule_group : RewritePart::Kind::condition_group,
             .group = static_cast<std::size_t>(next - '0')});
        at += 2;
      } else if ((c == '$' || c == '%') && next == '{') {
        const std::size_t end = closing(source, at + 2);
        const std::string_view inside = source.substr(at + 2, end - at - 2);
        parts.push_back(c == '%' ? variable(inside) : lookup(inside, depth));
        at = end + 1;
      } else {
        literal() += c;
        ++at;
      }
    }
    return parts;
  }

  // Where the brace ends that is open before `at`.
  std::size_t closing(std::string_view source, std::size_t at) const {
    for (int open = 1; at < source.size(); ++at) {
      open += source[at] == '{' ? 1 : source[at] == '}' ? -1 : 0;
      if (open == 0) return at;
    }
    fail("a { is not closed");
  }

  RewritePart variable(std::string_view name) const {
    if (!is_variable(name)) fail("the variable '" + std::string(name) + "' is not known here");
    return {.kind = RewritePart::Kind::variable, .text = std::string(name)};
  }

  RewritePart lookup(std::string_view inside, int depth) const {
    const auto colon = inside.find(':');
    const auto known = maps_.find(inside.substr(0, colon));
    if (colon == inside.npos || known == maps_.end())
      fail("'${" + std::string(inside) + "}' does not begin with the name of a RewriteMap above");
    inside.remove_prefix(colon + 1);
    std::size_t bar = 0;  // the one that is not inside of another map's braces
    for (int open = 0; bar < inside.size() && (inside[bar] != '|' || open != 0); ++bar)
      open += inside[bar] == '{' ? 1 : inside[bar] == '}' ? -1 : 0;
    return {.kind = RewritePart::Kind::map,
            .map = known->second,
            .key = text(inside.substr(0, bar), depth + 1),
            .otherwise = text(inside.substr(std::min(bar + 1, inside.size())), depth + 1)};
  }

  void add_map(const std::vector<std::string>& all) {
    if (all.size() != 3) fail("write RewriteMap name source, as in RewriteMap lower int:tolower");
    auto map = std::make_shared<RewriteMap>();
    const std::string_view source = all[2];
    using Kind = RewriteMap::Kind;
    if (source == "int:tolower") {
      map->kind = Kind::to_lower;
    } else if (source == "int:toupper") {
      map->kind = Kind::to_upper;
    } else if (source == "int:escape") {
      map->kind = Kind::escape;
    } else if (source == "int:unescape") {
      map->kind = Kind::unescape;
    } else if (source.starts_with("txt:")) {
      fill(*map, source.substr(4));
    } else {
      fail("'" + all[2] +
           "' is not a map that is here: int:tolower, int:toupper, int:escape, int:unescape, or "
           "txt: and a file");
    }
    maps_[all[1]] = std::move(map);
  }

  // Lines of a key and a value.
  void fill(RewriteMap& map, std::string_view file) const {
    std::string all;
    try {
      all = read_(file, argument_);
    } catch (const std::runtime_error& error) {
      fail(error.what());
    }
    for (std::string_view rest = all; !rest.empty();) {
      const auto end = rest.find('\n');
      std::string_view line = rest.substr(0, end);
      rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
      line = margay::detail::trimmed(line.substr(0, line.find_first_of("#\r")));
      const auto gap = line.find_first_of(" \t");
      if (gap != line.npos)
        map.entries.emplace(line.substr(0, gap), margay::detail::trimmed(line.substr(gap)));
    }
  }

  std::string (*read_)(std::string_view, void*);
  void* argument_;
  std::size_t line_ = 0;
  std::vector<RewriteRule> rules_;
  std::vector<RewriteCondition> conditions_;
  std::map<std::string, std::shared_ptr<const RewriteMap>, std::less<>> maps_;
};

}  // namespace

std::vector<RewriteRule> parse_rewrite_rules(std::string_view text,
                                             std::string (*read)(std::string_view, void*),
                                             void* argument) {
  return Parser(read, argument).parse(text);
}

}  // namespace filters
