// Reads what a server said as strictly as RFC 9112 allows: for tests and fuzzers.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tests {

struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case
  std::string body;

  std::optional<std::string_view> find(std::string_view name) const {
    for (const auto& [key, value] : fields)
      if (key == name) return value;
    return std::nullopt;
  }
  bool closes() const { return find("connection") == "close"; }
};

// Answers to requests with `methods`, in order; interim ones (100) stand between them.
class Answers {
 public:
  enum class End { clean, open, cut, malformed };  // open: a body that only the close will end

  Answers(std::string_view bytes, std::span<const std::string> methods) : rest_(bytes) {
    while (end_ == End::clean && !rest_.empty()) {
      Answer answer;
      const bool known = final_ < methods.size();
      end_ = one(answer, known ? std::string_view(methods[final_]) : std::string_view());
      if (end_ == End::malformed) return;
      if (answer.status >= 200 && (++final_, !known)) end_ = End::malformed;  // nobody asked
      if (answer.status != 0) all_.push_back(std::move(answer));
    }
  }

  const std::vector<Answer>& all() const { return all_; }
  std::size_t final_count() const { return final_; }
  End end() const { return end_; }

 private:
  static bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
      return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
             std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
  }
  static bool is_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
      return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    });
  }
  template <class Number>
  static bool number(std::string_view text, Number& value, int base = 10) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return !text.empty() && error == std::errc{} && end == text.data() + text.size();
  }

  // One line without its CR LF; none when it is not complete.
  std::optional<std::string_view> line() {
    const auto end = rest_.find("\r\n");
    if (end == rest_.npos) return std::nullopt;
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 2);
    return text;
  }

  End one(Answer& answer, std::string_view method) {
    const auto status = line();
    if (!status) return End::cut;
    if (!status->starts_with("HTTP/1.1 ") || status->size() < 13 || (*status)[12] != ' ' ||
        !number(status->substr(9, 3), answer.status) || answer.status < 100 || !is_text(*status))
      return End::malformed;
    for (;;) {
      const auto field = line();
      if (!field) return End::cut;
      if (field->empty()) break;
      const auto colon = field->find(": ");
      if (colon == field->npos || !is_token(field->substr(0, colon)) ||
          !is_text(field->substr(colon + 2)))
        return End::malformed;
      std::string name(field->substr(0, colon));
      for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
      answer.fields.emplace_back(std::move(name), field->substr(colon + 2));
    }
    return framed(answer, method);
  }

  End framed(Answer& answer, std::string_view method) {
    const auto times = [&](std::string_view name) {
      return std::count_if(answer.fields.begin(), answer.fields.end(),
                           [&](const auto& field) { return field.first == name; });
    };
    const auto length = answer.find("content-length");
    const auto coding = answer.find("transfer-encoding");
    if (times("content-length") > 1 || times("transfer-encoding") > 1 || times("date") > 1 ||
        (length && coding) || (coding && *coding != "chunked"))
      return End::malformed;
    std::uint64_t size = 0;
    if (length && !number(*length, size)) return End::malformed;
    const bool without = answer.status < 200 || answer.status == 204 || answer.status == 304;
    if (without) return length || coding ? End::malformed : End::clean;
    if (method == "HEAD") return End::clean;
    if (coding) return chunks(answer);
    if (!length) {
      answer.body = std::exchange(rest_, {});
      return answer.closes() ? End::open : End::malformed;
    }
    answer.body = rest_.substr(0, size);
    rest_.remove_prefix(answer.body.size());
    return answer.body.size() == size ? End::clean : End::cut;
  }

  End chunks(Answer& answer) {
    for (;;) {
      const auto head = line();
      if (!head) return End::cut;
      std::uint64_t size = 0;
      if (!number(*head, size, 16)) return End::malformed;
      if (rest_.size() < size + 2) return End::cut;
      if (rest_.substr(size, 2) != "\r\n") return End::malformed;
      answer.body += rest_.substr(0, size);
      rest_.remove_prefix(size + 2);
      if (size == 0) return End::clean;
    }
  }

  std::string_view rest_;
  std::vector<Answer> all_;
  std::size_t final_ = 0;
  End end_ = End::clean;
};

}  // namespace tests
