#include <chrono>
#include <cstdio>
#include <map>
#include <thread>

#include "tests/bench/benches.h"
#include "tests/bench/fleet.h"
#include "tests/bench/loader.h"
#include "tests/bench/operator_figures.h"
#include "tests/support/operator.h"

namespace disagg::bench {
namespace {

using nlohmann::json;

std::vector<std::string> Flags(const BenchOptions& options, int port) {
  return {"--log-level",
          "warn",
          "--metrics-bind-address",
          "127.0.0.1:" + std::to_string(port),
          "--max-in-flight-writes",
          std::to_string(options.concurrency)};
}

using Series = std::map<std::string, double>;

// `resource="pods",verb="create"` as "create pods".
std::string ShortLabels(const std::string& labels) {
  const auto value = [&](const std::string& key) {
    const auto at = labels.find(key + "=\"");
    if (at == std::string::npos) return std::string();
    const auto begin = at + key.size() + 2;
    return labels.substr(begin, labels.find('"', begin) - begin);
  };
  return value("verb") + " " + value("resource");
}

void PrintSeries(const Series& series, double deployments) {
  for (const auto& [labels, count] : series) {
    std::printf("    %-48s %8.2f\n", ShortLabels(labels).c_str(), count / deployments);
  }
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The API server has merged the keys into the selector, and takes no pod that says both.
void RemoveMergedSelectors(json& object) {
  const json::json_pointer constraints("/spec/topologySpreadConstraints");
  if (!object.contains(constraints)) return;
  for (json& constraint : object[constraints]) constraint.erase("matchLabelKeys");
}

// The dump with the owners that exist now: the same objects, so that the garbage collector leaves
// them alone.
std::vector<transport::Request> Replay(transport::Transport& transport,
                                       std::vector<Fleet::Owned> dump) {
  std::map<std::string, std::string> uids;
  for (const json& object : ListAll(transport, "/apis/disagg.dev/v1alpha1/disaggdeployments")) {
    const json& metadata = object["metadata"];
    uids[metadata["namespace"].get<std::string>() + "/" + metadata["name"].get<std::string>()] =
        metadata["uid"];
  }
  std::vector<transport::Request> requests;
  for (Fleet::Owned& owned : dump) {
    RemoveMergedSelectors(owned.object);
    owned.object["metadata"]["ownerReferences"][0]["uid"] = uids[owned.owner];
    transport::Request request;
    request.method = transport::Method::kPost;
    request.target = owned.path + "?fieldManager=loader";
    request.headers = {{"Content-Type", "application/json"}};
    request.body = owned.object.dump();
    requests.push_back(std::move(request));
  }
  return requests;
}

}  // namespace

void BenchCreate(transport::Transport& transport, const BenchOptions& options) {
  Fleet fleet(transport, options);
  fleet.MakeNamespaces();
  std::vector<Fleet::Owned> dump;
  double pods_seconds = 0, ready_seconds = 0, writes = 0, statuses = 0, reads = 0, passes = 0;
  Series by_resource;
  Figures figures;
  const pid_t server = FindProcess("kube-apiserver", testing::ChartEnvironment::cluster().dir());
  double server_seconds = 0;
  {
    const int port = FreePort();
    testing::Operator op(testing::ChartEnvironment::operator_kubeconfig(), Flags(options, port));
    std::this_thread::sleep_for(std::chrono::seconds(3));
    const double server_before = ReadFigures(server).cpu_seconds;
    const double reads_before = ReadCounter(port, "rest_client_requests_total", "method=\"GET\"");
    const auto start = std::chrono::steady_clock::now();
    fleet.MakeDeployments();
    // The operator's own counter: asking the API server meanwhile would slow down what is measured.
    while (ReadCounter(port, "api_writes_total", "resource=\"pods\",verb=\"create\"") <
           options.pods()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    pods_seconds = SecondsSince(start);
    fleet.WaitReady();
    ready_seconds = SecondsSince(start);
    std::this_thread::sleep_for(std::chrono::seconds(3));
    figures = ReadFigures(op.pid());
    server_seconds = ReadFigures(server).cpu_seconds - server_before;
    by_resource = ReadCounters(port, "api_writes_total");
    reads = ReadCounter(port, "rest_client_requests_total", "method=\"GET\"") - reads_before;
    passes = ReadCounter(port, "controller_runtime_reconcile_total", "disaggdeployment");
    writes = ReadCounter(port, "api_writes_total");
    statuses = ReadCounter(port, "api_writes_total", "resource=\"disaggdeployments.disagg.dev");
    dump = fleet.Dump();
  }
  fleet.Delete();

  fleet.MakeDeployments();  // nobody answers them now: owners for the replay
  auto requests = Replay(transport, std::move(dump));
  const std::size_t objects = requests.size();
  const LoadResult floor = SendAll(transport, std::move(requests), options.concurrency);
  if (floor.failed > 0)
    std::fprintf(stderr, "loader: %d failed: %s\n", floor.failed, floor.first_failure.c_str());
  fleet.Delete();

  const double n = options.deployments;
  std::printf("create %d deployments of %d + %d workers and 1 router\n", options.deployments,
              options.prefill, options.decode);
  std::printf("  all pods exist after          %8.2f s\n", pods_seconds);
  std::printf("  plain loader, same objects    %8.2f s   (%zu objects, %.1f per deployment)\n",
              floor.seconds, objects, static_cast<double>(objects) / n);
  std::printf("  ratio to the loader           %8.2f\n", pods_seconds / floor.seconds);
  std::printf("  all deployments Ready after   %8.2f s   (pods bound and running, routers ready)\n",
              ready_seconds);
  std::printf("  API writes per deployment     %8.2f     (of them status %.2f)\n", writes / n,
              statuses / n);
  PrintSeries(by_resource, n);
  std::printf("  reads per deployment          %8.2f\n", reads / n);
  std::printf("  passes per deployment         %8.2f\n", passes / n);
  std::printf("  API server CPU                %8.2f s\n", server_seconds);
  std::printf("  operator CPU                  %8.2f s   peak RSS %.1f MiB\n", figures.cpu_seconds,
              figures.peak_rss_mib);
}

}  // namespace disagg::bench
