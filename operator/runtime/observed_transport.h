#pragma once

// A Transport that counts what goes through another one (rest_client_requests_total,
// rest_client_request_duration_seconds, as client-go), notices when that one no longer calls back,
// and shows each answer to a ServerClock. Thread-safe.

#include <chrono>
#include <memory>
#include <string>

#include "operator/base/clock.h"
#include "operator/observability/metrics.h"
#include "operator/runtime/server_clock.h"
#include "operator/transport/transport.h"

namespace runtime {

class ObservedTransport : public transport::Transport {
 public:
  // `clock` and `metrics` outlive this and its callbacks, as does `server_clock` unless it is null.
  ObservedTransport(std::unique_ptr<transport::Transport> inner, std::string host,
                    const base::Clock& clock, observability::Metrics& metrics,
                    ServerClock* server_clock = nullptr);
  ~ObservedTransport() override;

  void Send(transport::Request request, Callback callback) override;
  std::shared_ptr<transport::StreamHandle> Stream(
      transport::Request request, std::shared_ptr<transport::StreamSink> sink) override;
  transport::PoolStats stats() const override { return inner_->stats(); }

  // By how much the callback that is waited for longest is late; negative or zero while all is
  // well. A transport keeps its time-outs also when the server is gone: what is late is its thread.
  base::SteadyTime::duration overdue() const;

 private:
  class Ledger;
  class Sink;

  const std::shared_ptr<Ledger> ledger_;
  const std::unique_ptr<transport::Transport> inner_;
};

}  // namespace runtime
