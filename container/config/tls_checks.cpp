// What must hold between the elements of server.xml that are about TLS. What is in the files is
// checked when they are read.
#include <array>

#include "container/config/checks.h"
#include "container/config/quoted.h"
#include "container/config/suggestion.h"
#include "container/config/unique_names.h"

namespace container {
namespace {

constexpr std::string_view no_sni = "_default_";

bool is_server_name(std::string_view name) {
  if (name == no_sni) return true;
  if (name.starts_with("*.")) name.remove_prefix(2);
  return !name.empty() && name.size() <= 253 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") == name.npos;
}

void check_certificates(const SslHostConfig& host, Report& report) {
  std::array<const CertificateConfig*, 4> of_type{};
  for (const CertificateConfig& one : host.certificates) {
    if (!one.key_password.empty() && !one.key_password_file.empty())
      report.error(position_of(one, "certificateKeyPassword"),
                   "<Certificate> has a 'certificateKeyPassword' and a "
                   "'certificateKeyPasswordFile'; write one of them");
    if (one.type == CertificateType::undefined) continue;
    const CertificateConfig*& other = of_type[static_cast<std::size_t>(one.type)];
    if (other != nullptr)
      report.error(position_of(one, "type"),
                   "a second <Certificate> of this 'type'; the other is on line " +
                       std::to_string(other->position.line));
    other = &one;
  }
}

void check_verification(const SslHostConfig& host, Report& report) {
  const bool checks = host.verification == VerificationChoice::required ||
                      host.verification == VerificationChoice::optional;
  const bool trusts = !host.ca_file.empty() || !host.ca_path.empty();
  if (checks && !trusts)
    report.error(position_of(host, "certificateVerification"),
                 "'certificateVerification' of <SSLHostConfig> needs those who may sign: write "
                 "'caCertificateFile' or 'caCertificatePath'");
  if (host.verification != VerificationChoice::none) return;
  for (const std::string_view idle :
       {"caCertificateFile", "caCertificatePath", "certificateRevocationListFile",
        "certificateRevocationListPath"})
    if (find_origin(host, idle) != nullptr)
      report.warning(position_of(host, idle),
                     in_quotes(idle) +
                         " has no effect: clients are asked for no certificate; write "
                         "certificateVerification=\"required\"");
}

void check_default_host(const ConnectorConfig& connector, const UniqueNames& names,
                        Report& report) {
  const std::string& wanted = connector.default_ssl_host_config_name;
  if (names.contains(wanted)) return;
  if (find_origin(connector, "defaultSSLHostConfigName") != nullptr) {
    report.error(position_of(connector, "defaultSSLHostConfigName"),
                 "'defaultSSLHostConfigName' of <Connector>: there is no <SSLHostConfig> with the "
                 "hostName " +
                     in_quotes(wanted) + did_you_mean(wanted, names.names()));
    return;
  }
  report.error(connector.ssl_hosts.front().position,
               "<Connector> needs an <SSLHostConfig> for clients that ask for no host: leave out "
               "the 'hostName' of one, or name it in 'defaultSSLHostConfigName'");
}

void make_secure(ConnectorConfig& connector, Report& report) {
  if (find_origin(connector, "scheme") != nullptr && connector.scheme == "http")
    report.error(position_of(connector, "scheme"),
                 "'scheme' of <Connector> is http, but with SSLEnabled it is https; leave it out");
  if (find_origin(connector, "secure") != nullptr && !connector.secure)
    report.error(position_of(connector, "secure"),
                 "'secure' of <Connector> is false, but with SSLEnabled it is true; leave it out");
  connector.scheme = "https";
  connector.secure = true;
}

void check_plain(const ConnectorConfig& connector, Report& report) {
  if (!connector.ssl_hosts.empty())
    report.error(connector.ssl_hosts.front().position,
                 "<SSLHostConfig> needs SSLEnabled=\"true\" on its <Connector>, which would be "
                 "plain without");
}

}  // namespace

void check_tls(ConnectorConfig& connector, Report& report) {
  if (!connector.ssl_enabled) return check_plain(connector, report);
  make_secure(connector, report);
  if (connector.ssl_hosts.empty()) {
    report.error(position_of(connector, "SSLEnabled"),
                 "'SSLEnabled' of <Connector> needs a certificate; write <SSLHostConfig>"
                 "<Certificate certificateFile=\"conf/cert.pem\" "
                 "certificateKeyFile=\"conf/key.pem\"/></SSLHostConfig> into it");
    return;
  }
  UniqueNames names("<SSLHostConfig> of host name", report);
  for (const SslHostConfig& host : connector.ssl_hosts) {
    names.add(host.host_name, position_of(host, "hostName"));
    if (!is_server_name(host.host_name))
      report.error(position_of(host, "hostName"),
                   "attribute 'hostName' of <SSLHostConfig>: " + in_quotes(host.host_name) +
                       " is not a host name; write one as in www.example.org or *.example.org");
    check_certificates(host, report);
    check_verification(host, report);
  }
  check_default_host(connector, names, report);
}

}  // namespace container
