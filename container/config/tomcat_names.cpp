// The table behind the warnings for operators who bring their Tomcat's files along.
#include "container/config/tomcat_names.h"

#include <array>

namespace container {
namespace {

constexpr std::string_view pem_files =
    "write <SSLHostConfig> with <Certificate certificateFile= certificateKeyFile=/>, PEM files";
constexpr std::string_view no_keystore =
    "key stores are Java's; write 'certificateFile' and 'certificateKeyFile', PEM files";
constexpr std::string_view no_truststore =
    "trust stores are Java's; write 'caCertificateFile', a PEM file";
constexpr std::string_view on_host = "write it on <SSLHostConfig>";
constexpr std::string_view verification =
    "write 'certificateVerification' and 'caCertificateFile' on <SSLHostConfig>";
constexpr std::string_view no_jsse = "OpenSSL is the only implementation of TLS";
constexpr std::string_view no_responder =
    "responders are not asked; write 'certificateRevocationListFile'";
constexpr std::string_view on_connector = "what <Connector> says holds";
constexpr std::string_view no_compression =
    "write <Filter type=\"compression\"> with the same parameter";
constexpr std::string_view all_compressed =
    "who says 'Accept-Encoding: gzip' is believed; see <Filter type=\"compression\">";
constexpr std::string_view own_pool = "set it on an <Executor> and name that in 'executor'";
constexpr std::string_view no_java = "there are no Java classes here";
constexpr std::string_view on_manager = "write it on <Manager> in the application";
constexpr std::string_view on_endpoint =
    "it is a parameter of each endpoint that reads multipart/form-data";
constexpr std::string_view no_archives = "applications are folders here";
constexpr std::string_view always_utf8 = "URIs are UTF-8 here";
constexpr std::string_view no_tuning = "the system's own value holds";
constexpr std::string_view one_limit = "'maxHttpHeaderSize' limits the head of a request";
constexpr std::string_view no_realm = "write <LoginConfig authMethod=...> in the application";
constexpr std::string_view files_endpoint = "the parameters of a `files` endpoint say this here";

constexpr std::string_view remote_ip =
    "write <Filter type=\"remote-ip\" path=\"/*\">, its attributes as <Parameter>s of the same "
    "names";
constexpr std::string_view remote_cidr =
    "write <Filter type=\"remote-cidr\" path=\"/*\"> with <Parameter name=\"allow\" "
    "value=\"127.0.0.0/8, ::1\"/>, blocks of addresses";
constexpr std::string_view no_look_up =
    "client addresses are never looked up; write a remote-cidr <Filter> with blocks of them";
constexpr std::string_view body_limit =
    "write <Filter type=\"body-limit\" path=\"/*\">, or 'maxPostSize' on <Connector>";

constexpr auto attributes = std::to_array<TomcatName>({
    {"Server", "port", "signals and 'margay stop' end the server; nothing listens for that"},
    {"Server", "shutdown", "signals and 'margay stop' end the server; nothing listens for a word"},
    {"Server", "address", "nothing listens for a shutdown command"},
    {"Server", "portOffset", "write ports as ${port:-8080} to move them"},
    {"Server", "utilityThreads", "background work needs no pool here"},
    {"Server", "utilityThreadsAsDaemon", "background work needs no pool here"},
    {"Server", "periodicEventDelay", "there are no lifecycle events here"},
    {"Service", "gracefulStopAwaitMillis", "write it on <Server>"},
    {"Executor", "daemon", "threads end with the server"},
    {"Executor", "threadPriority", "threads run with the priority of the process"},
    {"Executor", "prestartminSpareThreads", "threads start when they are needed"},
    {"Executor", "threadRenewalDelay", "threads need no renewal when an application is reloaded"},
    {"Connector", "protocol", "HTTP/1.1 is always served, HTTP/2 with <UpgradeProtocol>"},
    {"Connector", "sslImplementationName", no_jsse},
    {"Connector", "sniParseLimit", "OpenSSL limits what a client says first"},
    {"Connector", "keystoreFile", pem_files, true},
    {"Connector", "keystorePass", pem_files, true},
    {"Connector", "keystoreType", pem_files, true},
    {"Connector", "keyAlias", pem_files, true},
    {"Connector", "keyPass", pem_files, true},
    {"Connector", "SSLCertificateFile", pem_files, true},
    {"Connector", "SSLCertificateKeyFile", pem_files, true},
    {"Connector", "SSLCertificateChainFile", pem_files, true},
    {"Connector", "SSLPassword", pem_files, true},
    {"Connector", "clientAuth", verification, true},
    {"Connector", "SSLVerifyClient", verification, true},
    {"Connector", "SSLVerifyDepth", verification, true},
    {"Connector", "SSLCACertificateFile", verification, true},
    {"Connector", "SSLCACertificatePath", verification, true},
    {"Connector", "truststoreFile", verification, true},
    {"Connector", "truststorePass", verification, true},
    {"Connector", "crlFile", "write 'certificateRevocationListFile' on <SSLHostConfig>", true},
    {"Connector", "sslProtocol", "write 'protocols' on <SSLHostConfig>", true},
    {"Connector", "sslEnabledProtocols", "write 'protocols' on <SSLHostConfig>", true},
    {"Connector", "SSLProtocol", "write 'protocols' on <SSLHostConfig>", true},
    {"Connector", "SSLCipherSuite", "write 'ciphers' on <SSLHostConfig>", true},
    {"Connector", "ciphers", on_host, true},
    {"Connector", "useServerCipherSuitesOrder", "write 'honorCipherOrder' on <SSLHostConfig>"},
    {"Connector", "SSLHonorCipherOrder", "write 'honorCipherOrder' on <SSLHostConfig>"},
    {"Connector", "algorithm", no_jsse},
    {"Connector", "compression", no_compression},
    {"Connector", "compressionMinSize", no_compression},
    {"Connector", "compressibleMimeType", no_compression},
    {"Connector", "noCompressionUserAgents", all_compressed},
    {"Connector", "noCompressionEncodings", all_compressed},
    {"Connector", "maxThreads", own_pool},
    {"Connector", "minSpareThreads", own_pool},
    {"Connector", "maxQueueSize", own_pool},
    {"Connector", "threadsMaxIdleTime", "set 'maxIdleTime' on an <Executor>"},
    {"Connector", "threadPriority", "threads run with the priority of the process"},
    {"Connector", "acceptorThreadCount", "'loops' says how many threads accept and serve"},
    {"Connector", "acceptorThreadPriority", "'loops' says how many threads accept and serve"},
    {"Connector", "pollerThreadCount", "'loops' says how many threads accept and serve"},
    {"Connector", "pollerThreadPriority", "'loops' says how many threads accept and serve"},
    {"Connector", "selectorTimeout", "event loops need no such time"},
    {"Connector", "executorTerminationTimeoutMillis",
     "write 'gracefulStopAwaitMillis' on <Server>"},
    {"Connector", "bindOnInit", "ports open when the server starts"},
    {"Connector", "portOffset", "write ports as ${port:-8080} to move them"},
    {"Connector", "throwOnFailure", "a port that cannot be opened always ends the start"},
    {"Connector", "disableUploadTimeout", "'connectionUploadTimeout' always holds"},
    {"Connector", "useKeepAliveResponseHeader", "no Keep-Alive header is sent"},
    {"Connector", "restrictedUserAgents", "keep-alive is the same for every client"},
    {"Connector", "maxHttpRequestHeaderSize", one_limit},
    {"Connector", "maxHttpResponseHeaderSize", "the head of an answer has no limit of its own"},
    {"Connector", "maxCookieCount", "cookies are limited by 'maxHttpHeaderSize'"},
    {"Connector", "maxPartCount", on_endpoint},
    {"Connector", "maxPartHeaderSize", on_endpoint},
    {"Connector", "maxSavePostSize", "write it on the <LoginConfig> of the application"},
    {"Realm", "resourceName", "users are read from the file that 'pathname' says"},
    {"Realm", "digest", "write a <CredentialHandler> in the <Realm>"},
    {"Connector", "parseBodyMethods", "endpoints parse the bodies they want"},
    {"Connector", "connectionLinger", no_tuning},
    {"Connector", "URIEncoding", always_utf8},
    {"Connector", "useBodyEncodingForURI", always_utf8},
    {"Connector", "relaxedPathChars", "characters that RFC 3986 forbids are refused"},
    {"Connector", "relaxedQueryChars", "characters that RFC 3986 forbids are refused"},
    {"Connector", "rejectSuspiciousURIs", "such paths are always normalised or refused"},
    {"Connector", "rejectIllegalHeader", "illegal fields are always refused"},
    {"Connector", "allowHostHeaderMismatch", "a Host that contradicts the target is refused"},
    {"Connector", "enableLookups", "client addresses are never looked up"},
    {"Connector", "useIPVHosts", "the Host header chooses the host"},
    {"Connector", "xpoweredBy", "no such header is sent"},
    {"Connector", "serverRemoveAppProvidedValues", "a Server header of an endpoint is kept"},
    {"Connector", "discardFacades", no_java},
    {"Connector", "packetSize", "AJP is not served here"},
    {"Connector", "secretRequired", "AJP is not served here"},
    {"Connector", "secret", "AJP is not served here"},
    {"SSLHostConfig", "certificateFile", "write it on <Certificate>", true},
    {"SSLHostConfig", "certificateKeyFile", "write it on <Certificate>", true},
    {"SSLHostConfig", "certificateKeyPassword", "write it on <Certificate>", true},
    {"SSLHostConfig", "certificateChainFile", "write it on <Certificate>", true},
    {"SSLHostConfig", "certificateKeystoreFile", no_keystore, true},
    {"SSLHostConfig", "certificateKeystorePassword", no_keystore, true},
    {"SSLHostConfig", "truststoreFile", no_truststore, true},
    {"SSLHostConfig", "truststorePassword", no_truststore, true},
    {"SSLHostConfig", "truststoreProvider", no_truststore, true},
    {"SSLHostConfig", "truststoreType", no_truststore, true},
    {"SSLHostConfig", "truststoreAlgorithm", no_truststore, true},
    {"SSLHostConfig", "trustManagerClassName", no_truststore, true},
    {"SSLHostConfig", "ocspEnabled", no_responder, true},
    {"SSLHostConfig", "ocspSoftFail", no_responder, true},
    {"SSLHostConfig", "ocspTimeout", no_responder},
    {"SSLHostConfig", "ocspVerifyFlags", no_responder},
    {"SSLHostConfig", "revocationEnabled", no_responder, true},
    {"SSLHostConfig", "keyManagerAlgorithm", no_jsse},
    {"SSLHostConfig", "sslProtocol", "write 'protocols'", true},
    {"SSLHostConfig", "disableCompression", "records are never compressed"},
    {"Certificate", "certificateKeystoreFile", no_keystore, true},
    {"Certificate", "certificateKeystorePassword", no_keystore, true},
    {"Certificate", "certificateKeystorePasswordFile", no_keystore, true},
    {"Certificate", "certificateKeystoreProvider", no_keystore},
    {"Certificate", "certificateKeystoreType", no_keystore},
    {"Certificate", "certificateKeyAlias", no_keystore},
    {"UpgradeProtocol", "maxConcurrentStreamExecution", "the threads of the <Executor> bound that"},
    {"UpgradeProtocol", "allowedTrailerHeaders", on_connector},
    {"UpgradeProtocol", "maxHeaderCount", "write 'maxHeaderCount' on <Connector>", true},
    {"UpgradeProtocol", "maxHeaderSize", "write 'maxHttpHeaderSize' on <Connector>", true},
    {"UpgradeProtocol", "maxTrailerCount", on_connector},
    {"UpgradeProtocol", "maxTrailerSize", "write 'maxTrailerSize' on <Connector>", true},
    {"UpgradeProtocol", "useSendfile", "files are read into frames"},
    {"UpgradeProtocol", "initiatePingDisabled", "clients are not pinged but at the end"},
    {"UpgradeProtocol", "discardRequestsAndResponses", no_java},
    {"UpgradeProtocol", "compression", no_compression},
    {"UpgradeProtocol", "compressionMinSize", no_compression},
    {"UpgradeProtocol", "compressibleMimeType", no_compression},
    {"UpgradeProtocol", "noCompressionUserAgents", all_compressed},
    {"UpgradeProtocol", "noCompressionEncodings", all_compressed},
    {"Host", "unpackWARs", no_archives},
    {"Host", "copyXML", no_archives},
    {"Host", "deployXML", no_archives},
    {"Host", "xmlBase", "write <Context> into <Host>, or app.xml into the application's folder"},
    {"Host", "deployIgnore", "folders without an app.xml and hidden ones are left alone"},
    {"Host", "createDirs", "folders are not made"},
    {"Host", "undeployOldVersions", "old versions stay until their folder goes"},
    {"Host", "errorReportValveClass", no_java},
    {"Context", "reloadable", "'autoDeploy' on <Host> reloads what changed"},
    {"Context", "crossContext", "applications do not call each other"},
    {"Context", "privileged", no_java},
    {"Context", "cookies", on_manager},
    {"Context", "sessionCookieName", on_manager},
    {"Context", "sessionCookiePath", on_manager},
    {"Context", "sessionCookieDomain", on_manager},
    {"Context", "sessionTimeout", on_manager},
    {"Context", "useHttpOnly", on_manager},
    {"Context", "usePartitioned", on_manager},
    {"Context", "validateClientProvidedNewSessionId", "ids that clients make up never count"},
    {"Context", "swallowAbortedUploads", "'maxSwallowSize' on <Connector> says how much is read"},
    {"Context", "unloadDelay", "old code stays for as long as an exchange uses it"},
    {"Context", "override", "there are no context defaults to override"},
    {"Context", "displayName", "the path names the application"},
    {"Context", "antiResourceLocking", "files are never locked"},
    {"Context", "caseSensitive", "file names are as the system sees them"},
    {"Context", "allowLinking", files_endpoint},
    {"Context", "cachingAllowed", files_endpoint},
    {"Context", "parallelAnnotationScanning", no_java},
    {"Context", "mapperContextRootRedirectEnabled", "the context root is always redirected"},
    {"Context", "mapperDirectoryRedirectEnabled", files_endpoint},
    {"Context", "useRelativeRedirects", "redirects are sent as endpoints write them"},
    {"Context", "sendRedirectBody", "redirects have no body"},
    {"Context", "logEffectiveWebXml", "'margay config' prints the effective configuration"},
    {"Parameter", "override", "what <Context> says always wins over app.xml"},
    {"Parameter", "description", "write a comment"},
    {"AccessLog", "encoding", "access logs are UTF-8"},
    {"AccessLog", "locale", "dates are in English"},
    {"AccessLog", "checkExists", "the log is opened anew on SIGHUP"},
    {"AccessLog", "resolveHosts", "client addresses are never looked up"},
    {"AccessLog", "requestAttributesEnabled", "what filters say of the client always counts"},
    {"AccessLog", "maxLogMessageBufferSize", "'queueLimit' bounds what waits for the writer"},
    {"AccessLog", "ipv6Canonical", "addresses are written in their canonical form"},
    {"AccessLog", "condition", "write 'conditionUnless'"},
    {"ErrorReport", "showReport",
     "error answers show nothing of the inside unless 'includeMessage', 'includeException' or "
     "'includeStacktrace' say so"},
    {"Filter", "className", "write 'type', as in type=\"cors\"", true},
    {"*", "className", no_java},
    {"*", "backgroundProcessorDelay", "write 'autoDeployInterval' on <Host>"},
    {"*", "startStopThreads", "applications start one after the other"},
    {"*", "SSLEngine", no_jsse},
});

constexpr auto elements = std::to_array<TomcatName>({
    {"*", "GlobalNamingResources", "there is no JNDI here; use <Parameter>"},
    {"*", "Resources", files_endpoint},
    {"*", "Resource", "there is no JNDI here; use <Parameter>"},
    {"*", "ResourceLink", "there is no JNDI here; use <Parameter>"},
    {"*", "ResourceEnvRef", "there is no JNDI here; use <Parameter>"},
    {"*", "Environment", "there is no JNDI here; use <Parameter>"},
    {"*", "Transaction", "there is no JNDI here"},
    {"*", "Ejb", "there is no JNDI here"},
    {"*", "Realm", "it goes into <Engine>, <Host>, <Context> or <Application>"},
    {"*", "CredentialHandler", "it goes into <Realm type=\"memory\">"},
    {"*", "Manager", "write <Manager> into <Application> or <Context>"},
    {"*", "Store", "write 'pathname' on <Manager>"},
    {"*", "SessionIdGenerator", "write 'sessionIdLength' on <Manager>"},
    {"*", "CookieProcessor",
     "cookies are read as RFC 6265 says; write 'sameSiteCookies' on <Manager>"},
    {"*", "Loader", "<Library> says what is loaded"},
    {"*", "JarScanner", no_java},
    {"*", "JarScanFilter", no_java},
    {"*", "Cluster", "servers do not form clusters here"},
    {"*", "WatchedResource", "app.xml and the libraries are watched"},
    {"*", "WrapperLifecycle", no_java},
    {"*", "WrapperListener", no_java},
    {"*", "InstanceListener", no_java},
});

constexpr auto classes = std::to_array<TomcatName>({
    {"Valve", "ExtendedAccessLogValve", "write <AccessLog> with a pattern"},
    {"Valve", "JsonAccessLogValve", "write <AccessLog pattern=\"json\"/>"},
    {"Valve", "JDBCAccessLogValve", "write <AccessLog>; logs are files"},
    {"Valve", "RemoteIpValve", remote_ip},
    {"Valve", "RemoteAddrValve", remote_cidr, true},
    {"Valve", "RemoteCIDRValve", remote_cidr, true},
    {"Valve", "RemoteHostValve", no_look_up, true},
    {"Valve", "JsonErrorReportValve", "clients that ask for JSON always get it"},
    {"Valve", "ProxyErrorReportValve", "write <ErrorPage status= location=/> in the application"},
    {"Valve", "StuckThreadDetectionValve",
     "write 'workerStallWarning' on <Server>; its threshold is 5 s by default"},
    {"Valve", "HealthCheckValve", "write <Filter type=\"health\" path=\"/health\"/>"},
    {"Valve", "SemaphoreValve",
     "write <Filter type=\"concurrency-limit\" path=\"/*\">; 'maxThreads' on <Executor> bounds "
     "all that may block"},
    {"Valve", "RewriteValve", "write <Filter type=\"rewrite\"> with the same rules"},
    {"Valve", "ParameterLimitValve", body_limit},
    {"Valve", "FilterValve", "write the <Filter> itself, in the same place"},
    {"Valve", "SSLValve",
     "let the proxy pass TLS through, with 'proxyProtocol' on <Connector>: the client's "
     "certificate is request.tls() then"},
    {"Valve", "SingleSignOn", no_realm},
    {"Valve", "BasicAuthenticator", no_realm},
    {"Valve", "DigestAuthenticator", no_realm},
    {"Valve", "FormAuthenticator", "write <LoginConfig authMethod=\"FORM\"> in the application"},
    {"Valve", "SSLAuthenticator", no_realm},
    {"Valve", "SpnegoAuthenticator", no_realm},
    {"Valve", "LoadBalancerDrainingValve",
     "write <Filter type=\"health\">, and 'drainDelay' on <Server>"},
    {"Valve", "PersistentValve", "write 'saveInterval' on <Manager>"},
    {"Valve", "CrawlerSessionManagerValve",
     "write 'maxActiveSessions' on <Manager>; sessions are made only where an endpoint asks"},
    {"Valve", "ReplicationValve", "servers do not form clusters here"},
    {"Valve", "JvmRouteBinderValve", "servers do not form clusters here"},
    {"Filter", "AddDefaultCharsetFilter",
     "write type=\"add-default-charset\", with the same parameters"},
    {"Filter", "CorsFilter", "write type=\"cors\", with the same parameters"},
    {"Filter", "CsrfPreventionFilter", "write type=\"csrf\""},
    {"Filter", "RestCsrfPreventionFilter", "write type=\"csrf\""},
    {"Filter", "ExpiresFilter", "write type=\"expires\", with the same parameters"},
    {"Filter", "HttpHeaderSecurityFilter",
     "write type=\"security-headers\", with the same parameters"},
    {"Filter", "RateLimitFilter", "write type=\"rate-limit\", with the same parameters"},
    {"Filter", "RemoteAddrFilter", "write type=\"remote-cidr\", with blocks of addresses"},
    {"Filter", "RemoteCIDRFilter", "write type=\"remote-cidr\", with blocks of addresses"},
    {"Filter", "RemoteHostFilter", no_look_up},
    {"Filter", "RemoteIpFilter", "write type=\"remote-ip\", with the same parameters"},
    {"Filter", "RequestDumperFilter", "write type=\"request-dumper\""},
    {"Filter", "SessionInitializerFilter", "write type=\"session-initializer\""},
    {"Filter", "SetCharacterEncodingFilter", always_utf8},
    {"Filter", "WebdavFixFilter", "WebDAV is not served here"},
    {"Listener", "VersionLoggerListener", "the server logs its version when it starts"},
    {"Listener", "AprLifecycleListener", "there is nothing to prepare"},
    {"Listener", "OpenSSLLifecycleListener", "there is nothing to prepare"},
    {"Listener", "JreMemoryLeakPreventionListener", "there is no Java to leak"},
    {"Listener", "ThreadLocalLeakPreventionListener", "there is no Java to leak"},
    {"Listener", "GlobalResourcesLifecycleListener", "there is no JNDI here"},
    {"Listener", "SecurityListener", "run the server as a user of its own"},
    {"Listener", "TLSCertificateReloadListener", "certificates are read again when they change"},
    {"Listener", "UserConfig", "write a <Context> for each folder"},
});

}  // namespace

std::span<const TomcatName> tomcat_attributes() { return attributes; }
std::span<const TomcatName> tomcat_elements() { return elements; }
std::span<const TomcatName> tomcat_classes() { return classes; }

const TomcatName* find_tomcat_name(std::span<const TomcatName> names, std::string_view element,
                                   std::string_view name) {
  for (const TomcatName& candidate : names) {
    const bool here = candidate.element == "*" || candidate.element == element;
    if (here && candidate.name == name) return &candidate;
  }
  return nullptr;
}

}  // namespace container
