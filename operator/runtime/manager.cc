#include "operator/runtime/manager.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "operator/base/cond_var.h"
#include "operator/base/hash.h"
#include "operator/base/mutex.h"
#include "operator/base/seed.h"
#include "operator/observability/log.h"
#include "operator/observability/process_metrics.h"
#include "operator/runtime/event_sender.h"
#include "operator/runtime/leader_election.h"
#include "operator/runtime/observed_transport.h"
#include "operator/runtime/server_clock.h"
#include "operator/runtime/timings.h"

namespace runtime {
namespace {

using observability::Level;

// What counts as a thread that hangs.
constexpr std::chrono::seconds kCallbackLate{15};
constexpr std::chrono::seconds kDecodeLong{60};
constexpr double kPassLongSeconds = 600;

std::string DefaultIdentity() {
  char host[256] = "unknown";
  gethostname(host, sizeof host - 1);
  return std::string(host) + "_" +
         base::ShortHash(std::to_string(base::RandomSeed()) + std::to_string(getpid()));
}

// Calls `action` unless it goes out of scope within `delay`.
class Deadline {
 public:
  Deadline(std::chrono::seconds delay, std::function<void()> action)
      : thread_([this, delay, action = std::move(action)](const std::stop_token& stop) {
          base::MutexLock lock(mutex_);
          passed_.WaitFor(mutex_, stop, delay, [] { return false; });
          if (!stop.stop_requested()) action();
        }) {}

 private:
  base::Mutex mutex_;
  base::StopCondVar passed_;
  std::jthread thread_;
};

struct Cache {
  std::unique_ptr<ObjectStore> store;
  std::unique_ptr<Reflector> reflector;
  observability::Gauge objects, live, incomplete;
  std::atomic<std::uint64_t> wanted_list{1};  // number of the list that has to be in the store
};

class AssembledManager : public Manager {
 public:
  AssembledManager(ManagerParts parts, const base::Clock& clock, ManagerOptions options);
  ~AssembledManager() override;

  ObjectStore& Watch(WatchSpec spec) override;
  Controller& AddController(ControllerOptions options, Reconcile reconcile) override;
  void OnLeading(std::function<void()> callback) override {
    on_leading_.push_back(std::move(callback));
  }

  ApiClient& client() override { return client_; }
  EventRecorder& events() override { return events_; }
  Freshness& freshness() override { return freshness_; }
  observability::Metrics& metrics() override { return metrics_; }
  const base::Clock& server_clock() const override { return server_clock_; }

  base::Status Run(std::stop_token stop) override;

 private:
  base::Status OpenListeners();
  void ListAll();
  base::Status Lead(const std::stop_token& stop);
  base::Status LostLease() const;
  void StartControllers();
  void StopAll(bool lost);

  void Wake();
  template <typename Condition>
  void WaitUntil(const std::stop_token& stop, Condition condition);
  bool lost() const {
    return elector_ != nullptr && elector_->state() == LeaderElector::State::kLost;
  }
  // Whether each cache holds the list that it has to; `optional`: of those that may come later,
  // too.
  bool AllSynced(bool optional) const;
  void WaitForCaches(const std::stop_token& stop);

  transport::PlainResponse Answer(const std::string& path);
  std::string Stuck() const;
  std::string NotReady() const;
  std::string MetricsText();

  const ManagerOptions options_;
  const base::Clock& clock_;
  observability::Metrics metrics_;
  const ManagerParts::Listen listen_;
  ServerClock server_clock_;
  ObservedTransport transport_;
  ObservedTransport lease_transport_;
  base::Mutex mutex_;
  base::StopCondVar changed_;
  std::unique_ptr<LeaderElector> elector_;
  ApiClient client_;
  EventSender events_;
  Freshness freshness_;
  std::vector<std::shared_ptr<EventLoop>> loops_;
  std::vector<std::unique_ptr<Cache>> caches_;
  std::vector<std::unique_ptr<Controller>> controllers_;
  std::vector<std::function<void()>> on_leading_;
  std::atomic<bool> stopping_{false};
  std::vector<std::unique_ptr<transport::HttpListener>>
      listeners_;  // last: answers from all of the above
};

LeaseOptions LeaseOf(const ManagerOptions& options) {
  return {options.lease_namespace.empty() ? "default" : options.lease_namespace, options.lease_name,
          options.identity.empty() ? DefaultIdentity() : options.identity, options.lease,
          options.seed};
}

ApiClientOptions ClientOptions(const ManagerOptions& options, const base::Clock& clock,
                               observability::Metrics& metrics) {
  ApiClientOptions client;
  client.max_in_flight_writes = options.max_in_flight_writes;
  client.clock = &clock;
  client.metrics = &metrics;
  return client;
}

EventOptions EventsOf() {
  EventOptions events;
  events.instance = DefaultIdentity();
  return events;
}

AssembledManager::AssembledManager(ManagerParts parts, const base::Clock& clock,
                                   ManagerOptions options)
    : options_(std::move(options)),
      clock_(clock),
      listen_(std::move(parts.listen)),
      server_clock_(clock),
      transport_(std::move(parts.transport), parts.host, clock, metrics_, &server_clock_),
      lease_transport_(std::move(parts.lease_transport), parts.host, clock, metrics_,
                       &server_clock_),
      elector_(options_.leader_elect
                   ? std::make_unique<LeaderElector>(lease_transport_, clock, LeaseOf(options_),
                                                     metrics_, [this] { Wake(); })
                   : nullptr),
      client_(transport_, elector_.get(), ClientOptions(options_, clock, metrics_)),
      events_(transport_, elector_.get(), clock, EventsOf(), metrics_) {
  for (int i = 0; i < options_.decode_threads; ++i) {
    loops_.push_back(parts.make_loop());
  }
}

AssembledManager::~AssembledManager() { StopAll(true); }

ObjectStore& AssembledManager::Watch(WatchSpec spec) {
  auto cache = std::make_unique<Cache>();
  cache->store = std::make_unique<ObjectStore>();
  cache->store->AddIndex(kByController, [](const kube::Object& object) -> std::vector<std::string> {
    if (object.meta.controller_uid.empty()) return {};
    return {object.meta.controller_uid};
  });
  const kube::Resource resource = spec.resource;
  const observability::Labels labels{{"resource", resource.ToString()}};
  cache->objects = metrics_.GetGauge("cache_objects", "Objects in a cache", labels);
  cache->live =
      metrics_.GetGauge("cache_live", "1 while a cache follows its resource, else 0", labels);
  cache->incomplete = metrics_.GetGauge(
      "cache_incomplete_objects", "Objects in a cache that cannot be read as a whole", labels);
  // Side by side: the first, third, ... resources on one loop, the others on the next.
  const ReflectorContext context{transport_, loops_[caches_.size() % loops_.size()], clock_,
                                 metrics_};
  ReflectorOptions reflector = options_.reflector;
  reflector.seed = options_.seed;
  cache->reflector = std::make_unique<Reflector>(std::move(spec), context, reflector, *cache->store,
                                                 [this] { Wake(); });
  freshness_.RegisterStore(resource, cache->store.get(), [reflector = cache->reflector.get()] {
    const std::uint64_t list = reflector->Restart();
    return [reflector, list] { return reflector->synced_list() >= list; };
  });
  caches_.push_back(std::move(cache));
  return *caches_.back()->store;
}

Controller& AssembledManager::AddController(ControllerOptions options, Reconcile reconcile) {
  options.backoff.seed = options_.seed;
  controllers_.push_back(
      std::make_unique<Controller>(std::move(options), clock_, metrics_, std::move(reconcile)));
  return *controllers_.back();
}

base::Status AssembledManager::Run(std::stop_token stop) {
  if (auto opened = OpenListeners(); !opened) return opened;
  events_.Start();
  ListAll();
  base::Status ended = Lead(stop);
  StopAll(!ended.ok());
  return ended;
}

base::Status AssembledManager::OpenListeners() {
  std::vector<std::string> opened;
  for (const std::string& address : {options_.health_address, options_.metrics_address}) {
    if (address.empty() || address == "0") continue;
    if (std::find(opened.begin(), opened.end(), address) != opened.end()) continue;
    auto listener = listen_(address, [this](const std::string& path) { return Answer(path); });
    if (!listener) return listener.error();
    listeners_.push_back(std::move(*listener));
    opened.push_back(address);
  }
  return {};
}

// Every reflector lists from etcd, with requests that are sent from now on.
void AssembledManager::ListAll() {
  for (const auto& cache : caches_) cache->wanted_list = cache->reflector->Restart();
}

base::Status AssembledManager::Lead(const std::stop_token& stop) {
  if (elector_ != nullptr) {
    elector_->Start();
    WaitUntil(stop, [this] { return elector_->state() != LeaderElector::State::kFollower; });
    if (stop.stop_requested()) return {};
    // Rule 3: what the caches have seen so far may be older than the last write of the leader
    // before us.
    ListAll();
  }
  WaitForCaches(stop);
  if (!stop.stop_requested() && !lost()) {
    StartControllers();
    WaitUntil(stop, [this] { return lost(); });
  }
  return lost() ? LostLease() : base::Status();
}

base::Status AssembledManager::LostLease() const {
  return base::MakeError(
      base::ErrorCode::kFenced, "LeaseLost",
      "the lease " + options_.lease_name + " is lost: this process exits, another one leads");
}

void AssembledManager::StartControllers() {
  malloc_trim(0);  // the pages of the lists, about as much again as the caches
  freshness_.Clear();
  for (const auto& callback : on_leading_) callback();
  for (const auto& controller : controllers_) controller->Start();
  observability::Log(
      Level::kInfo, AllSynced(true) ? "caches are complete, controllers start"
                                    : "controllers start without the caches that cannot be listed");
}

// In reverse, within kGracePeriod. The lease is given up only when nothing of ours can reach the
// API server any more.
void AssembledManager::StopAll(bool lost) {
  if (stopping_.exchange(true)) return;
  for (const auto& controller : controllers_) controller->RequestStop();
  {
    const Deadline deadline(kPassesEnd, [this] { client_.Shutdown(); });
    for (const auto& controller : controllers_) controller->Stop();
  }
  events_.Stop();
  if (elector_ != nullptr) elector_->Stop(!lost && client_.writes_in_flight() == 0);
  client_.Shutdown();
  for (const auto& cache : caches_) cache->reflector->Stop();
  for (const auto& loop : loops_) loop->Stop();
  listeners_.clear();
}

void AssembledManager::Wake() {
  base::MutexLock lock(mutex_);
  changed_.NotifyAll();
}

template <typename Condition>
void AssembledManager::WaitUntil(const std::stop_token& stop, Condition condition) {
  base::MutexLock lock(mutex_);
  changed_.Wait(mutex_, stop, condition);
}

bool AssembledManager::AllSynced(bool optional) const {
  return std::all_of(caches_.begin(), caches_.end(), [optional](const auto& cache) {
    return (cache->reflector->spec().optional && !optional) ||
           cache->reflector->synced_list() >= cache->wanted_list;
  });
}

// What can be done without a resource that nobody may list any more is not held up by it: above all
// giving back what a suspended object holds.
void AssembledManager::WaitForCaches(const std::stop_token& stop) {
  {
    base::MutexLock lock(mutex_);
    changed_.WaitFor(mutex_, stop, options_.reflector.timings.live_grace,
                     [this] { return lost() || AllSynced(true); });
  }
  WaitUntil(stop, [this] { return lost() || AllSynced(false); });
}

transport::PlainResponse AssembledManager::Answer(const std::string& path) {
  if (path == "/metrics") return {200, "text/plain; version=0.0.4; charset=utf-8", MetricsText()};
  if (path != "/healthz" && path != "/readyz") {
    return {404, "text/plain; charset=utf-8", "not found\n"};
  }
  const std::string trouble = path == "/healthz" ? Stuck() : NotReady();
  if (trouble.empty()) return {200, "text/plain; charset=utf-8", "ok\n"};
  return {503, "text/plain; charset=utf-8", trouble + "\n"};
}

// Only what a restart of this process would repair.
std::string AssembledManager::Stuck() const {
  if (transport_.overdue() > kCallbackLate) return "the I/O thread makes no progress";
  if (lease_transport_.overdue() > kCallbackLate) return "the lease's I/O thread makes no progress";
  for (const auto& loop : loops_) {
    if (loop->busy_for() > kDecodeLong) return "a decoding thread makes no progress";
  }
  for (const auto& controller : controllers_) {
    if (controller->queue().stats().longest_running_seconds > kPassLongSeconds) {
      return "a worker of " + controller->name() + " makes no progress";
    }
  }
  return "";
}

// "nodes: nodes is forbidden: ..."; "" when every cache is live.
std::string AssembledManager::NotReady() const {
  if (stopping_) return "stopping";
  std::string troubles;
  for (const auto& cache : caches_) {
    if (cache->store->live()) continue;
    troubles += (troubles.empty() ? "" : "\n") + cache->reflector->spec().resource.ToString() +
                ": " + cache->store->trouble();
  }
  return troubles;
}

std::string AssembledManager::MetricsText() {
  for (const auto& controller : controllers_) controller->UpdateMetrics();
  for (const auto& cache : caches_) {
    cache->objects.Set(static_cast<double>(cache->store->size()));
    cache->live.Set(cache->store->live() ? 1 : 0);
    cache->incomplete.Set(static_cast<double>(cache->store->incomplete()));
  }
  const transport::PoolStats pool = transport_.stats();
  metrics_.GetGauge("rest_client_open_connections", "Connections to the API server")
      .Set(static_cast<double>(pool.open_connections));
  metrics_.GetCounter("rest_client_connects_total", "Connections opened to the API server")
      .RaiseTo(static_cast<double>(pool.connects_total));
  observability::UpdateProcessMetrics(metrics_);
  return metrics_.Text();
}

}  // namespace

std::unique_ptr<Manager> Manager::Assemble(ManagerParts parts, const base::Clock& clock,
                                           ManagerOptions options) {
  return std::make_unique<AssembledManager>(std::move(parts), clock, std::move(options));
}

}  // namespace runtime
