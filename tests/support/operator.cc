#include "tests/support/operator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>

namespace disagg::testing {
namespace {

using nlohmann::json;

std::string Binary() {
  const char* chosen = std::getenv("DISAGG_OPERATOR_BINARY");
  return chosen != nullptr ? chosen : DISAGG_OPERATOR_BINARY;
}

// Where the first report of a sanitizer starts in `log`, up to its end or a page of it; "" if none.
std::string SanitizerReport(const std::string& log) {
  constexpr std::size_t kPage = 16 * 1024;
  const std::size_t found = std::min(log.find("Sanitizer: "), log.find("runtime error: "));
  if (found == std::string::npos) return "";
  return log.substr(log.rfind('\n', found) + 1, kPage);
}

json DefaultSpec() {
  return json::parse(R"({
    "model": {"ref": "nvidia/Tiny-NVFP4"},
    "container": {"image": "registry.example/mocker:1"},
    "precision": "fp4",
    "accelerator": "b200",
    "engine": {"type": "mocker"},
    "prefill": {"replicas": 2, "parallelism": {"data": 2}},
    "decode": {"replicas": 1, "parallelism": {"data": 8}},
    "rollout": {"drainSeconds": 0}
  })");
}

}  // namespace

void ChartEnvironment::SetUp() {
  cluster_ = LocalCluster::Start(options_);
  ASSERT_NE(cluster_, nullptr);

  api_ = std::make_unique<Api>(cluster_->kubeconfig());
  ASSERT_NO_FATAL_FAILURE(InstallChart());
  ASSERT_TRUE(Eventually("the CRDs are served", std::chrono::seconds(30), [] {
    return api_->Get("/apis/disagg.dev/v1alpha1/disaggdeployments").ok() &&
           api_->Get("/apis/disagg.dev/v1alpha1/servingmodels").ok() &&
           api_->Get("/apis/disagg.dev/v1alpha1/acceleratorclasses").ok();
  }));
  ApplyCatalogue();
}

void ChartEnvironment::InstallChart() {
  const CommandResult installed =
      RunCommand({ClusterTool("helm"), "install", "disagg-operator",
                  DISAGG_SOURCE_DIR "/charts/disagg-operator", "--kubeconfig",
                  cluster_->kubeconfig(), "--namespace", "disagg-system", "--create-namespace",
                  "--set", "deployment.enabled=false", "--wait"});
  ASSERT_EQ(installed.exit_code, 0) << installed.out << installed.err;
  operator_kubeconfig_ = cluster_->ServiceAccountKubeconfig("disagg-system", "disagg-operator");
  ASSERT_FALSE(operator_kubeconfig_.empty());
}

void ChartEnvironment::UninstallChart() {
  const CommandResult removed =
      RunCommand({ClusterTool("helm"), "uninstall", "disagg-operator", "--kubeconfig",
                  cluster_->kubeconfig(), "--namespace", "disagg-system", "--wait"});
  ASSERT_EQ(removed.exit_code, 0) << removed.out << removed.err;
}

void ChartEnvironment::TearDown() {
  api_.reset();
  cluster_.reset();
}

Operator::Operator(const std::string& kubeconfig, const std::vector<std::string>& flags) {
  static std::atomic<int> count{0};
  log_ = ChartEnvironment::cluster().dir() + "/operator-" + std::to_string(++count) + ".log";
  std::vector<std::string> argv{Binary(),      "--kubeconfig", kubeconfig, "--leader-elect=false",
                                "--log-level", "debug"};
  argv.insert(argv.end(), flags.begin(), flags.end());
  ProcessOptions options;
  options.output_file = log_;
  process_ = Process::Start(argv, options);
}

Operator::~Operator() {
  if (process_ == nullptr) return;
  if (process_->Running()) {
    EXPECT_EQ(Stop(), 0) << Log();
  }
  ExpectNoDefect();
}

// Many tests kill the operator or wait for its end, so that it is gone is no finding; how it went
// and what its sanitizer said before is.
void Operator::ExpectNoDefect() {
  const int code = process_->Wait(std::chrono::milliseconds(0)).value_or(0);
  EXPECT_TRUE(code <= 128 || code == 128 + SIGKILL) << "ended by signal " << code - 128;
  EXPECT_EQ(SanitizerReport(Log()), "");
}

int Operator::Stop() {
  process_->Kill(SIGTERM);
  return process_->Wait(std::chrono::seconds(40)).value_or(-1);
}

std::set<std::string> Uids(const std::vector<nlohmann::json>& objects) {
  std::set<std::string> uids;
  for (const nlohmann::json& object : objects) uids.insert(object["metadata"]["uid"]);
  return uids;
}

bool Eventually(const std::string& sentence, std::chrono::milliseconds timeout,
                const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << "not within " << timeout.count() << " ms: " << sentence;
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

Deployment::Deployment(const std::string& name, const json& spec)
    : name_(name), namespace_("test-" + name) {
  Api& api = ChartEnvironment::api();
  api.Create("/api/v1/namespaces",
             {{"apiVersion", "v1"},
              {"kind", "Namespace"},
              {"metadata",
               {{"name", namespace_},
                {"labels", {{"pod-security.kubernetes.io/enforce", "privileged"}}}}}});
  json full = DefaultSpec();
  full.merge_patch(spec);
  const Answer answer = api.Create(Collection("disaggdeployments"),
                                   {{"apiVersion", "disagg.dev/v1alpha1"},
                                    {"kind", "DisaggDeployment"},
                                    {"metadata", {{"name", name_}, {"namespace", namespace_}}},
                                    {"spec", full}});
  EXPECT_TRUE(answer.ok()) << answer.message();
}

Deployment::~Deployment() {
  ChartEnvironment::api().Delete(path());
  for (const json& pod : Pods("", false)) {
    ChartEnvironment::api().Delete(
        Collection("pods") + "/" + pod["metadata"]["name"].get<std::string>(), 0);
  }
}

std::string Deployment::Collection(const std::string& resource) const {
  static const std::map<std::string, std::string> kGroups{
      {"pods", "/api/v1"},
      {"services", "/api/v1"},
      {"serviceaccounts", "/api/v1"},
      {"resourcequotas", "/api/v1"},
      {"disaggdeployments", "/apis/disagg.dev/v1alpha1"},
      {"controllerrevisions", "/apis/apps/v1"},
      {"rolebindings", "/apis/rbac.authorization.k8s.io/v1"},
      {"poddisruptionbudgets", "/apis/policy/v1"},
      {"events", "/apis/events.k8s.io/v1"}};
  return kGroups.at(resource) + "/namespaces/" + namespace_ + "/" + resource;
}

std::string Deployment::path() const { return Collection("disaggdeployments") + "/" + name_; }

json Deployment::Status() const {
  const json object = Object();
  return object.is_object() ? object.value("status", json::object()) : json::object();
}

namespace {

json FindCondition(const json& status, const std::string& type) {
  for (const json& condition : status.value("conditions", json::array())) {
    if (condition.value("type", "") == type) return condition;
  }
  return json::object();
}

}  // namespace

std::string Deployment::Condition(const std::string& type) const {
  return FindCondition(Status(), type).value("status", "");
}
std::string Deployment::ConditionMessage(const std::string& type) const {
  return FindCondition(Status(), type).value("message", "");
}
std::string Deployment::ConditionReason(const std::string& type) const {
  return FindCondition(Status(), type).value("reason", "");
}

Answer Deployment::Patch(const json& spec) const {
  const Answer answer = ChartEnvironment::api().MergePatch(path(), {{"spec", spec}});
  EXPECT_TRUE(answer.ok()) << answer.message();
  return answer;
}

std::vector<json> Deployment::Pods(const std::string& role, bool alive) const {
  const std::string selector =
      role.empty() ? "disagg.dev/role in (prefill,decode,aggregated)" : "disagg.dev/role=" + role;
  std::string encoded;
  for (const char c : selector) {
    if (c == ' ')
      encoded += "%20";
    else if (c == '=')
      encoded += "%3D";
    else if (c == '/')
      encoded += "%2F";
    else if (c == ',')
      encoded += "%2C";
    else
      encoded += c;
  }
  std::vector<json> pods;
  for (json& pod : ChartEnvironment::api().List(Collection("pods"), "labelSelector=" + encoded)) {
    const std::string phase = pod["status"].value("phase", "");
    const bool ended =
        pod["metadata"].contains("deletionTimestamp") || phase == "Failed" || phase == "Succeeded";
    if (!alive || !ended) pods.push_back(std::move(pod));
  }
  return pods;
}

std::vector<std::string> Deployment::PodNames(const std::string& role) const {
  std::vector<std::string> names;
  for (const json& pod : Pods(role)) names.push_back(pod["metadata"]["name"]);
  return names;
}

bool Deployment::Converged() const {
  const json object = Object();
  if (!object.is_object() || !object.contains("status")) return false;
  const json& status = object["status"];
  return status.value("observedGeneration", -1) == object["metadata"]["generation"].get<int>() &&
         status.value("targetRevision", "-") == status.value("currentRevision", "") &&
         FindCondition(status, "Ready").value("status", "") == "True" &&
         FindCondition(status, "FullyAvailable").value("status", "") == "True";
}

bool Deployment::WaitReady(std::chrono::seconds timeout) const {
  const bool ready =
      Eventually(name_ + " converges and is Ready", timeout, [this] { return Converged(); });
  if (!ready) ADD_FAILURE() << Status().dump(2);
  return ready;
}

void ApplyCatalogue() {
  const Answer answer = ChartEnvironment::api().ApplyYaml(R"(
apiVersion: disagg.dev/v1alpha1
kind: ServingModel
metadata: {name: tiny-nvfp4}
spec:
  repository: nvidia/Tiny-NVFP4
  revision: main
  aliases: [nvidia/Tiny-NVFP4]
  precision: fp4
  servedName: nvidia/Tiny-NVFP4
  artifacts:
  - {type: HostPath, path: /models/tiny}
)");
  EXPECT_TRUE(answer.ok()) << answer.message();
}

}  // namespace disagg::testing
