#pragma once

// The deployment that most tests look at, healthy, and the ways in which it can fail.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "operator/cmd/kubectl-disagg/status_command.h"
#include "tests/unit/status_view/fake_cluster.h"

namespace kubectl_disagg::testing {

inline constexpr std::int64_t kNow = 1795564800;  // 2026-11-25T00:00:00Z
inline constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 86400;

// The time so many seconds before kNow, as the API server writes it.
std::string Ago(std::int64_t seconds);

struct PodSpec {
  std::string role = "", revision = "";
  int replica = 0, incarnation = 1;
  std::string node = "";
  std::int64_t age = 3 * kDay;
};

// A worker that is Ready since a minute after its start.
nlohmann::json ReadyPod(const PodSpec& spec);
// The same, whose engine runs since `age` and is not Ready yet.
nlohmann::json LoadingPod(const PodSpec& spec);
nlohmann::json UnschedulablePod(const PodSpec& spec, const std::string& message);
// The same, whose engine waits for `reason` after it has ended with `exit_code`.
nlohmann::json CrashingPod(const PodSpec& spec, int restarts, int exit_code,
                           const std::string& said);

nlohmann::json Condition(const std::string& type, bool value, const std::string& reason,
                         const std::string& message, std::int64_t age);

// MiniMax M3, two prefill workers of two GPUs and a decode worker of eight: everything is Ready.
struct Scene {
  Scene();

  nlohmann::json deployment;
  std::vector<nlohmann::json> pods, nodes, models, classes;

  nlohmann::json& status() { return deployment["status"]; }
  // Replaces the condition of this type.
  void Set(const nlohmann::json& condition);
  // Whose condition Ready is what it is since `age`.
  void SetNode(const std::string& name, bool ready, std::int64_t age);
  void SetRole(const std::string& role, int desired, int ready, const std::string& revision);
  void AddProblem(const nlohmann::json& problem) { status()["problems"].push_back(problem); }

  void AddTo(FakeCluster* cluster) const;
};

struct Printed {
  ExitCode code = kOk;
  std::string out, err;
};

Printed ShowStatus(FakeCluster& fake, const StatusOptions& options,
                   const disagg::status_view::Style& style = {});

}  // namespace kubectl_disagg::testing
