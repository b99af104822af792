// TLS and HTTP/2 in server.xml, and <SecurityConstraint>: what is read, and what is said about what
// cannot be used.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "container/config/effective.h"
#include "container/config/read_config.h"

namespace container {
namespace {

using namespace std::chrono_literals;

struct Reading {
  ServerConfig config;
  std::vector<std::string> remarks;  // errors, or else warnings: line and text

  const ConnectorConfig& connector() const { return config.service.connectors.at(0); }
};

// `connector` begins on line 1.
Reading read(const std::string& connector) {
  Reading result;
  std::vector<Diagnostic> remarks;
  try {
    result.config =
        parse_server_config("<Server><Service>" + connector +
                                "<Engine><Host name='localhost'/></Engine></Service></Server>",
                            "s", {}, remarks);
  } catch (const ConfigError& error) {
    remarks = error.diagnostics();
  }
  for (const Diagnostic& one : remarks)
    result.remarks.push_back(std::to_string(one.position.line) + ": " + one.message);
  return result;
}

std::string only_remark(const std::string& connector) {
  const Reading result = read(connector);
  CAPTURE(connector);
  REQUIRE(result.remarks.size() == 1);
  return result.remarks[0];
}

// A secure connector with these attributes and hosts.
std::string secure(const std::string& attributes, const std::string& inside) {
  return "<Connector SSLEnabled='true' " + attributes + ">\n" + inside + "</Connector>";
}

std::string host(const std::string& attributes,
                 const std::string& inside = "<Certificate certificateFile='c.pem'/>") {
  return "<SSLHostConfig " + attributes + ">" + inside + "</SSLHostConfig>\n";
}

std::string constraint_remark(const std::string& constraint) {
  std::vector<Diagnostic> remarks;
  try {
    parse_application_config("<Application>" + constraint + "</Application>", "a", {}, remarks);
  } catch (const ConfigError& error) {
    remarks = error.diagnostics();
  }
  CAPTURE(constraint);
  REQUIRE(remarks.size() == 1);
  return remarks[0].message;
}

}  // namespace

TEST_CASE("a secure connector needs one certificate; the rest has defaults") {
  const Reading result = read(secure("", host("")));
  CHECK(result.remarks.empty());
  const ConnectorConfig& connector = result.connector();
  CHECK(connector.ssl_enabled);
  CHECK(connector.strict_sni);
  CHECK(connector.handshake_timeout == 20s);
  CHECK_FALSE(connector.upgrade_protocol);
  REQUIRE(connector.ssl_hosts.size() == 1);
  const SslHostConfig& only = connector.ssl_hosts[0];
  CHECK(only.host_name == "_default_");
  CHECK(only.protocols == "TLSv1.2+TLSv1.3");
  CHECK(only.session_timeout == 24h);
  CHECK(only.session_cache_size == -1);
  CHECK(only.verification == VerificationChoice::none);
  REQUIRE(only.certificates.size() == 1);
  CHECK(only.certificates[0].file == "c.pem");
}

TEST_CASE("a secure connector with everything") {
  const std::string text = secure(
      "defaultSSLHostConfigName='WWW.example.org' strictSni='false' handshakeTimeout='5s' "
      "maxHandshakes='7'",
      host("hostName='www.Example.org' protocols='TLSv1.3' ciphers='HIGH' "
           "cipherSuites='TLS_AES_128_GCM_SHA256' groups='X25519' honorCipherOrder='true' "
           "disableSessionTickets='true' sessionTimeout='600' sessionCacheSize='0' "
           "insecureRenegotiation='true' certificateVerification='optionalNoCA' "
           "certificateVerificationDepth='3' caCertificateFile='ca' caCertificatePath='cas' "
           "certificateRevocationListFile='crl' certificateRevocationListPath='crls'",
           "<Certificate certificateFile='c' certificateKeyFile='k' certificateKeyPassword='p' "
           "certificateChainFile='i' certificateOcspFile='o' type='EC'/>"
           "<Certificate certificateFile='c2' certificateKeyPasswordFile='f' type='RSA'/>"
           "<OpenSSLConf><OpenSSLConfCmd name='Options' value='-SessionTicket'/></OpenSSLConf>") +
          "<UpgradeProtocol className='org.apache.coyote.http2.Http2Protocol' "
          "maxConcurrentStreams='9' initialWindowSize='1MiB' keepAliveTimeout='-1' "
          "overheadCountFactor='0' drainTimeout='2s'/>");
  const Reading result = read(text);
  CHECK(result.remarks.empty());
  const ConnectorConfig& connector = result.connector();
  CHECK(connector.default_ssl_host_config_name == "www.example.org");
  CHECK_FALSE(connector.strict_sni);
  CHECK(connector.max_handshakes == 7);
  REQUIRE(connector.ssl_hosts.size() == 1);
  const SslHostConfig& only = connector.ssl_hosts[0];
  CHECK(only.host_name == "www.example.org");
  CHECK(only.session_timeout == 10min);
  CHECK(only.verification == VerificationChoice::optional_no_ca);
  CHECK(only.crl_path == "crls");
  REQUIRE(only.certificates.size() == 2);
  CHECK(only.certificates[0].ocsp_file == "o");
  CHECK(only.certificates[0].type == CertificateType::ec);
  REQUIRE(only.openssl.size() == 1);
  REQUIRE(only.openssl[0].commands.size() == 1);
  CHECK(only.openssl[0].commands[0].value == "-SessionTicket");
  REQUIRE(connector.upgrade_protocol);
  CHECK(connector.upgrade_protocol->max_concurrent_streams == 9);
  CHECK(connector.upgrade_protocol->initial_window_size == 1'048'576);
  CHECK(connector.upgrade_protocol->keep_alive_timeout == no_timeout);
  CHECK(connector.upgrade_protocol->drain_timeout == 2s);

  // What `margay config` prints says the same, but for the password.
  std::vector<Diagnostic> warnings;
  std::string shown = effective_configuration(result.config);
  const std::string cover = "certificateKeyPassword=\"****\"";
  REQUIRE(shown.find(cover) != shown.npos);
  shown.replace(shown.find(cover), cover.size(), "certificateKeyPassword=\"p\"");
  const ServerConfig again = parse_server_config(shown, "again", {}, warnings);
  CHECK(values_text("Server", again) == values_text("Server", result.config));
}

TEST_CASE("sessionTimeout is in seconds, as Tomcat has it, unless a unit says otherwise") {
  const auto timeout = [](const std::string& value) {
    const Reading result = read(secure("", host("sessionTimeout='" + value + "'")));
    REQUIRE(result.remarks.empty());
    // Printed with a unit where a bare number would be read as another time.
    std::vector<Diagnostic> warnings;
    const ServerConfig again =
        parse_server_config(effective_configuration(result.config), "again", {}, warnings);
    const auto& hosts = again.service.connectors.at(0).ssl_hosts;
    CHECK(hosts.at(0).session_timeout == result.connector().ssl_hosts[0].session_timeout);
    return hosts.at(0).session_timeout;
  };
  CHECK(timeout("300") == 5min);
  CHECK(timeout("2h") == 2h);
  CHECK(timeout("1500ms") == 1500ms);
  CHECK(timeout("0") == 0s);
}

TEST_CASE("TLS needs a certificate, and a certificate needs TLS") {
  CHECK(only_remark("<Connector SSLEnabled='true'/>")
            .starts_with("1: 'SSLEnabled' of <Connector> needs a certificate; write "
                         "<SSLHostConfig><Certificate certificateFile="));
  CHECK(only_remark(secure("", host("", ""))) ==
        "2: <SSLHostConfig> needs at least one <Certificate>");
  CHECK(only_remark("<Connector>\n" + host("") + "</Connector>") ==
        "2: <SSLHostConfig> needs SSLEnabled=\"true\" on its <Connector>, which would be plain "
        "without");
}

TEST_CASE("there is one host for clients that ask for none") {
  CHECK(only_remark(secure("", host("hostName='a.example'")))
            .starts_with("2: <Connector> needs an <SSLHostConfig> for clients that ask for no "
                         "host: leave out the 'hostName' of one"));
  CHECK(only_remark(secure("defaultSSLHostConfigName='b.example'", host("hostName='a.example'"))) ==
        "1: 'defaultSSLHostConfigName' of <Connector>: there is no <SSLHostConfig> with the "
        "hostName 'b.example'; did you mean 'a.example'?");
  CHECK(only_remark(secure("", host("") + host("hostName='_default_'"))) ==
        "3: <SSLHostConfig> of host name '_default_' is already on line 2");
  CHECK(only_remark(
            secure("", host("") + host("hostName='a.example'") + host("hostName='A.EXAMPLE'"))) ==
        "4: <SSLHostConfig> of host name 'a.example' is already on line 3");
}

TEST_CASE("names of hosts are exact or have one label of wildcard") {
  CHECK(read(secure("", host("") + host("hostName='*.example.org'"))).remarks.empty());
  for (const std::string bad : {"", "*", "a.*", "https://a", "a b", "a:443"})
    CHECK(only_remark(secure("", host("") + host("hostName='" + bad + "'"))) ==
          "3: attribute 'hostName' of <SSLHostConfig>: '" + bad +
              "' is not a host name; write one as in www.example.org or *.example.org");
}

TEST_CASE("certificates of one host differ in their type, and have one password") {
  CHECK(only_remark(secure("", host("",
                                    "\n<Certificate certificateFile='a' type='RSA'/>"
                                    "\n<Certificate certificateFile='b' type='RSA'/>"))) ==
        "4: a second <Certificate> of this 'type'; the other is on line 3");
  CHECK(only_remark(secure("", host("",
                                    "<Certificate certificateFile='a' certificateKeyPassword='x' "
                                    "certificateKeyPasswordFile='y'/>"))) ==
        "2: <Certificate> has a 'certificateKeyPassword' and a 'certificateKeyPasswordFile'; "
        "write one of them");
}

TEST_CASE("who checks certificates of clients trusts somebody") {
  CHECK(only_remark(secure("", host("certificateVerification='required'"))) ==
        "2: 'certificateVerification' of <SSLHostConfig> needs those who may sign: write "
        "'caCertificateFile' or 'caCertificatePath'");
  CHECK(only_remark(secure("", host("caCertificateFile='ca.pem'")))
            .starts_with("2: 'caCertificateFile' has no effect: clients are asked for no "
                         "certificate"));
}

TEST_CASE("a secure connector cannot look plain") {
  CHECK(only_remark(secure("scheme='http'", host("")))
            .starts_with("1: 'scheme' of <Connector> is http, but with SSLEnabled it is https"));
  CHECK(only_remark(secure("secure='false'", host("")))
            .starts_with("1: 'secure' of <Connector> is false, but with SSLEnabled it is true"));
  CHECK(read(secure("scheme='https' secure='true'", host(""))).remarks.empty());
}

TEST_CASE("what Tomcat calls otherwise is refused where passing it over would be unsafe") {
  CHECK(only_remark("<Connector clientAuth='true'/>") ==
        "1: attribute 'clientAuth' of <Connector> is Tomcat's and not supported: write "
        "'certificateVerification' and 'caCertificateFile' on <SSLHostConfig>");
  CHECK(only_remark(secure("", host("truststoreFile='t.jks'"))) ==
        "2: attribute 'truststoreFile' of <SSLHostConfig> is Tomcat's and not supported: trust "
        "stores are Java's; write 'caCertificateFile', a PEM file");
  CHECK(only_remark(secure("", host("disableCompression='true'"))) ==
        "2: attribute 'disableCompression' of <SSLHostConfig> is Tomcat's and has no effect: "
        "records are never compressed");
}

TEST_CASE("HTTP/2 is named, and its limits are held to the protocol's") {
  CHECK(only_remark("<Connector>\n<UpgradeProtocol/></Connector>") ==
        "2: <UpgradeProtocol> needs the attribute 'className'");
  CHECK(only_remark("<Connector><UpgradeProtocol className='http3'/></Connector>")
            .starts_with("1: attribute 'className' of <UpgradeProtocol>: 'http3' is not one of "
                         "http2, org.apache.coyote.http2.Http2Protocol"));
  CHECK(only_remark(
            "<Connector><UpgradeProtocol className='http2' maxFrameSize='8KiB'/></Connector>") ==
        "1: attribute 'maxFrameSize' of <UpgradeProtocol>: '8KiB' is not between 16384 and "
        "16777215 bytes");
  CHECK(only_remark("<Connector><UpgradeProtocol className='http2'/>\n"
                    "<UpgradeProtocol className='http2'/></Connector>") ==
        "2: a second <UpgradeProtocol>; <Connector> takes only one");
}

TEST_CASE("a constraint says for which paths, and which guarantee") {
  CHECK(constraint_remark("<SecurityConstraint transportGuarantee='CONFIDENTIAL'/>") ==
        "<SecurityConstraint> needs 'path'; write path=\"/*\" for the whole application");
  CHECK(constraint_remark("<SecurityConstraint path='a' transportGuarantee='CONFIDENTIAL'/>")
            .starts_with("URL pattern 'a' of <SecurityConstraint> must begin with"));
  CHECK(constraint_remark("<SecurityConstraint path='/*' transportGuarantee='SECRET'/>") ==
        "attribute 'transportGuarantee' of <SecurityConstraint>: 'SECRET' is not one of NONE, "
        "INTEGRAL, CONFIDENTIAL");
}

}  // namespace container
