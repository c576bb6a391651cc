// disagg-operator: watches DisaggDeployments and makes them run.

#include <malloc.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <stop_token>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>

#include "controllers/reconcile/register.h"
#include "operator/base/system_clock.h"
#include "operator/observability/log.h"
#include "operator/runtime/manager.h"
#include "operator/transport/config_loader.h"

namespace {

using observability::Level;

struct Flags {
  std::string kubeconfig;
  std::string log_format = "text";
  std::string log_level = "info";
  runtime::ManagerOptions manager;
  disagg::reconcile::Options domain;
};

void AddFlags(CLI::App& app, Flags& flags) {
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  flags.manager.metrics_address = "0";
  flags.manager.health_address = "0";
  app.add_option("--kubeconfig", flags.kubeconfig,
                 "kubeconfig to use; absent: in-cluster, else the default kubeconfig");
  app.add_option("--leader-elect", flags.manager.leader_elect, "take a Lease before writing")
      ->capture_default_str();
  app.add_option("--leader-elect-namespace", flags.manager.lease_namespace,
                 "namespace of the Lease; absent: the pod's");
  app.add_option("--metrics-bind-address", flags.manager.metrics_address,
                 "HOST:PORT of /metrics; 0 turns it off")
      ->capture_default_str();
  app.add_option("--health-probe-bind-address", flags.manager.health_address,
                 "HOST:PORT of /healthz and /readyz; 0: off")
      ->capture_default_str();
  app.add_option("--log-format", flags.log_format, "text | json")->capture_default_str();
  app.add_option("--log-level", flags.log_level, "debug | info | warn | error")
      ->capture_default_str();
  app.add_option("--workers", flags.domain.workers, "deployments reconciled side by side")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  app.add_option("--max-in-flight-writes", flags.manager.max_in_flight_writes,
                 "writes under way at the API server")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  app.add_option("--node-loss-seconds", flags.domain.settings.node_loss_seconds,
                 "a Node that is NotReady for so long is lost with its pods")
      ->capture_default_str()
      ->check(CLI::Range(1, 86400));
}

// Turns SIGTERM and SIGINT into a stop request; a second one ends the process at once. The signals
// are blocked in every thread (the mask is set before any is started) and taken by this one.
class SignalWaiter {
 public:
  explicit SignalWaiter(std::stop_source& stop) {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGUSR2);  // ours: ends this thread
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::thread([this, &stop] { Run(stop); });
  }
  ~SignalWaiter() {
    pthread_kill(thread_.native_handle(), SIGUSR2);
    thread_.join();
  }

 private:
  void Run(std::stop_source& stop) {
    int signal = 0;
    while (sigwait(&signals_, &signal) == 0 && signal != SIGUSR2) {
      if (stop.stop_requested()) std::_Exit(EXIT_FAILURE);
      stop.request_stop();
    }
  }

  sigset_t signals_{};
  std::thread thread_;
};

// The lists of a start and the pages of a resync are megabytes that live for a moment. With the
// defaults of glibc they stay resident: its threshold for memory of their own grows with each of
// them, and every thread keeps an arena.
void TuneMemory() {
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
  mallopt(M_ARENA_MAX, 2);
}

int Fail(const base::Error& error) {
  observability::Log(Level::kError, error.message, {{"reason", error.reason}});
  observability::ShutdownLog();
  return EXIT_FAILURE;
}

int Run(const Flags& flags, const std::stop_source& stop) {
  const base::SystemClock clock;
  auto config = transport::LoadClusterConfig(flags.kubeconfig);
  if (!config) return Fail(config.error());
  auto manager = runtime::Manager::Create(*config, clock, flags.manager);
  if (!manager) return Fail(manager.error());
  const auto domain = disagg::reconcile::Register(**manager, clock, flags.domain);
  observability::Log(Level::kInfo, "disagg-operator starts", {{"cluster", config->source}});
  const base::Status ended = (*manager)->Run(stop.get_token());
  if (!ended) return Fail(ended.error());
  observability::Log(Level::kInfo, "disagg-operator stopped");
  observability::ShutdownLog();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  TuneMemory();
  CLI::App app{"Kubernetes operator for disaggregated LLM serving"};
  Flags flags;
  AddFlags(app, flags);
  CLI11_PARSE(app, argc, argv);
  const auto format = observability::ParseLogFormat(flags.log_format);
  const auto level = observability::ParseLevel(flags.log_level);
  if (!format || !level) {
    std::cerr << (format ? level.error().message : format.error().message) << "\n";
    return EXIT_FAILURE;
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::stop_source stop;
  const SignalWaiter signals(stop);  // before any other thread exists
  observability::InitLog(*format, *level);
  return Run(flags, stop);
}
