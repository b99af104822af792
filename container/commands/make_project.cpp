// `margay new`: a plugin project that builds as it is, against the installed headers.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "container/commands/commands.h"

namespace container::commands {

namespace {

namespace fs = std::filesystem;

// In the templates @name@ stands for the project's name, @Class@ for the class.

constexpr std::string_view kMesonBuild = R"(project('@name@', 'cpp', version: '0.1',
  default_options: ['cpp_std=c++20', 'warning_level=2', 'buildtype=debugoptimized'])

# pkg-config knows where the headers are, and how a plugin is compiled and linked.
margay = dependency('margay')

# The prefix is the application's folder below the server's appBase.
shared_module('@name@', '@name@.cpp', name_prefix: '', dependencies: margay,
  install: true, install_dir: get_option('prefix') / 'lib')
install_data('app.xml', install_dir: get_option('prefix'))
)";

constexpr std::string_view kEndpoint = R"(#include <margay/plugin.h>

#include <string>

// One object answers all requests, on many threads at once; a worker thread may block.
class @Class@ : public margay::Endpoint {
 public:
  explicit @Class@(const margay::Config& config) : greeting_(config.get("greeting", "hello")) {}

  void service(margay::Request& request, margay::Response& response) override {
    response.type("text/plain").write(greeting_ + ", " + request.parameter("name", "world") + "\n");
  }

 private:
  const std::string greeting_;
};

MARGAY_PLUGIN("@name@", "0.1", margay::endpoint<@Class@>("@name@"))
)";

constexpr std::string_view kEndpointManifest = R"(<Application>
  <Library name="@name@" file="lib/@name@.so"/>
  <Endpoint name="@name@" library="@name@" path="/*">
    <Parameter name="greeting" value="hello"/>
  </Endpoint>
</Application>
)";

constexpr std::string_view kFilter = R"(#include <margay/plugin.h>

#include <string>

// Four moments, of which it overrides those it needs: before, head, body, done.
class @Class@ : public margay::Filter {
 public:
  explicit @Class@(const margay::Config& config) : value_(config.get("value", "@name@")) {}

  void head(const margay::Request&, margay::Head& head) override {
    head.set("X-Filtered-By", value_);
  }

 private:
  const std::string value_;
};

MARGAY_PLUGIN("@name@", "0.1", margay::filter<@Class@>("@name@"))
)";

constexpr std::string_view kFilterManifest = R"(<Application>
  <Library name="@name@" file="lib/@name@.so"/>
  <Filter name="@name@" library="@name@" path="/*">
    <Parameter name="value" value="@name@"/>
  </Filter>
  <Endpoint type="files" path="/*"/>
</Application>
)";

constexpr std::string_view kWebSocket = R"(#include <margay/plugin.h>

#include <string>

// One object for each connection, called for one event after the other. On the loop it must not
// block: without the line of `dispatch` it runs on a worker, which may.
class @Class@ : public margay::WebSocket {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;

  explicit @Class@(const margay::Config& config) : greeting_(config.get("greeting", "hello")) {}

  void open(margay::Session session) override { session.text(greeting_); }

  void message(margay::Session session, std::string_view text) override {
    session.text("you said: " + std::string(text));
  }

 private:
  const std::string greeting_;
};

MARGAY_PLUGIN("@name@", "0.1", margay::websocket<@Class@>("@name@"))
)";

constexpr std::string_view kWebSocketManifest = R"(<Application>
  <Library name="@name@" file="lib/@name@.so"/>
  <WebSocket name="@name@" library="@name@" path="/socket">
    <Parameter name="greeting" value="hello"/>
  </WebSocket>
</Application>
)";

constexpr std::string_view kWebSocketPage = R"(<!doctype html>
<meta charset="utf-8">
<title>@name@</title>
<form><input autofocus placeholder="say something"></form>
<ul></ul>
<script>
  const address = new URL('socket', location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  const socket = new WebSocket(address);
  const show = (text) => {
    const line = document.createElement('li');
    line.textContent = text;
    document.querySelector('ul').prepend(line);
  };
  socket.onmessage = (event) => show(event.data);
  socket.onclose = (event) => show(`closed: ${event.code} ${event.reason}`);
  document.querySelector('form').onsubmit = (event) => {
    event.preventDefault();
    const input = document.querySelector('input');
    socket.send(input.value);
    input.value = '';
  };
</script>
)";

constexpr std::string_view kStaticInstall =
    R"(install_subdir('static', install_dir: get_option('prefix'))
)";

constexpr std::string_view kFilterPage = R"(<!doctype html>
<title>@name@</title>
<p>This page went through the filter @name@.
)";

// Words that meson keeps for its own targets.
constexpr std::array<std::string_view, 12> kTaken{"all",    "benchmark", "clean",     "coverage",
                                                  "dist",   "install",   "phony",     "reconfigure",
                                                  "margay", "test",      "uninstall", "static"};
constexpr std::size_t kMaxName = 64;

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

// What is wrong with the name; empty: nothing.
std::string objection(std::string_view name) {
  const bool good = !name.empty() && name.size() <= kMaxName && is_letter(name.front()) &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
                    });
  if (!good)
    return "'" + std::string(name) + "' is not a name for a project: write a small letter, then " +
           "small letters, digits, '-' and '_', at most " + std::to_string(kMaxName) +
           " in all, such as 'my-shop'";
  if (std::find(kTaken.begin(), kTaken.end(), name) != kTaken.end() || name.starts_with("meson-"))
    return "'" + std::string(name) +
           "' has a meaning for the build already; choose another name, " + "such as 'my-" +
           std::string(name) + "'";
  return {};
}

// "my-shop" is MyShop in C++.
std::string class_name(std::string_view name) {
  std::string result;
  bool begins = true;
  for (const char c : name) {
    if (c == '-' || c == '_') {
      begins = true;
    } else {
      result += begins && is_letter(c) ? static_cast<char>(c - 'a' + 'A') : c;
      begins = false;
    }
  }
  return result;
}

std::string filled(std::string_view text, const std::string& name) {
  std::string result(text);
  const std::array<std::pair<std::string_view, std::string>, 2> words{
      {{"@name@", name}, {"@Class@", class_name(name)}}};
  for (const auto& [mark, word] : words)
    for (auto at = result.find(mark); at != std::string::npos; at = result.find(mark, at))
      result.replace(at, mark.size(), word);
  return result;
}

// Never over a file that is there.
void write(const fs::path& file, const std::string& text) {
  std::FILE* out = std::fopen(file.c_str(), "wxe");
  const bool written =
      out != nullptr && std::fwrite(text.data(), 1, text.size(), out) == text.size();
  const bool closed = out != nullptr && std::fclose(out) == 0;
  if (!written || !closed)
    throw std::runtime_error("cannot write " + file.string() + ": " + std::strerror(errno));
}

void write_project(ProjectKind kind, const std::string& name, const fs::path& folder) {
  const auto put = [&](const fs::path& file, std::string_view text) {
    write(folder / file, filled(text, name));
  };
  fs::create_directories(folder);
  if (!fs::is_empty(folder))
    throw std::runtime_error(folder.string() +
                             " is not empty, and nothing is ever overwritten; name another folder "
                             "with --directory");
  if (kind == ProjectKind::endpoint) {
    put("meson.build", kMesonBuild);
    put(name + ".cpp", kEndpoint);
    put("app.xml", kEndpointManifest);
    return;
  }
  const bool is_socket = kind == ProjectKind::websocket;
  put("meson.build", std::string(kMesonBuild) + std::string(kStaticInstall));
  put(name + ".cpp", is_socket ? kWebSocket : kFilter);
  put("app.xml", is_socket ? kWebSocketManifest : kFilterManifest);
  fs::create_directory(folder / "static");
  put(fs::path("static") / "index.html", is_socket ? kWebSocketPage : kFilterPage);
}

// What must be said to pkg-config for it to find this program's headers; empty: nothing.
std::string pkg_config_hint() {
  std::error_code trouble;
  const fs::path prefix = fs::read_symlink("/proc/self/exe", trouble).parent_path().parent_path();
  const fs::path built = prefix / "endpoints/api";  // the prefix is the build folder
  if (fs::exists(built / "margay-uninstalled.pc", trouble))
    return "PKG_CONFIG_PATH=" + built.string() + ' ';
  const fs::path installed = prefix / "share/pkgconfig";
  const bool searched = prefix == "/usr" || prefix == "/usr/local";
  if (searched || !fs::exists(installed / "margay.pc", trouble)) return {};
  return "PKG_CONFIG_PATH=" + installed.string() + ' ';
}

}  // namespace

int make_project(ProjectKind kind, const std::string& name, fs::path folder) {
  if (const std::string trouble = objection(name); !trouble.empty()) {
    std::cerr << "margay: " << trouble << '\n';
    return bad_usage;
  }
  if (folder.empty()) folder = name;
  try {
    write_project(kind, name, folder);
  } catch (const std::exception& error) {
    std::cerr << "margay: " << error.what() << '\n';
    return failed;
  }
  std::cout << folder.string()
            << " is ready. Build it, and deploy it below the server's appBase:\n\n"
            << "  cd " << folder.string() << "\n  " << pkg_config_hint()
            << "meson setup build --prefix /path/to/apps/" << name
            << "\n  meson install -C build\n\n"
            << "A running server takes it, and every later build, within two seconds:\n\n"
            << "  curl http://localhost:8080/" << name << "/\n";
  return clean;
}

}  // namespace container::commands
