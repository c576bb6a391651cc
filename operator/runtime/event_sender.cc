#include "operator/runtime/event_sender.h"

#include <chrono>
#include <utility>

#include "operator/observability/log.h"
#include "operator/runtime/api_request.h"
#include "operator/runtime/timings.h"

namespace runtime {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kSweep{10};  // how often series are looked through

observability::Counter Dropped(observability::Metrics& metrics, const char* cause) {
  return metrics.GetCounter("events_dropped_total", "Events that were not sent",
                            {{"cause", cause}});
}

}  // namespace

EventSender::EventSender(transport::Transport& transport, const WriteGate* gate,
                         const base::Clock& clock, EventOptions options,
                         observability::Metrics& metrics)
    : transport_(transport),
      gate_(gate),
      sent_(metrics.GetCounter("events_sent_total", "Events and series updates sent")),
      queue_full_(Dropped(metrics, "queue")),
      rate_limited_(Dropped(metrics, "rate")),
      refused_(Dropped(metrics, "refused")),
      aggregator_(clock, std::move(options)) {}

EventSender::~EventSender() { Stop(); }

void EventSender::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void EventSender::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void EventSender::Record(const kube::Resource& resource, const kube::ObjectMeta& about,
                         const EventNote& note) {
  Item item{resource, {}, note};
  item.about.name = about.name;
  item.about.namespace_name = about.namespace_name;
  item.about.uid = about.uid;
  item.about.resource_version = about.resource_version;
  base::MutexLock lock(mutex_);
  if (queue_.size() >= kMostQueued) {
    queue_full_.Add();
    return;
  }
  queue_.push_back(std::move(item));
  arrived_.NotifyOne();
}

void EventSender::Run(const std::stop_token& stop) {
  auto swept = steady_clock::now();
  std::optional<steady_clock::time_point> deadline;
  while (true) {
    const std::optional<Item> item = Next(stop);
    if (stop.stop_requested() && !deadline) deadline = steady_clock::now() + kEventsEnd;
    if (deadline && (!item || steady_clock::now() >= *deadline)) return;
    if (item) Handle(*item);
    if (steady_clock::now() - swept < kSweep) continue;
    swept = steady_clock::now();
    for (const EventWrite& write : aggregator_.Due()) Send(write);
  }
}

std::optional<EventSender::Item> EventSender::Next(const std::stop_token& stop) {
  base::MutexLock lock(mutex_);
  if (!arrived_.WaitFor(mutex_, stop, kSweep,
                        [this]() REQUIRES(mutex_) { return !queue_.empty(); })) {
    return std::nullopt;
  }
  Item item = std::move(queue_.front());
  queue_.pop_front();
  return item;
}

void EventSender::Handle(const Item& item) {
  bool refused = false;
  const auto write = aggregator_.Add(item.resource, item.about, item.note, &refused);
  if (refused) rate_limited_.Add();
  if (write) Send(*write);
}

void EventSender::Send(const EventWrite& write) {
  transport::Request request;
  request.method = write.patch ? transport::Method::kPatch : transport::Method::kPost;
  request.target = kube::Path(kube::kEvents, write.namespace_name, write.patch ? write.name : "");
  request.headers = {
      {"Accept", "application/json"},
      {"Content-Type", write.patch ? "application/merge-patch+json" : "application/json"}};
  request.body = write.body;
  request.total_timeout = kEventRequest;
  if (gate_ != nullptr) request.may_send = [this] { return gate_->MayWrite(); };
  const auto answer = ReadBody(transport::SendAndWait(transport_, std::move(request)));
  if (answer) {
    sent_.Add();
    return;
  }
  refused_.Add();
  aggregator_.Forget(write.series);
  observability::Log(observability::Level::kDebug,
                     "an event was dropped: " + answer.error().message,
                     {{"reason", answer.error().reason}});
}

}  // namespace runtime
