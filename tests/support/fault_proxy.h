#pragma once

// An HTTPS proxy between a client and the API server that injects faults and keeps a journal of all
// requests: the C++ side of `local-cluster proxy`, whose --help lists the fields of rules, filters
// and entries. A "write" is a request that may change an object; leases, events, access reviews and
// dry runs are none.
//
// A test of a fault asks Hits, Kills, Told or the journal whether the fault has happened: without
// that it passes when nothing went wrong.
//
// Not thread-safe. An error of the proxy is a failure of the test.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/process.h"

namespace disagg::testing {

class FaultProxy {
 public:
  // `client_kubeconfig` must hold a token. `kubeconfig` is written, for the client to use.
  static std::unique_ptr<FaultProxy> Start(const std::string& client_kubeconfig,
                                           const std::string& kubeconfig);

  const std::string& kubeconfig() const { return kubeconfig_; }

  // A fault, as in Inject("gone", {{"method", "DELETE"}, {"path", "/pods/"}, {"status", 404}}); it
  // stands until Lift, or for "count" requests.
  void Inject(const std::string& name, nlohmann::json rule);
  void Lift(const std::string& name) { Command("lift " + name); }
  int Hits(const std::string& name) { return Number("hits " + name); }

  // The journal, as in {{"kind", "write"}, {"since", Now()}}; times are Unix milliseconds.
  std::vector<nlohmann::json> Requests(const nlohmann::json& filter = nlohmann::json::object());
  int Count(const nlohmann::json& filter = nlohmann::json::object());
  static std::int64_t Now();

  int Writes() { return Number("writes"); }  // that were forwarded
  void Reset() { Command("reset"); }         // forgets all requests, ends all faults

  // Kills `pid` at the n-th write from now: before it reaches the API server, or when it is done
  // and not answered yet.
  void KillBefore(int n, pid_t pid) { ArmKill("kill-before", n, pid); }
  void KillAfter(int n, pid_t pid) { ArmKill("kill-after", n, pid); }
  int Kills() { return Number("kills"); }

  int CutWatches() { return Number("cut-watches"); }  // in mid-stream; how many were open
  void ExpireWatches() { Command("gone-watches"); }   // the next of each resource is told 410
  int Told() { return Number("gone"); }               // resources that were told so since

 private:
  FaultProxy(std::unique_ptr<Process> process, std::string kubeconfig)
      : process_(std::move(process)), kubeconfig_(std::move(kubeconfig)) {}
  std::string Command(const std::string& line);
  int Number(const std::string& line);
  void ArmKill(const std::string& command, int n, pid_t pid);

  std::unique_ptr<Process> process_;
  const std::string kubeconfig_;
};

}  // namespace disagg::testing
