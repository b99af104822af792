// Rewrites URLs by rules.
#include "filters/rewrite.h"

#include <margay/known_parameters.h>
#include <sys/stat.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "filters/rewriting.h"

namespace filters {

namespace {

namespace fs = std::filesystem;

// From `map` to `before` and `head`.
constexpr std::string_view kStatus = "margay.rewrite.status";
constexpr std::string_view kLocation = "margay.rewrite.location";
constexpr std::string_view kCookies = "margay.rewrite.cookies";  // by line
constexpr std::string_view kType = "margay.rewrite.type";

std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("the file " + file.string() + " cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string time_part(const char* form) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), form, &parts)};
}

class Subject final : public RewriteSubject {
 public:
  Subject(const margay::Request& request, const std::string& root)
      : request_(request), root_(root) {}

  std::string variable(std::string_view name) const override {
    if (name.starts_with("HTTP:")) return std::string(request_.header(name.substr(5)));
    if (name.starts_with("ENV:"))
      return std::string(request_.attribute(name.substr(4)).value_or(std::string_view{}));
    if (name.starts_with("HTTP_")) return std::string(request_.header(header_of(name.substr(5))));
    if (name.starts_with("TIME")) return time(name);
    if (name == "CONTEXT_PATH") return std::string(request_.context_path());
    if (name == "DOCUMENT_ROOT") return root_;
    if (name == "HTTPS") return request_.is_secure() ? "on" : "off";
    if (name == "QUERY_STRING") return std::string(request_.query());
    if (name == "REMOTE_ADDR" || name == "REMOTE_HOST")
      return std::string(request_.remote_address());
    if (name == "REMOTE_PORT") return std::to_string(request_.remote_port());
    if (name == "REQUEST_FILENAME" || name == "SCRIPT_FILENAME" || name == "REQUEST_PATH" ||
        name == "REQUEST_URI")
      return std::string(request_.path());
    if (name == "REQUEST_METHOD") return std::string(request_.method());
    if (name == "SERVER_ADDR") return std::string(request_.local_address());
    if (name == "SERVER_NAME") return std::string(request_.server_name());
    if (name == "SERVER_PORT") return std::to_string(request_.server_port());
    if (name == "SERVER_PROTOCOL") return std::string(request_.protocol());
    if (name == "SERVER_SOFTWARE") return "Margay";
    if (name == "THE_REQUEST")
      return std::string(request_.method()) + " " + std::string(request_.target()) + " " +
             std::string(request_.protocol());
    return {};
  }

  File look(std::string_view path) const override {
    if (root_.empty() || path.find("..") != path.npos || path.find('\0') != path.npos)
      return File::none;
    const std::string_view context = request_.context_path();
    if (path.starts_with(context) && (path.size() == context.size() || path[context.size()] == '/'))
      path.remove_prefix(context.size());
    struct stat about {};
    if (::stat((root_ + "/" + std::string(path)).c_str(), &about) != 0) return File::none;
    if (S_ISDIR(about.st_mode)) return File::folder;
    if (!S_ISREG(about.st_mode)) return File::none;
    return about.st_size > 0 ? File::filled : File::empty;
  }

 private:
  // HTTP_USER_AGENT is about the field user-agent.
  static std::string header_of(std::string_view name) {
    std::string made;
    for (const char c : name) made += c == '_' ? '-' : margay::detail::lower(c);
    return made;
  }
  static std::string time(std::string_view name) {
    constexpr auto kForms =
        std::to_array<std::pair<std::string_view, const char*>>({{"TIME", "%Y%m%d%H%M%S"},
                                                                 {"TIME_DAY", "%d"},
                                                                 {"TIME_HOUR", "%H"},
                                                                 {"TIME_MIN", "%M"},
                                                                 {"TIME_MON", "%m"},
                                                                 {"TIME_SEC", "%S"},
                                                                 {"TIME_WDAY", "%w"},
                                                                 {"TIME_YEAR", "%Y"}});
    for (const auto& [known, form] : kForms)
      if (known == name) return time_part(form);
    return {};
  }

  const margay::Request& request_;
  const std::string& root_;
};

std::string lines(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& one : texts) all.append(one).append("\n");
  return all;
}

}  // namespace

Rewrite::Rewrite(const margay::Config& config)
    : log_(config.logger()), document_root_(config.get("documentRoot")) {
  require_known(config, {"file", "rules", "documentRoot"});
  if (config.has("file") && config.has("rules"))
    throw margay::ConfigError("rules", "parameter 'rules': 'file' has the rules already");
  if (document_root_.empty() && !config.folder().empty())
    document_root_ = std::string(config.folder()) + "/static";
  fs::path file(config.get("file", "rewrite.config"));
  if (file.is_relative()) file = fs::path(config.folder()) / file;
  const bool inside = config.has("rules");
  const char* const parameter = inside ? "rules" : "file";
  fs::path folder = inside ? fs::path(config.folder()) : file.parent_path();
  try {
    const std::string text = inside ? std::string(config.get("rules")) : read_file(file);
    const auto read = [](std::string_view name, void* from) {
      return read_file(*static_cast<const fs::path*>(from) / name);
    };
    rules_ = parse_rewrite_rules(text, read, &folder);
  } catch (const RewriteError& error) {
    const std::string place = inside ? "line " : file.string() + ":";
    throw margay::ConfigError(parameter, place + std::to_string(error.line) + ": " + error.what());
  } catch (const std::runtime_error& error) {
    throw margay::ConfigError(parameter, error.what());
  }
}

void Rewrite::map(margay::Request& request) {
  if (!request.path().starts_with('/') || request.attribute(kStatus)) return;
  const std::string context(request.context_path());
  std::string_view path = request.path().substr(context.size());
  if (path.empty()) path = "/";
  Rewritten made;
  try {
    made = rewrite(rules_, path, request.query(), Subject(request, document_root_));
  } catch (const std::exception& error) {
    log_.warn("the rules cannot judge a request: " + std::string(error.what()));
    made = {};
    made.status = 500;
  }
  if (made.status == 0 && made.moved &&
      !(request.set(MARGAY_PATH, context + made.path) && request.set(MARGAY_QUERY, made.query)))
    made.status = 400;
  if (made.status != 0) {
    request.attribute(kStatus, std::to_string(made.status));
    request.attribute(kLocation,
                      (made.location.starts_with('/') ? context : std::string()) + made.location);
  }
  if (!made.cookies.empty())
    request.attribute(kCookies,
                      std::string(request.attribute(kCookies).value_or("")) + lines(made.cookies));
  if (!made.type.empty()) request.attribute(kType, made.type);
  for (const auto& [name, value] : made.attributes) request.attribute(name, value);
}

bool Rewrite::before(margay::Request& request, margay::Response& response) {
  if (const auto cookies = request.attribute(kCookies); cookies) {
    for (std::string_view rest = *cookies; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
      response.add_header("Set-Cookie", rest.substr(0, rest.find('\n')));
    request.attribute(kCookies, "");  // another filter of the kind has nothing to add
  }
  const auto said = request.attribute(kStatus);
  if (!said) return true;
  const int status = margay::detail::number(*said, 500);
  if (status < 400) {
    response.redirect(request.attribute(kLocation).value_or(""), status);
  } else {
    response.send_error(status);
  }
  return false;
}

void Rewrite::head(const margay::Request& request, margay::Head& head) {
  const auto type = request.attribute(kType);
  if (type && !type->empty() && head.status < 300) head.set("Content-Type", *type);
}

}  // namespace filters
