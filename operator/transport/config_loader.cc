#include "operator/transport/config_loader.h"

#include <cstdlib>
#include <filesystem>
#include <utility>
#include <vector>

#include "operator/transport/base64.h"
#include "operator/transport/kubeconfig_files.h"
#include "operator/transport/read_file.h"
#include "operator/transport/server_url.h"

namespace transport {
namespace {

namespace fs = std::filesystem;

base::Error Invalid(const std::string& message) {
  return base::MakeError(base::ErrorCode::kInvalid, "InvalidKubeconfig", message);
}

// One entry while its fields are read; the first thing wrong with it is kept and names the entry.
class EntryReader {
 public:
  // `name` as in `cluster "prod" of /home/a/.kube/config`.
  EntryReader(const KubeconfigEntry& entry, std::string name)
      : entry_(entry), name_(std::move(name)) {}

  const YAML::Node& value() const { return entry_.value; }
  std::string Text(const char* field) const { return YamlText(entry_.value, field); }

  void Fail(const std::string& why) {
    if (status_) status_ = Invalid(name_ + " " + why);
  }
  const base::Status& status() const { return status_; }

  void Refuse(const char* field, const char* why) {
    const YAML::Node value = entry_.value.IsMap() ? entry_.value[field] : YAML::Node();
    const bool set = value && !value.IsNull() && !(value.IsScalar() && value.Scalar().empty());
    if (set) Fail(std::string("has ") + field + ", " + why);
  }

  std::string Path(const char* field) const {
    const std::string path = Text(field);
    return path.empty() ? "" : (entry_.folder / path).lexically_normal().string();
  }

  // PEM out of FIELD-data (base64), else out of the file FIELD. "" when there is neither. `label`
  // is what a PEM text has to hold: mixed-up files are a common mistake.
  std::string Pem(const std::string& field, const std::string& label) {
    const std::string data = Text((field + "-data").c_str());
    if (!data.empty()) {
      const auto pem = DecodeBase64(data);
      if (!pem) Fail("has " + field + "-data that is not base64");
      return pem ? CheckPem(*pem, field + "-data", label) : "";
    }
    const std::string path = Path(field.c_str());
    if (path.empty()) return "";
    const auto pem = ReadFile(path);
    if (!pem) Fail("has an unusable " + field + ": " + pem.error().message);
    return pem ? CheckPem(*pem, field + " " + path, label) : "";
  }

 private:
  std::string CheckPem(const std::string& pem, const std::string& what, const std::string& label) {
    const bool found = pem.find("-----BEGIN ") != pem.npos && pem.find(label + "-----") != pem.npos;
    if (!found) Fail("has " + what + ", which holds no PEM " + label);
    return found ? pem : "";
  }

  const KubeconfigEntry& entry_;
  const std::string name_;
  base::Status status_;
};

void ReadCluster(EntryReader& cluster, kube::ClusterConfig& config) {
  cluster.Refuse("proxy-url",
                 "and proxies are not supported: run `kubectl proxy` near the server, "
                 "or use a cluster entry without it");
  if (YamlFlag(cluster.value(), "insecure-skip-tls-verify")) {
    cluster.Fail(
        "has insecure-skip-tls-verify, which is not supported: "
        "give it the certificate-authority of the server");
  }
  const std::string server = cluster.Text("server");
  if (server.empty()) return cluster.Fail("has no server");
  if (const base::Status parsed = ParseServerUrl(server, config); !parsed) {
    return cluster.Fail("has the server " + server + ", which " + parsed.error().message);
  }
  config.tls_server_name = cluster.Text("tls-server-name");
  config.ca_pem = cluster.Pem("certificate-authority", "CERTIFICATE");
  if (config.scheme == "https" && config.ca_pem.empty()) {
    cluster.Fail(
        "has no certificate-authority or certificate-authority-data; "
        "the roots of this machine are not trusted");
  }
}

void ReadExec(EntryReader& user, kube::ClusterConfig& config) {
  const YAML::Node exec = user.value()["exec"];
  if (!exec || exec.IsNull()) return;
  kube::ExecPlugin plugin;
  plugin.api_version = YamlText(exec, "apiVersion");
  plugin.command = YamlText(exec, "command");
  plugin.provide_cluster_info = YamlFlag(exec, "provideClusterInfo");
  plugin.install_hint = YamlText(exec, "installHint");
  if (plugin.command.empty()) return user.Fail("has exec without a command");
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1") {
    return user.Fail("has exec of apiVersion \"" + plugin.api_version +
                     "\"; client.authentication.k8s.io/v1 and v1beta1 are supported");
  }
  if (YamlText(exec, "interactiveMode") == "Always") {
    return user.Fail("has exec that needs a terminal (interactiveMode: Always)");
  }
  for (const YAML::Node& arg : exec["args"]) plugin.args.push_back(arg.as<std::string>());
  for (const YAML::Node& env : exec["env"]) {
    plugin.env[YamlText(env, "name")] = YamlText(env, "value");
  }
  config.exec = std::move(plugin);
}

void ReadUser(EntryReader& user, const fs::path& folder, kube::ClusterConfig& config) {
  user.Refuse("username", "and basic auth is not supported: Kubernetes has removed it");
  user.Refuse("password", "and basic auth is not supported: Kubernetes has removed it");
  user.Refuse("auth-provider", "which Kubernetes has removed: use an exec plugin");
  for (const char* field : {"as", "as-uid", "as-groups", "as-user-extra"}) {
    user.Refuse(field, "and impersonation is not supported");
  }
  config.token = user.Text("token");
  config.token_file = user.Path("tokenFile");
  if (config.token.find_first_of(" \t\r\n") != std::string::npos) {
    user.Fail("has a token with white space in it");
  }
  if (!config.token_file.empty()) {
    if (const auto readable = ReadFile(config.token_file); !readable) {
      user.Fail("has an unusable tokenFile: " + readable.error().message);
    }
  }
  config.client_cert_pem = user.Pem("client-certificate", "CERTIFICATE");
  config.client_key_pem = user.Pem("client-key", "PRIVATE KEY");
  if (config.client_cert_pem.empty() != config.client_key_pem.empty()) {
    user.Fail(config.client_key_pem.empty() ? "has a client-certificate but no client-key"
                                            : "has a client-key but no client-certificate");
  }
  if (!user.value().IsMap()) return;
  ReadExec(user, config);
  // A command with a slash in it is a file name like any other of this kubeconfig.
  if (config.exec && config.exec->command.find('/') != std::string::npos) {
    config.exec->command = (folder / config.exec->command).lexically_normal().string();
  }
}

std::string NamesOf(const KubeconfigEntries& entries) {
  std::string names;
  for (const auto& [name, entry] : entries) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "there are none" : "there are: " + names;
}

base::Result<KubeconfigEntry> FindEntry(const KubeconfigEntries& entries, const char* kind,
                                        const std::string& name, const std::string& where) {
  const auto it = entries.find(name);
  if (it != entries.end()) return it->second;
  return Invalid(where + " has no " + kind + " \"" + name + "\"; " + NamesOf(entries));
}

std::string Describe(const char* kind, const std::string& name, const Kubeconfig& kubeconfig) {
  return std::string(kind) + " \"" + name + "\" of " + kubeconfig.files;
}

base::Result<kube::ClusterConfig> Resolve(const Kubeconfig& kubeconfig, const std::string& wanted) {
  const std::string name = wanted.empty() ? kubeconfig.current_context : wanted;
  if (name.empty()) {
    return Invalid(kubeconfig.files + " has no current-context: choose a context; " +
                   NamesOf(kubeconfig.contexts));
  }
  const auto context = FindEntry(kubeconfig.contexts, "context", name, kubeconfig.files);
  if (!context) return context.error();
  const std::string context_text = Describe("context", name, kubeconfig);
  const std::string cluster_name = YamlText(context->value, "cluster");
  const std::string user_name = YamlText(context->value, "user");
  if (cluster_name.empty()) return Invalid(context_text + " names no cluster");
  const auto cluster = FindEntry(kubeconfig.clusters, "cluster", cluster_name, context_text);
  if (!cluster) return cluster.error();
  kube::ClusterConfig config;
  config.source = context_text;
  const std::string context_namespace = YamlText(context->value, "namespace");
  if (!context_namespace.empty()) config.default_namespace = context_namespace;
  EntryReader cluster_reader(*cluster, Describe("cluster", cluster_name, kubeconfig));
  ReadCluster(cluster_reader, config);
  if (!cluster_reader.status()) return cluster_reader.status().error();
  if (user_name.empty()) return config;
  const auto user = FindEntry(kubeconfig.users, "user", user_name, context_text);
  if (!user) return user.error();
  EntryReader user_reader(*user, Describe("user", user_name, kubeconfig));
  ReadUser(user_reader, user->folder, config);
  if (!user_reader.status()) return user_reader.status().error();
  return config;
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

base::Result<kube::ClusterConfig> LoadKubeconfig(const std::string& path,
                                                 const std::string& context) {
  const auto kubeconfig = ReadKubeconfig(path);
  if (!kubeconfig) return kubeconfig.error();
  try {
    return Resolve(*kubeconfig, context);
  } catch (const YAML::Exception& error) {
    return Invalid(kubeconfig->files + ": " + error.what());
  }
}

base::Result<kube::ClusterConfig> LoadInCluster(const std::string& mount) {
  kube::ClusterConfig config;
  config.source = "in-cluster";
  config.host = Environment("KUBERNETES_SERVICE_HOST");
  config.port = Environment("KUBERNETES_SERVICE_PORT");
  if (config.host.empty() || config.port.empty()) {
    return base::MakeError(base::ErrorCode::kInvalid, "NotInCluster",
                           "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: "
                           "this is not a pod; pass --kubeconfig");
  }
  const auto ca = ReadFile(mount + "/ca.crt");
  if (!ca) return ca.error();
  config.ca_pem = *ca;
  config.token_file = mount + "/token";
  const auto token = ReadFile(config.token_file);
  if (!token) return token.error();
  // Absent where only a token is projected.
  if (const auto name = ReadFile(mount + "/namespace"); name && !name->empty()) {
    config.default_namespace = name->substr(0, name->find_last_not_of(" \n") + 1);
  }
  return config;
}

base::Result<kube::ClusterConfig> LoadClusterConfig(const std::string& kubeconfig_flag) {
  const bool in_pod = !Environment("KUBERNETES_SERVICE_HOST").empty();
  if (kubeconfig_flag.empty() && in_pod) return LoadInCluster();
  return LoadKubeconfig(kubeconfig_flag, "");
}

}  // namespace transport
