#include "operator/transport/exec_credentials.h"

#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "operator/base/cond_var.h"
#include "operator/base/mutex.h"
#include "operator/base/text.h"
#include "operator/base/thread_annotations.h"
#include "operator/transport/base64.h"
#include "operator/transport/child_program.h"
#include "operator/transport/endpoint.h"

namespace transport {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::seconds kTimeout{30};
// A request that is under way when its token expires would fail.
constexpr std::int64_t kExpirySkewSeconds = 10;
// How often answers of 401 may make it run: it is a process each time, and may ask a person.
constexpr std::chrono::seconds kRefusedInterval{5};

base::Error PluginError(const kube::ExecPlugin& plugin, const std::string& why) {
  std::string message = "the credential plugin \"" + plugin.command + "\" " + why;
  if (!plugin.install_hint.empty()) message += "\n" + plugin.install_hint;
  return base::MakeError(base::ErrorCode::kUnauthorized, "CredentialPluginFailed", message);
}

std::string TextOf(const Json& object, const char* field) {
  const auto it = object.find(field);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

base::Result<ExecAnswer> RunPlugin(const kube::ClusterConfig& config, const std::stop_token& stop) {
  const kube::ExecPlugin& plugin = *config.exec;
  ChildProgram program{plugin.command, plugin.args, plugin.env};
  program.env["KUBERNETES_EXEC_INFO"] = ExecInfo(config);
  const auto output = RunChildProgram(program, kTimeout, stop);
  if (!output) return PluginError(plugin, output.error().message);
  return ParseExecCredential(*output, plugin);
}

class ExecCredentials : public CredentialSource {
 public:
  ExecCredentials(const kube::ClusterConfig& config, const base::Clock& clock)
      : config_(config),
        clock_(clock),
        thread_([this](const std::stop_token& stop) { Run(stop); }) {}

  // Whoever still waits is told that the plugin was stopped.
  ~ExecCredentials() override {
    thread_.request_stop();
    thread_.join();
  }

  void Get(Callback callback) override {
    base::MutexLock lock(mutex_);
    if (answer_ && !Expired()) {
      const Credentials credentials = answer_->credentials;
      lock.Unlock();
      return callback(credentials);
    }
    waiting_.push_back(std::move(callback));
    changed_.NotifyAll();
  }

  void OnUnauthorized(const std::string& token) override {
    base::MutexLock lock(mutex_);
    if (!answer_ || answer_->credentials.token != token) return;
    const base::SteadyTime now = clock_.Steady();
    if (refused_at_ && now - *refused_at_ < kRefusedInterval) return;
    refused_at_ = now;
    answer_.reset();
  }

 private:
  bool Expired() const REQUIRES(mutex_) {
    if (!answer_->expires_at) return false;
    const auto now =
        std::chrono::floor<std::chrono::seconds>(clock_.Now()).time_since_epoch().count();
    return now + kExpirySkewSeconds >= *answer_->expires_at;
  }

  void Run(const std::stop_token& stop) {
    while (WaitForCallers(stop)) {
      auto answer = RunPlugin(config_, stop);
      std::vector<Callback> callers;
      {
        base::MutexLock lock(mutex_);
        callers.swap(waiting_);
        answer_.reset();
        if (answer) answer_ = *answer;
      }
      for (const Callback& caller : callers) {
        caller(answer ? base::Result<Credentials>(answer->credentials) : answer.error());
      }
    }
  }

  bool WaitForCallers(const std::stop_token& stop) {
    base::MutexLock lock(mutex_);
    changed_.Wait(mutex_, stop, [this]() REQUIRES(mutex_) { return !waiting_.empty(); });
    return !waiting_.empty();
  }

  const kube::ClusterConfig config_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  base::StopCondVar changed_;
  std::vector<Callback> waiting_ GUARDED_BY(mutex_);
  std::optional<ExecAnswer> answer_ GUARDED_BY(mutex_);
  std::optional<base::SteadyTime> refused_at_ GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace

std::string ExecInfo(const kube::ClusterConfig& config) {
  const kube::ExecPlugin& plugin = *config.exec;
  Json info = {{"apiVersion", plugin.api_version},
               {"kind", "ExecCredential"},
               {"spec", {{"interactive", false}}}};
  if (plugin.provide_cluster_info) {
    Json cluster = {
        {"server", config.scheme + "://" + EndpointOf(config).ToString() + config.path_prefix},
        {"certificate-authority-data", EncodeBase64(config.ca_pem)}};
    if (!config.tls_server_name.empty()) cluster["tls-server-name"] = config.tls_server_name;
    info["spec"]["cluster"] = std::move(cluster);
  }
  return info.dump();
}

base::Result<ExecAnswer> ParseExecCredential(const std::string& json,
                                             const kube::ExecPlugin& plugin) {
  const Json root = Json::parse(json, nullptr, false);
  if (!root.is_object()) return PluginError(plugin, "has not printed a JSON object");
  if (TextOf(root, "kind") != "ExecCredential" ||
      TextOf(root, "apiVersion") != plugin.api_version) {
    const std::string printed = TextOf(root, "kind") + " of " + TextOf(root, "apiVersion");
    return PluginError(plugin, "has not printed an ExecCredential of " + plugin.api_version +
                                   " but a " + base::Printable(base::CutUtf8(printed, 200)));
  }
  const auto status = root.find("status");
  if (status == root.end() || !status->is_object()) return PluginError(plugin, "printed no status");
  ExecAnswer answer;
  answer.credentials.token = TextOf(*status, "token");
  answer.credentials.client_cert_pem = TextOf(*status, "clientCertificateData");
  answer.credentials.client_key_pem = TextOf(*status, "clientKeyData");
  if (answer.credentials.client_cert_pem.empty() != answer.credentials.client_key_pem.empty()) {
    return PluginError(plugin, "printed a client certificate without its key, or the reverse");
  }
  if (answer.credentials.token.empty() && answer.credentials.client_cert_pem.empty()) {
    return PluginError(plugin, "printed neither a token nor a client certificate");
  }
  if (answer.credentials.token.find_first_of(" \t\r\n") != std::string::npos) {
    return PluginError(plugin, "printed a token with white space in it");
  }
  const std::string expiry = TextOf(*status, "expirationTimestamp");
  if (!expiry.empty()) answer.expires_at = base::ParseTime(expiry);
  if (answer.expires_at == -1) {
    return PluginError(plugin, "printed an unreadable expirationTimestamp");
  }
  return answer;
}

std::unique_ptr<CredentialSource> MakeExecCredentials(const kube::ClusterConfig& config,
                                                      const base::Clock& clock) {
  return std::make_unique<ExecCredentials>(config, clock);
}

}  // namespace transport
