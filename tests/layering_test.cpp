// Reads every #include of the tree and objects to those that cross a layer the wrong way.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace {

namespace fs = std::filesystem;

struct Include {
  std::string name;
  bool quoted = false;
  std::size_t line = 0;
};

bool starts_with_any(std::string_view text, auto const& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return text.starts_with(prefix); });
}

// Network and protocol libraries, which only server's .cpp files may know.
constexpr std::array<std::string_view, 9> wire_libraries{
    "uv.h", "uv/", "llhttp.h", "openssl/", "argon2.h", "zlib.h", "nghttp2/", "brotli/", "pcre2.h"};
// Libraries that cost compile time: never in a header, never in what is written against the API.
constexpr std::array<std::string_view, 7> heavy_libraries{
    "spdlog/", "fmt/", "nlohmann/", "CLI/", "kainjow/", "pugixml.hpp", "simdjson.h"};

std::vector<Include> includes_of(std::istream& source) {
  std::vector<Include> found;
  std::string line;
  for (std::size_t number = 1; std::getline(source, line); ++number) {
    auto at = line.find_first_not_of(" \t");
    if (at == std::string::npos || line[at] != '#') continue;
    at = line.find_first_not_of(" \t", at + 1);
    if (at == std::string::npos || line.compare(at, 7, "include") != 0) continue;
    auto const open = line.find_first_of("<\"", at);
    if (open == std::string::npos) continue;
    auto const close = line.find(line[open] == '<' ? '>' : '"', open + 1);
    if (close == std::string::npos) continue;
    found.push_back({line.substr(open + 1, close - open - 1), line[open] == '"', number});
  }
  return found;
}

// Why a file of that layer may not include a project file; empty: it may.
std::string project_objection(std::string_view file, std::string_view layer,
                              Include const& include) {
  std::string_view const name = include.name;
  bool const api = name.starts_with("margay/");
  if (api && include.quoted) return "the API is included as <margay/...>";
  if (layer == "server")
    return api || (include.quoted && !name.starts_with("server/")) ? "server knows only itself"
                                                                   : "";
  if (layer == "container") {
    if (!include.quoted || file == "container/main.cpp") return "";
    bool const below = name.starts_with("server/") || name.starts_with("container/");
    return below ? "" : "container knows only server and the API";
  }
  if (!include.quoted) return "";
  // A sample is built as anybody's plugin is: what it quotes lies beside it.
  if (layer == "plugins" && name.find('/') == std::string_view::npos) return "";
  bool const roomy = layer == "endpoints" || layer == "filters";
  if (roomy && name.starts_with(std::string(layer) + "/")) return "";
  return std::string(layer) + " knows only itself and <margay/...>";
}

std::string library_objection(std::string_view file, std::string_view layer,
                              std::string_view name) {
  bool const source = file.ends_with(".cpp");
  bool const ours = layer == "server" || layer == "container";
  // OpenSSL's handles as owners: for the .cpp files beside it.
  if (file == "server/tls/openssl.h" && name.starts_with("openssl/")) return "";
  // Digests of contents, and of passwords.
  if (file == "endpoints/content_tags.cpp" && name == "openssl/evp.h") return "";
  if (file == "plugins/guestbook/password.cpp" && name.starts_with("openssl/")) return "";
  if (file == "filters/regex.cpp" && name == "pcre2.h") return "";
  // The only filter that has work for a library; server's deflate is about WebSocket messages.
  if (file == "filters/compressor.cpp" && (name == "zlib.h" || name == "brotli/encode.h"))
    return "";
  if (starts_with_any(name, wire_libraries) && !(layer == "server" && source))
    return "only server's .cpp files know this library";
  if (name == "dlfcn.h" && !(source && file.starts_with("container/plugin")))
    return "only the plugin loader opens libraries";
  // The log formats only what is wanted, so its header needs the checked format string.
  if (file == "server/log.h" && name == "fmt/core.h") return "";
  // For those plugins alone that want JSON or templates; plugin.h includes neither.
  if (file == "endpoints/api/margay/json.h" && name == "nlohmann/json.hpp") return "";
  if (file == "endpoints/api/margay/template_folder.h" && name == "kainjow/mustache.hpp") return "";
  if (starts_with_any(name, heavy_libraries) && !(ours && source))
    return ours ? "too heavy for a header" : "written against the API alone";
  return "";
}

// The layer is the first folder; the API, inside endpoints, is one of its own.
std::string layer_of(std::string_view file) {
  if (file.starts_with("endpoints/api/")) return "endpoints/api";
  return std::string(file.substr(0, file.find('/')));
}

std::string objection(std::string_view file, Include const& include) {
  auto const layer = layer_of(file);
  auto reason = project_objection(file, layer, include);
  if (reason.empty() && !include.quoted) reason = library_objection(file, layer, include.name);
  return reason;
}

struct Report {
  std::size_t files = 0;
  std::size_t includes = 0;
  std::vector<std::string> objections;
};

Report check(fs::path const& tree) {
  Report report;
  for (auto const* folder : {"server", "container", "endpoints", "filters", "plugins"}) {
    if (!fs::exists(tree / folder)) continue;
    for (auto const& entry : fs::recursive_directory_iterator(tree / folder)) {
      auto const extension = entry.path().extension();
      if (extension != ".h" && extension != ".cpp" && extension != ".c") continue;
      ++report.files;
      auto const file = fs::relative(entry.path(), tree).generic_string();
      std::ifstream source(entry.path());
      for (auto const& include : includes_of(source)) {
        ++report.includes;
        auto const reason = objection(file, include);
        if (!reason.empty())
          report.objections.push_back(file + ":" + std::to_string(include.line) + ": " +
                                      include.name + ": " + reason);
      }
    }
  }
  return report;
}

// A made-up tree on disk, gone at the end of the test.
class Tree {
 public:
  // What the checker says of one file with this text.
  std::size_t objections(std::string const& file, std::string const& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
    auto const found = check(root_.path()).objections.size();
    fs::remove(root_ / file);
    return found;
  }

 private:
  tests::TemporaryFolder root_;
};

}  // namespace

TEST_CASE("the tree keeps its layers") {
  auto const report = check(MARGAY_SOURCE_ROOT);
  for (auto const& objection : report.objections) FAIL_CHECK(objection);
  CHECK(report.files > 20);
  CHECK(report.includes > 100);
}

TEST_CASE("forbidden edges are seen") {
  Tree const tree;
  CHECK(tree.objections("server/loop.cpp", "#include \"container/target.h\"\n") == 1);
  CHECK(tree.objections("server/loop.cpp", "#include <margay/abi.h>\n") == 1);
  CHECK(tree.objections("server/loop.h", "#include <uv.h>\n") == 1);
  CHECK(tree.objections("server/log.h", "#include <spdlog/spdlog.h>\n") == 1);
  CHECK(tree.objections("container/a.cpp", "#include <uv.h>\n  #  include <openssl/ssl.h>\n") == 2);
  CHECK(tree.objections("container/a.cpp", "#include \"filters/builtin.h\"\n") == 1);
  CHECK(tree.objections("container/bridge.cpp", "#include <dlfcn.h>\n") == 1);
  CHECK(tree.objections("container/a.cpp", "#include \"margay/abi.h\"\n") == 1);
  CHECK(tree.objections("endpoints/api/margay/abi.h", "#include \"server/loop.h\"\n") == 1);
  CHECK(tree.objections("endpoints/files.cpp", "#include \"filters/builtin.h\"\n") == 1);
  CHECK(tree.objections("plugins/hello/hello.cpp", "#include \"plugins/builtin.h\"\n") == 1);
  CHECK(tree.objections("filters/headers.cpp", "#include <nlohmann/json.hpp>\n") == 1);
  CHECK(tree.objections("filters/headers.cpp", "#include <zlib.h>\n") == 1);
  CHECK(tree.objections("endpoints/api/margay/request.h", "#include <kainjow/mustache.hpp>\n") ==
        1);
}

TEST_CASE("allowed edges are not") {
  Tree const tree;
  CHECK(tree.objections("server/loop.cpp", "#include \"server/loop.h\"\n#include <uv.h>\n") == 0);
  CHECK(tree.objections("container/a.cpp", "#include \"server/exchange.h\"\n") == 0);
  CHECK(tree.objections("container/bridge.h", "#include <margay/abi.h>\n") == 0);
  CHECK(tree.objections("container/main.cpp", "#include \"endpoints/builtin.h\"\n") == 0);
  CHECK(tree.objections("container/plugin_library.cpp", "#include <dlfcn.h>\n") == 0);
  CHECK(tree.objections("endpoints/files.cpp", "#include \"endpoints/builtin.h\"\n") == 0);
  CHECK(tree.objections("plugins/hello/hello.cpp", "#include <margay/plugin.h>\n") == 0);
  CHECK(tree.objections("plugins/chat/chat.cpp", "#include \"rooms.h\"\n") == 0);
  CHECK(tree.objections("filters/compressor.cpp", "#include <zlib.h>\n") == 0);
  CHECK(tree.objections("server/loop.cpp", "// #include \"container/target.h\"\n") == 0);
  CHECK(tree.objections("tests/a_test.cpp", "#include \"container/target.h\"\n") == 0);
}
