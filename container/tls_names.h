// What is known of TLS, under the names that people know: of Tomcat's request attributes and of
// the variables of httpd's mod_ssl, which Tomcat's rewrite valve has as well.
#pragma once

#include <optional>
#include <string_view>

#include "server/arena.h"
#include "server/tls/facts.h"

namespace container {

// Texts are the facts' own or the arena's. {}: no such attribute, or nothing is known.
std::optional<std::string_view> tls_attribute(const server::tls::Facts& facts,
                                              std::string_view name, server::Arena& arena);

bool is_tls_variable(std::string_view name);  // SSL_PROTOCOL and its like
// {}: no such variable, or nothing is known. Facts: null for a plain connection.
std::optional<std::string_view> tls_variable(const server::tls::Facts* facts, std::string_view name,
                                             server::Arena& arena);

}  // namespace container
