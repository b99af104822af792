// The table behind the warnings for operators who bring their Tomcat's files along.
#include "container/config/tomcat_names.h"

#include <array>

namespace container {
namespace {

constexpr std::string_view not_served = "TLS is not served here; the connector stays plain HTTP";
constexpr std::string_view no_compression = "answers are not compressed here";
constexpr std::string_view own_pool = "set it on an <Executor> and name that in 'executor'";
constexpr std::string_view no_java = "there are no Java classes here";
constexpr std::string_view no_sessions = "there are no HTTP sessions here";
constexpr std::string_view no_parameters = "form fields are limited by 'maxPostSize' alone";
constexpr std::string_view no_archives = "applications are folders here";
constexpr std::string_view always_utf8 = "URIs are UTF-8 here";
constexpr std::string_view no_tuning = "the system's own value holds";
constexpr std::string_view one_limit = "'maxHttpHeaderSize' limits the head of a request";
constexpr std::string_view no_realm = "put a filter that authenticates in front of the endpoints";
constexpr std::string_view files_endpoint = "the parameters of a `files` endpoint say this here";

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
    {"Connector", "protocol", "HTTP/1.1 is always served"},
    {"Connector", "SSLEnabled", not_served},
    {"Connector", "sslImplementationName", not_served},
    {"Connector", "defaultSSLHostConfigName", not_served},
    {"Connector", "sniParseLimit", not_served},
    {"Connector", "strictSni", not_served},
    {"Connector", "keystoreFile", not_served},
    {"Connector", "keystorePass", not_served},
    {"Connector", "clientAuth", not_served},
    {"Connector", "sslProtocol", not_served},
    {"Connector", "compression", no_compression},
    {"Connector", "compressionMinSize", no_compression},
    {"Connector", "compressibleMimeType", no_compression},
    {"Connector", "noCompressionUserAgents", no_compression},
    {"Connector", "noCompressionEncodings", no_compression},
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
    {"Connector", "maxParameterCount", no_parameters},
    {"Connector", "maxPartCount", no_parameters},
    {"Connector", "maxPartHeaderSize", no_parameters},
    {"Connector", "maxSavePostSize", "requests are not saved over a login"},
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
    {"Engine", "jvmRoute", no_sessions},
    {"Host", "unpackWARs", no_archives},
    {"Host", "copyXML", no_archives},
    {"Host", "deployXML", no_archives},
    {"Host", "xmlBase", "write <Context> into <Host>, or app.xml into the application's folder"},
    {"Host", "deployIgnore", "folders without an app.xml and hidden ones are left alone"},
    {"Host", "createDirs", "folders are not made"},
    {"Host", "undeployOldVersions", "old versions stay until their folder goes"},
    {"Host", "startStopThreads", "applications start one after the other"},
    {"Host", "errorReportValveClass", no_java},
    {"Host", "failCtxIfServletStartFails", "an endpoint that fails answers 503, the others serve"},
    {"Context", "reloadable", "'autoDeploy' on <Host> reloads what changed"},
    {"Context", "crossContext", "applications do not call each other"},
    {"Context", "privileged", no_java},
    {"Context", "cookies", no_sessions},
    {"Context", "sessionCookieName", no_sessions},
    {"Context", "sessionCookiePath", no_sessions},
    {"Context", "sessionCookieDomain", no_sessions},
    {"Context", "sessionTimeout", no_sessions},
    {"Context", "useHttpOnly", no_sessions},
    {"Context", "usePartitioned", no_sessions},
    {"Context", "validateClientProvidedNewSessionId", no_sessions},
    {"Context", "swallowAbortedUploads", "'maxSwallowSize' on <Connector> says how much is read"},
    {"Context", "unloadDelay", "old code stays for as long as an exchange uses it"},
    {"Context", "workDir", "'workDir' on <Host> holds for all its applications"},
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
    {"Parameter", "override", "app.xml and <Context> never describe the same application"},
    {"Parameter", "description", "write a comment"},
    {"AccessLog", "encoding", "access logs are UTF-8"},
    {"AccessLog", "locale", "dates are in English"},
    {"AccessLog", "checkExists", "the log is opened anew on SIGHUP"},
    {"AccessLog", "resolveHosts", "client addresses are never looked up"},
    {"AccessLog", "requestAttributesEnabled", "what filters say of the client always counts"},
    {"AccessLog", "maxLogMessageBufferSize", "'queueLimit' bounds what waits for the writer"},
    {"AccessLog", "ipv6Canonical", "addresses are written in their canonical form"},
    {"AccessLog", "condition", "write 'conditionUnless'"},
    {"ErrorReport", "showReport", "error answers never show what went wrong inside"},
    {"*", "className", no_java},
    {"*", "backgroundProcessorDelay", "write 'autoDeployInterval' on <Host>"},
    {"*", "startStopThreads", "applications start one after the other"},
    {"*", "SSLEngine", not_served},
});

constexpr auto elements = std::to_array<TomcatName>({
    {"Connector", "SSLHostConfig", not_served},
    {"Connector", "UpgradeProtocol", "HTTP/2 is not served here; HTTP/1.1 is"},
    {"*", "GlobalNamingResources", "there is no JNDI here; use <Parameter>"},
    {"*", "Resources", files_endpoint},
    {"*", "Resource", "there is no JNDI here; use <Parameter>"},
    {"*", "ResourceLink", "there is no JNDI here; use <Parameter>"},
    {"*", "ResourceEnvRef", "there is no JNDI here; use <Parameter>"},
    {"*", "Environment", "there is no JNDI here; use <Parameter>"},
    {"*", "Transaction", "there is no JNDI here"},
    {"*", "Ejb", "there is no JNDI here"},
    {"*", "Realm", no_realm},
    {"*", "CredentialHandler", no_realm},
    {"*", "Manager", no_sessions},
    {"*", "Store", no_sessions},
    {"*", "SessionIdGenerator", no_sessions},
    {"*", "CookieProcessor", "cookies are read as RFC 6265 says"},
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
    {"Valve", "RemoteIpValve", "write <Filter type=\"remote_ip\"/> if a library offers it"},
    {"Valve", "RemoteAddrValve", "write a <Filter> that refuses addresses"},
    {"Valve", "RemoteCIDRValve", "write a <Filter> that refuses addresses"},
    {"Valve", "RemoteHostValve", "client addresses are never looked up"},
    {"Valve", "JsonErrorReportValve", "clients that ask for JSON always get it"},
    {"Valve", "ProxyErrorReportValve", "write <ErrorPage> in the application"},
    {"Valve", "StuckThreadDetectionValve", "write 'workerStallWarning' on <Server>"},
    {"Valve", "HealthCheckValve", "map an endpoint that answers health checks"},
    {"Valve", "SemaphoreValve", "'maxThreads' on <Executor> bounds what runs at once"},
    {"Valve", "RewriteValve", "write a <Filter> that rewrites paths"},
    {"Valve", "SSLValve", "write a <Filter> that reads the proxy's headers"},
    {"Valve", "SingleSignOn", no_realm},
    {"Valve", "BasicAuthenticator", no_realm},
    {"Valve", "DigestAuthenticator", no_realm},
    {"Valve", "FormAuthenticator", no_realm},
    {"Valve", "SSLAuthenticator", no_realm},
    {"Valve", "SpnegoAuthenticator", no_realm},
    {"Valve", "LoadBalancerDrainingValve", no_sessions},
    {"Valve", "PersistentValve", no_sessions},
    {"Valve", "CrawlerSessionManagerValve", no_sessions},
    {"Listener", "VersionLoggerListener", "the server logs its version when it starts"},
    {"Listener", "AprLifecycleListener", "there is nothing to prepare"},
    {"Listener", "OpenSSLLifecycleListener", "there is nothing to prepare"},
    {"Listener", "JreMemoryLeakPreventionListener", "there is no Java to leak"},
    {"Listener", "ThreadLocalLeakPreventionListener", "there is no Java to leak"},
    {"Listener", "GlobalResourcesLifecycleListener", "there is no JNDI here"},
    {"Listener", "SecurityListener", "run the server as a user of its own"},
    {"Listener", "TLSCertificateReloadListener", not_served},
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
