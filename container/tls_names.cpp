// What is known of TLS, under the names that people know.
#include "container/tls_names.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <string>

namespace container {

namespace {

using server::Arena;
using server::tls::Facts;
using server::tls::PeerCertificate;

// Empty: not known.
using Read = std::string_view (*)(const Facts&, Arena&);

struct Name {
  std::string_view name;
  Read read;
};

std::string_view protocol(const Facts& facts, Arena&) { return facts.protocol; }
std::string_view session_id(const Facts& facts, Arena&) { return facts.session_id; }

std::string_view key_size(const Facts& facts, Arena& arena) {
  char* const room = arena.array<char>(12);
  return {room,
          static_cast<std::size_t>(std::to_chars(room, room + 12, facts.key_size).ptr - room)};
}

// An array of objects in Tomcat: here the PEM of each, behind one another.
std::string_view certificates(const Facts& facts, Arena& arena) {
  std::string pem;
  for (const PeerCertificate& one : facts.certificates) pem += pem_of(one);
  return arena.copy(pem);
}

std::string_view verification(const Facts& facts, Arena& arena) {
  if (facts.certificates.empty()) return "NONE";
  if (facts.distrust.empty()) return "SUCCESS";
  return arena.copy("FAILED:" + std::string(facts.distrust));
}

template <std::string PeerCertificate::*Text>
std::string_view of_client(const Facts& facts, Arena&) {
  return facts.certificates.empty() ? std::string_view{} : facts.certificates[0].*Text;
}

// The first is of Servlet 6.1, what it has not is Tomcat's own.
constexpr Name kAttributes[] = {
    {"jakarta.servlet.request.secure_protocol", protocol},
    {"jakarta.servlet.request.cipher_suite",
     [](const Facts& facts, Arena&) { return facts.cipher_suite; }},
    {"jakarta.servlet.request.key_size", key_size},
    {"jakarta.servlet.request.ssl_session_id", session_id},
    {"jakarta.servlet.request.X509Certificate", certificates},
    {"org.apache.tomcat.util.net.secure_protocol_version", protocol},
};

constexpr Name kVariables[] = {
    {"SSL_PROTOCOL", protocol},
    {"SSL_CIPHER", [](const Facts& facts, Arena&) { return facts.cipher; }},
    {"SSL_CIPHER_USEKEYSIZE", key_size},
    {"SSL_SESSION_ID", session_id},
    {"SSL_SESSION_RESUMED",
     [](const Facts& facts, Arena&) -> std::string_view {
       return facts.resumed ? "Resumed" : "Initial";
     }},
    {"SSL_TLS_SNI",
     [](const Facts& facts, Arena&) -> std::string_view { return facts.server_name; }},
    {"SSL_CLIENT_VERIFY", verification},
    {"SSL_CLIENT_S_DN", of_client<&PeerCertificate::subject>},
    {"SSL_CLIENT_I_DN", of_client<&PeerCertificate::issuer>},
    {"SSL_CLIENT_M_SERIAL", of_client<&PeerCertificate::serial>},
};

const Name* find(std::span<const Name> names, std::string_view name) {
  const auto found =
      std::find_if(names.begin(), names.end(), [&](const Name& one) { return one.name == name; });
  return found == names.end() ? nullptr : &*found;
}

std::optional<std::string_view> read(const Name* name, const Facts& facts, Arena& arena) {
  if (name == nullptr) return std::nullopt;
  const std::string_view text = name->read(facts, arena);
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

std::optional<std::string_view> tls_attribute(const Facts& facts, std::string_view name,
                                              Arena& arena) {
  return read(find(kAttributes, name), facts, arena);
}

bool is_tls_variable(std::string_view name) { return find(kVariables, name) != nullptr; }

std::optional<std::string_view> tls_variable(const Facts* facts, std::string_view name,
                                             Arena& arena) {
  return facts == nullptr ? std::nullopt : read(find(kVariables, name), *facts, arena);
}

}  // namespace container
