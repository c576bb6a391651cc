// disagg-bench create N | restart N: figures of the operator on a local cluster that it starts
// itself.

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "operator/transport/beast_transport.h"
#include "operator/transport/config_loader.h"
#include "tests/bench/benches.h"
#include "tests/bench/fleet.h"
#include "tests/support/operator.h"

namespace {

using disagg::bench::BenchOptions;

int Run(const BenchOptions& options, void (*bench)(transport::Transport&, const BenchOptions&)) {
  disagg::testing::ClusterOptions cluster;
  cluster.b200_nodes = options.workers() / 8 + 1;
  // A thousand simulated nodes on two cores renew late, and KWOK does not make a pod Ready again
  // that the node controller has declared unready for it.
  cluster.extra_args = {"--node-monitor-grace-period", "1h"};
  cluster.extra_nodes = "cpu=" + std::to_string(options.deployments / 20 + 1);  // routers
  disagg::testing::ChartEnvironment environment(cluster);
  environment.SetUp();
  if (::testing::Test::HasFailure()) return EXIT_FAILURE;
  auto config =
      transport::LoadKubeconfig(disagg::testing::ChartEnvironment::cluster().kubeconfig(), "");
  if (!config) return EXIT_FAILURE;
  auto transport = transport::MakeBeastTransport(*config, {});
  if (!transport) return EXIT_FAILURE;
  bench(**transport, options);
  transport->reset();
  environment.TearDown();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  CLI::App app{"Figures of the operator on a local cluster"};
  app.require_subcommand(1);
  BenchOptions options;
  auto* create =
      app.add_subcommand("create", "make N deployments, and the same objects without an operator");
  auto* restart = app.add_subcommand("restart", "restart the operator over N deployments");
  for (auto* command : {create, restart}) {
    command->add_option("N", options.deployments, "deployments")
        ->required()
        ->check(CLI::Range(1, 5000));
    command->add_option("--prefill", options.prefill, "prefill workers per deployment")
        ->capture_default_str();
    command->add_option("--decode", options.decode, "decode workers per deployment")
        ->capture_default_str();
    command->add_option("--concurrency", options.concurrency, "writes under way")
        ->capture_default_str();
  }
  CLI11_PARSE(app, argc, argv);
  return Run(options, create->parsed() ? disagg::bench::BenchCreate : disagg::bench::BenchRestart);
}
