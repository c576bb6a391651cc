#pragma once

// Puts the machine together: caches with their reflectors, leader election, controllers, health;
// starts them in order and stops them in reverse. What is watched and reconciled is registered by
// the domain before Run.
//
// /healthz is 503 only for what a restart of this process would repair. /readyz is 503 while a
// cache is not live, also on a leader that works on, and names the resource and the reason: no
// request is routed by the readiness of an operator, so this takes nothing away, and it shows where
// people and alerts look first (`kubectl get pods`, Available of the Deployment, a roll-out that
// waits). A short break of the API server does not show (ReflectorTimings::live_grace).

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/kube/cluster_config.h"
#include "operator/observability/metrics.h"
#include "operator/runtime/api_client.h"
#include "operator/runtime/controller.h"
#include "operator/runtime/event_loop.h"
#include "operator/runtime/event_recorder.h"
#include "operator/runtime/freshness.h"
#include "operator/runtime/lease_lock.h"
#include "operator/runtime/reflector.h"
#include "operator/runtime/store.h"
#include "operator/runtime/thread_loop.h"
#include "operator/transport/http_listener.h"
#include "operator/transport/transport.h"

namespace runtime {

struct ManagerOptions {
  bool leader_elect = true;
  std::string lease_namespace;  // "" = the pod's namespace, or "default" outside a pod
  std::string lease_name = "disagg-operator";
  std::string identity;         // "" = host name and a random suffix
  std::string metrics_address;  // HOST:PORT, "0" = off
  std::string health_address;
  int max_in_flight_writes = 64;
  int decode_threads = 2;
  // Of every delay that chance spreads; 0: of chance itself.
  std::uint64_t seed = 0;
  LeaseTimings lease;
  ReflectorOptions reflector;
};

// What a manager stands on; in tests, fakes.
struct ManagerParts {
  using Listen = std::function<base::Result<std::unique_ptr<transport::HttpListener>>(
      const std::string& address, transport::PlainHandler)>;
  std::unique_ptr<transport::Transport> transport;
  std::unique_ptr<transport::Transport> lease_transport;  // so that nothing holds up a renewal
  std::string host;                                       // of the API server, for metrics
  Listen listen;
  // Called once per decoding thread.
  std::function<std::shared_ptr<EventLoop>()> make_loop = std::make_shared<ThreadLoop>;
};

class Manager {
 public:
  static base::Result<std::unique_ptr<Manager>> Create(const kube::ClusterConfig& config,
                                                       const base::Clock& clock,
                                                       ManagerOptions options);
  // `clock` outlives the manager.
  static std::unique_ptr<Manager> Assemble(ManagerParts parts, const base::Clock& clock,
                                           ManagerOptions options);
  virtual ~Manager() = default;

  // Before Run. The returned store lives as long as the manager and has the index kByController.
  virtual ObjectStore& Watch(WatchSpec spec) = 0;
  virtual Controller& AddController(ControllerOptions options, Reconcile reconcile) = 0;
  // Called on the leader after all caches were listed anew, before the controllers start: the place
  // to enqueue everything.
  virtual void OnLeading(std::function<void()> callback) = 0;

  virtual ApiClient& client() = 0;
  virtual EventRecorder& events() = 0;
  virtual Freshness& freshness() = 0;
  virtual observability::Metrics& metrics() = 0;
  // The calendar of the API server: what times in its objects are compared with.
  virtual const base::Clock& server_clock() const = 0;

  // Runs until `stop` or until leadership is lost. OK after an orderly stop; an error when
  // leadership was lost or a listener could not be opened. (A process that lost the lease must end:
  // it is restarted as a follower.)
  virtual base::Status Run(std::stop_token stop) = 0;
};

}  // namespace runtime
