#include "tests/support/fault_proxy.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "tests/support/cluster.h"

namespace disagg::testing {

using nlohmann::json;

std::unique_ptr<FaultProxy> FaultProxy::Start(const std::string& client_kubeconfig,
                                              const std::string& kubeconfig) {
  const std::string log = kubeconfig + ".proxy.log";
  ProcessOptions talk{.env = {}, .output_file = log, .talk = true};
  auto process = Process::Start({LocalClusterProgram(), "proxy", "--kubeconfig", client_kubeconfig,
                                 "--write-kubeconfig", kubeconfig},
                                talk);
  if (!process || !WaitUntilReady(*process)) {
    ADD_FAILURE() << "the proxy does not start: see " << log;
    return nullptr;
  }
  return std::unique_ptr<FaultProxy>(new FaultProxy(std::move(process), kubeconfig));
}

void FaultProxy::Inject(const std::string& name, json rule) {
  rule["name"] = name;
  Command("rule " + rule.dump());
}

std::vector<json> FaultProxy::Requests(const json& filter) {
  const json entries = json::parse(Command("requests " + filter.dump()), nullptr, false);
  if (!entries.is_array()) return {};
  return entries.get<std::vector<json>>();
}

int FaultProxy::Count(const json& filter) { return Number("count " + filter.dump()); }

std::int64_t FaultProxy::Now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string FaultProxy::Command(const std::string& line) {
  std::optional<std::string> answer;
  if (process_->WriteLine(line)) answer = process_->ReadLine(std::chrono::seconds(30));
  if (!answer || answer->rfind("error: ", 0) == 0) {
    ADD_FAILURE() << "fault proxy: " << line << ": " << answer.value_or("no answer");
    return "";
  }
  return *answer;
}

int FaultProxy::Number(const std::string& line) { return std::atoi(Command(line).c_str()); }

void FaultProxy::ArmKill(const std::string& command, int n, pid_t pid) {
  Command(command + " " + std::to_string(n) + " " + std::to_string(pid));
}

}  // namespace disagg::testing
