#pragma once

// How to reach one API server: what a kubeconfig context or a pod's ServiceAccount mount comes down
// to. Pure data; read by transport/config_loader.h.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kube {

// A program that prints an ExecCredential (client.authentication.k8s.io/v1 or v1beta1). Run without
// a shell.
struct ExecPlugin {
  std::string api_version;
  std::string command;
  std::vector<std::string> args;
  std::map<std::string, std::string> env;
  bool provide_cluster_info = false;
  std::string install_hint;  // for a person, when the program is not there
};

struct ClusterConfig {
  std::string scheme = "https";  // "http" only for a loopback proxy
  std::string host;              // without brackets, also for IPv6
  std::string port = "443";
  std::string path_prefix;      // "" or "/k8s/clusters/c-1"
  std::string tls_server_name;  // verified instead of host when set
  std::string ca_pem;           // the only trusted roots
  std::string client_cert_pem;
  std::string client_key_pem;
  std::string token;       // fixed token
  std::string token_file;  // re-read; wins over token
  std::optional<ExecPlugin> exec;
  std::string default_namespace = "default";
  std::string source;  // where it came from, for messages: a file and context, or "in-cluster"
};

}  // namespace kube
