#include <chrono>
#include <cstdio>
#include <thread>

#include "tests/bench/benches.h"
#include "tests/bench/fleet.h"
#include "tests/bench/operator_figures.h"
#include "tests/support/operator.h"

namespace disagg::bench {
namespace {

double Since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void WaitForCounter(int port, const std::string& name, const std::string& label, double value) {
  while (ReadCounter(port, name, label) < value)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

}  // namespace

void BenchRestart(transport::Transport& transport, const BenchOptions& options) {
  Fleet fleet(transport, options);
  fleet.MakeNamespaces();
  {
    testing::Operator op(testing::ChartEnvironment::operator_kubeconfig(), {"--log-level", "warn"});
    fleet.MakeDeployments();
    fleet.WaitReady();
    std::this_thread::sleep_for(std::chrono::seconds(5));
  }
  const auto list_start = std::chrono::steady_clock::now();
  const std::size_t pods = ListAll(transport, "/api/v1/pods").size();
  const double list_seconds = Since(list_start);

  const int port = FreePort();
  const auto start = std::chrono::steady_clock::now();
  testing::Operator op(
      testing::ChartEnvironment::operator_kubeconfig(),
      {"--log-level", "warn", "--metrics-bind-address", "127.0.0.1:" + std::to_string(port)});
  WaitForCounter(port, "controller_runtime_reconcile_total", "controller=\"disaggdeployment\"", 1);
  const double first = Since(start);
  WaitForCounter(port, "controller_runtime_reconcile_total", "controller=\"disaggdeployment\"",
                 options.deployments);
  const double all = Since(start);
  std::this_thread::sleep_for(std::chrono::seconds(10));
  const Figures figures = ReadFigures(op.pid());
  std::printf("restart over %d deployments of %d + %d workers and 1 router, %zu pods\n",
              options.deployments, options.prefill, options.decode, pods);
  std::printf("  raw list of the pods          %8.2f s\n", list_seconds);
  std::printf("  first reconcile after         %8.2f s   (%.1f times the list)\n", first,
              first / list_seconds);
  std::printf("  every deployment seen after   %8.2f s\n", all);
  std::printf("  writes in the 10 s after      %8.0f\n", ReadCounter(port, "api_writes_total"));
  std::printf("  operator CPU                  %8.2f s   RSS %.1f MiB, peak %.1f MiB\n",
              figures.cpu_seconds, figures.rss_mib, figures.peak_rss_mib);
  fleet.Delete();
}

}  // namespace disagg::bench
