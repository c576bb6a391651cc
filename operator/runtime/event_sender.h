#pragma once

// The EventRecorder that sends: a bounded queue and a thread with one request at a time. An event
// that finds the queue full, its object's rate used up or the API server unwilling is counted and
// dropped.

#include <cstddef>
#include <deque>
#include <optional>
#include <stop_token>
#include <thread>

#include "operator/base/clock.h"
#include "operator/base/cond_var.h"
#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"
#include "operator/observability/metrics.h"
#include "operator/runtime/api_client.h"
#include "operator/runtime/event_aggregator.h"
#include "operator/runtime/event_recorder.h"
#include "operator/transport/transport.h"

namespace runtime {

class EventSender : public EventRecorder {
 public:
  static constexpr std::size_t kMostQueued = 1000;

  // `gate` may be null: then every event may go out.
  EventSender(transport::Transport& transport, const WriteGate* gate, const base::Clock& clock,
              EventOptions options, observability::Metrics& metrics);
  ~EventSender() override;  // Stop

  void Start();
  // Sends what is queued for at most two seconds more.
  void Stop();

  void Record(const kube::Resource& resource, const kube::ObjectMeta& about,
              const EventNote& note) override;

 private:
  struct Item {
    kube::Resource resource;
    kube::ObjectMeta about;  // without labels and annotations
    EventNote note;
  };

  void Run(const std::stop_token& stop);
  // The next item; nothing when none comes for a while or, after a stop, when there is none left.
  std::optional<Item> Next(const std::stop_token& stop);
  void Handle(const Item& item);
  void Send(const EventWrite& write);

  transport::Transport& transport_;
  const WriteGate* const gate_;
  const observability::Counter sent_, queue_full_, rate_limited_, refused_;
  EventAggregator aggregator_;  // of the thread
  base::Mutex mutex_;
  base::StopCondVar arrived_;
  std::deque<Item> queue_ GUARDED_BY(mutex_);
  std::jthread thread_;  // last: uses all of the above
};

}  // namespace runtime
