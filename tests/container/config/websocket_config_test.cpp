// <WebSocket> in app.xml: what is read, and what is said about one that cannot be used.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "container/config/read_config.h"

namespace container {
namespace {

using namespace std::chrono_literals;

struct Reading {
  ApplicationConfig config;
  std::vector<std::string> remarks;  // errors, or else warnings: column and text
};

Reading read(const std::string& socket) {
  Reading result;
  std::vector<Diagnostic> remarks;
  try {
    result.config =
        parse_application_config("<Application>" + socket + "</Application>", "a", {}, remarks);
  } catch (const ConfigError& error) {
    remarks = error.diagnostics();
  }
  for (const Diagnostic& one : remarks)
    result.remarks.push_back(std::to_string(one.position.column - 13) + ": " + one.message);
  return result;
}

std::string only_remark(const std::string& socket) {
  const Reading result = read(socket);
  CAPTURE(socket);
  REQUIRE(result.remarks.size() == 1);
  return result.remarks[0];
}

}  // namespace

TEST_CASE("a WebSocket needs a type and a path; the rest has defaults") {
  const Reading result = read("<WebSocket type='chat' path='/chat/{room}'/>");
  CHECK(result.remarks.empty());
  REQUIRE(result.config.websockets.size() == 1);
  const WebSocketConfig& socket = result.config.websockets[0];
  CHECK(socket.name == "chat");
  REQUIRE(socket.paths.size() == 1);
  CHECK(socket.paths[0].text == "/chat/{room}");
  CHECK(socket.origins_allowed.text() == "same-origin");
  CHECK(socket.max_text == 65536);
  CHECK_FALSE(socket.max_frame);
  CHECK(socket.ping_interval == 25s);
  CHECK(socket.max_sessions == -1);
  CHECK(socket.compression == WebSocketCompression::off);
}

TEST_CASE("a WebSocket with everything") {
  const Reading result = read(R"(<WebSocket name="c" type="chat" library="l" dispatch="worker"
      origins="https://a.example, same-origin" subprotocols="v2, v1" requireSubprotocol="true"
      maxSessions="100" maxTextMessageBufferSize="1MiB" maxBinaryMessageBufferSize="2MiB"
      maxFrameSize="128KiB" pingInterval="10s" pongTimeout="5s" maxIdleTimeout="1h" openTimeout="1min"
      sessionCloseTimeout="1s" sendTimeout="0" drainTimeout="0" sendQueueSize="64KiB"
      sendQueueMessages="10" overflow="dropOldest" inboundQueueMessages="4" compression="dedicated"
      compressionMinSize="2KiB" compressionLevel="9" serverMaxWindowBits="9" clientMaxWindowBits="10">
    <Path>/a</Path><Path>/</Path>
    <Interceptor type="auth"><Parameter name="realm" value="x"/></Interceptor>
    <Interceptor name="second" type="auth" library="l"/>
    <Parameter name="limit" value="7"/>
  </WebSocket><Library name="l" file="l.so"/><Filter type="f" endpoint="c"/>)");
  CHECK(result.remarks.empty());
  REQUIRE(result.config.websockets.size() == 1);
  const WebSocketConfig& socket = result.config.websockets[0];
  CHECK(socket.dispatch == DispatchChoice::worker);
  CHECK(socket.subprotocols == std::vector<std::string>{"v2", "v1"});
  CHECK(socket.require_subprotocol);
  CHECK(socket.max_binary == 2 * 1024 * 1024);
  CHECK(socket.max_frame == SizeBytes{128 * 1024});
  CHECK(socket.pong_timeout == 5s);
  CHECK(socket.open_timeout == 60s);
  CHECK(socket.send_queue_messages == 10);
  CHECK(socket.overflow == OverflowChoice::drop_oldest);
  CHECK(socket.client_max_window_bits == 10);
  REQUIRE(socket.paths.size() == 2);
  REQUIRE(socket.interceptors.size() == 2);
  CHECK(socket.interceptors[0].name == "auth");
  CHECK(socket.interceptors[0].parameters[0].value == "x");
  CHECK(socket.interceptors[1].name == "second");
  CHECK(socket.parameters[0].name == "limit");
}

TEST_CASE("a WebSocket that cannot be used is refused with place and reason") {
  CHECK(only_remark("<WebSocket path='/a'/>") ==
        "1: <WebSocket> needs the attribute 'type' or 'name'");
  CHECK(only_remark("<WebSocket type='t' path='a'/>") ==
        "27: path 'a' of <WebSocket> must begin with '/'; write '/a'");
  CHECK(only_remark("<WebSocket type='t' path='*.ws'/>") ==
        "27: path '*.ws' of <WebSocket> must begin with '/'; write '/*' for every path, extensions "
        "are for endpoints");
  CHECK(only_remark("<WebSocket type='t' path=''/>") ==
        "27: path '' of <WebSocket> must begin with '/'; write '/' for the application's root");
  CHECK(only_remark("<WebSocket type='a' path='/x'/><WebSocket type='b' path='/x'/>") ==
        "58: path '/x' is already on line 1");
  CHECK(only_remark("<Endpoint type='a' path='/x'/><WebSocket type='a' path='/x'/>") ==
        "48: endpoint 'a' is already on line 1");
  CHECK(only_remark("<WebSocket type='t' path='/a' library='l'/>") ==
        "40: there is no <Library> with the name 'l'");
  CHECK(only_remark("<WebSocket type='t' path='/a' orgins='*'/>") ==
        "31: attribute 'orgins' is not known in <WebSocket>; did you mean 'origins'?");
  CHECK(only_remark("<WebSocket type='t' path='/a' origins='https://a b.example'/>") ==
        "50: attribute 'origins' of <WebSocket>: 'b.example' has no scheme; did you mean "
        "'https://b.example'?");
  CHECK(only_remark("<WebSocket type='t' path='/a' subprotocols='a a'/>") ==
        "45: subprotocol 'a' is already on line 1");
  CHECK(only_remark("<WebSocket type='t' path='/a' subprotocols='a/b'/>") ==
        "45: attribute 'subprotocols' of <WebSocket>: 'a/b' is not a token; write letters, digits "
        "and !#$%&'*+-.^_`|~ only");
  CHECK(
      only_remark("<WebSocket type='t' path='/a' compression='pooled' serverMaxWindowBits='8'/>") ==
      "73: attribute 'serverMaxWindowBits' of <WebSocket>: '8' is out of range; write an integer "
      "from 9 to 15");
  CHECK(only_remark("<WebSocket type='t' path='/a' compression='on'/>")
            .find("'on' is not one of off, pooled, dedicated") != std::string::npos);
  CHECK(only_remark("<WebSocket type='t' path='/a' sessionCloseTimeout='0'/>")
            .find("0 would keep sessions open") != std::string::npos);
  CHECK(only_remark("<WebSocket type='t' path='/a' sendQueueSize='0'/>")
            .find("nothing could be sent") != std::string::npos);
  CHECK(only_remark("<WebSocket type='t' path='/a' maxFrameSize='0'/>")
            .find("nothing could be received") != std::string::npos);
  CHECK(only_remark("<WebSocket type='t' path='/a'><Interceptor/></WebSocket>") ==
        "31: <Interceptor> needs the attribute 'type' or 'name'");
  CHECK(only_remark("<WebSocket type='t' path='/a'><Interceptor type='i'/><Interceptor type='i'/>"
                    "</WebSocket>") == "73: interceptor 'i' is already on line 1");
}

TEST_CASE("what is hardly meant is warned about") {
  CHECK(only_remark("<WebSocket type='t'/>") ==
        "1: WebSocket 't' has no 'path', so no handshake reaches it");
  CHECK(only_remark("<WebSocket type='t' path='/a' pingInterval='25'/>") ==
        "45: attribute 'pingInterval' of <WebSocket>: 25 ms is hardly meant; write seconds as in "
        "'25s'");
  CHECK(only_remark("<WebSocket type='t' path='/a' pingInterval='0' pongTimeout='5s'/>")
            .find("there is no pong to wait for while 'pingInterval' is 0") != std::string::npos);
  CHECK(read("<WebSocket type='t' path='/a' pingInterval='0' pongTimeout='20s'/>").remarks.empty());
  CHECK(only_remark("<WebSocket type='t' path='/a' compressionLevel='1'/>")
            .find("has no effect while 'compression' is off") != std::string::npos);
}

}  // namespace container
