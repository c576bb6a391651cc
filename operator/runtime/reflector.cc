#include "operator/runtime/reflector.h"

#include <atomic>
#include <future>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "operator/base/seed.h"
#include "operator/kube/item_decoder.h"
#include "operator/kube/list_decoder.h"
#include "operator/kube/status_error.h"
#include "operator/kube/watch_decoder.h"
#include "operator/runtime/reflector_health.h"
#include "operator/runtime/reflector_requests.h"
#include "operator/runtime/watch_inbox.h"

namespace runtime {
namespace {

// Of the body of an answer that refuses a watch, only so much is kept for its message.
constexpr std::size_t kMostErrorBody = 64u << 10;

struct ReflectorMetrics {
  ReflectorMetrics(observability::Metrics& metrics, const std::string& resource)
      : lists(metrics.GetCounter("cache_lists_total", "Complete lists taken into a cache",
                                 {{"resource", resource}})),
        watches(
            metrics.GetCounter("cache_watches_total", "Watches begun", {{"resource", resource}})),
        events(metrics.GetCounter("cache_events_total", "Watch events received",
                                  {{"resource", resource}})) {}

  const observability::Counter lists, watches, events;
};

}  // namespace

// All of it but Restart, Stop and synced_list runs on the loop. `attempt_` numbers what is under
// way; what belongs to an older attempt (an answer, a timer, bytes of a cancelled stream) is
// ignored.
class Reflector::Core : public std::enable_shared_from_this<Reflector::Core> {
 public:
  Core(WatchSpec spec, ReflectorContext context, ReflectorOptions options, ObjectStore& store,
       std::function<void()> on_synced)
      : spec_(std::move(spec)),
        context_(std::move(context)),
        options_(options),
        store_(store),
        on_synced_(std::move(on_synced)),
        metrics_(context_.metrics, spec_.resource.ToString()),
        health_(std::make_shared<ReflectorHealth>(spec_.resource, options.timings.live_grace,
                                                  context_.loop, context_.clock, context_.metrics,
                                                  store)),
        state_(options.timings, options.page_size, base::SeedOr(options.seed)) {}

  std::uint64_t Restart() {
    const std::uint64_t list = ++requested_list_;
    context_.loop->Post([self = shared_from_this(), list] { self->Begin(list); });
    return list;
  }

  std::uint64_t synced_list() const { return synced_list_; }
  const WatchSpec& spec() const { return spec_; }

  void Stop() {
    auto stopped = std::make_shared<std::promise<void>>();
    std::future<void> done = stopped->get_future();
    context_.loop->Post([self = shared_from_this(), stopped = std::move(stopped)] {
      self->stopped_ = true;
      self->health_->Stop();
      self->Abandon();
      stopped->set_value();
    });
    done.wait();  // also returns when the loop has stopped and dropped the task
  }

 private:
  void Begin(std::uint64_t list) {
    if (stopped_) return;
    list_ = list;
    store_.MarkUnsynced();
    Perform(state_.Start());
  }

  // Whatever is under way no longer counts.
  void Abandon() {
    ++attempt_;
    if (stream_ != nullptr) stream_->Cancel();
    stream_.reset();
    inbox_.reset();
  }

  void Perform(const ReflectorAction& action) {
    Abandon();
    if (action.delay.count() == 0) {
      Run(action);
      return;
    }
    InThisAttempt(action.delay, [this, action] { Run(action); });
  }

  // Calls `task` after `delay` unless what is under way now is over by then.
  void InThisAttempt(std::chrono::milliseconds delay, std::function<void()> task) {
    context_.loop->PostAfter(delay,
                             [weak = weak_from_this(), attempt = attempt_, task = std::move(task)] {
                               const auto self = weak.lock();
                               if (self != nullptr && attempt == self->attempt_) task();
                             });
  }

  void Run(const ReflectorAction& action) {
    if (action.kind == ReflectorAction::Kind::kWatch) {
      OpenWatch(action.resource_version);
    } else {
      SendList(action);
    }
  }

  void SendList(const ReflectorAction& page) {
    health_->ExpectAnswer();
    if (page.continue_token.empty()) pages_.clear();
    auto callback = [self = shared_from_this(), attempt = attempt_,
                     whole = !page.without_contents](base::Result<transport::Response> answer) {
      self->context_.loop->Post([self, attempt, whole, answer = std::move(answer)]() mutable {
        if (attempt == self->attempt_) self->TakePage(ReadList(std::move(answer)), whole);
      });
    };
    context_.transport.Send(MakeList(spec_, options_, page), std::move(callback));
  }

  void TakePage(const base::Result<std::string>& body, bool whole) {
    if (!body) return FailList(body.error());
    auto page = kube::DecodeList(*body, spec_.decoder);
    if (!page) return FailList(page.error());
    for (const kube::ObjectPtr& object : page->items) {
      if (!whole) kube::MarkIncomplete(object, "it is too large for a page of a list");
      health_->Check(object->meta);
    }
    for (const base::Error& error : page->skipped) health_->Skipped(error);
    std::move(page->items.begin(), page->items.end(), std::back_inserter(pages_));
    if (page->continue_token.empty()) {
      metrics_.lists.Add();
      Publish(std::exchange(pages_, {}), page->resource_version);
    }
    Perform(state_.OnPage(page->resource_version, page->continue_token, body->size()));
  }

  // The whole of what there is.
  void Publish(std::vector<kube::ObjectPtr> objects, const std::string& resource_version) {
    store_.Replace(std::move(objects), resource_version);
    synced_list_ = list_;
    on_synced_();
  }

  void FailList(const base::Error& error) {
    const base::SteadyTime now = context_.clock.Steady();
    if (spec_.may_be_absent && error.reason == kNotServed) {
      if (const auto next = state_.OnNotServed(store_.size() > 0, now)) return TakeAbsence(*next);
    }
    store_.MarkUnsynced();  // also when it was known to be absent until now
    health_->Failed("list", error);
    Perform(state_.OnListFailed(error, now));
  }

  void TakeAbsence(const ReflectorAction& next) {
    // The version of nothing: what waits for a write of ours to be seen asks for one more list.
    Publish({}, kNotServed);
    health_->NotServed();
    Perform(next);
  }

  void OpenWatch(const std::string& resource_version) {
    metrics_.watches.Add();
    answered_ = false;
    half_event_ = false;
    decoder_.emplace(spec_.decoder, options_.max_line_bytes);
    refusal_.clear();
    inbox_ = std::make_shared<WatchInbox>(
        options_.max_inbox_bytes, [weak = weak_from_this(), attempt = attempt_] {
          const auto self = weak.lock();  // weak: the inbox is ours
          if (self == nullptr) return;
          self->context_.loop->Post([self, attempt] {
            if (attempt == self->attempt_) self->TakeDelivery(self->inbox_->Take());
          });
        });
    state_.OnWatchStarted(context_.clock.Steady());
    EndIfSilent();
    stream_ = context_.transport.Stream(
        MakeWatch(spec_, options_, resource_version, state_.WatchDuration()), inbox_);
  }

  void TakeDelivery(WatchInbox::Delivery delivery) {
    const bool head = delivery.status != 0 && !std::exchange(answered_, true);
    if (delivery.status != 0 && (delivery.status != 200 || !delivery.json)) {
      return TakeRefusal(delivery, head);
    }
    if (head) {
      state_.OnWatchStarted(context_.clock.Steady());
      health_->Answered();
    }
    if (auto decoded = Decode(delivery.bytes); !decoded) return EndWatch(decoded);
    if (delivery.end) return EndWatch(EndOf(*delivery.end));
    if (delivery.paused) stream_->Resume();
    if (!half_event_) EndIfHalf();
  }

  // An event that has begun comes whole within seconds. One that drips holds up all behind it.
  void EndIfHalf() {
    half_event_ = !decoder_->at_boundary();
    if (!half_event_) return;
    InThisAttempt(options_.timings.event, [this, heard = events_heard_] {
      if (heard != events_heard_ || decoder_->at_boundary()) return EndIfHalf();
      EndWatch(base::MakeError(base::ErrorCode::kTimeout, "HalfEvent",
                               "the watch brought only half of an event for too long"));
    });
  }

  // A peer that drips bytes without ever completing an event is as good as silent.
  void EndIfSilent() {
    InThisAttempt(options_.timings.idle, [this, heard = events_heard_] {
      if (heard != events_heard_) return EndIfSilent();
      EndWatch(base::MakeError(base::ErrorCode::kTimeout, "Idle",
                               "the watch brought no event for too long"));
    });
  }

  base::Status Decode(std::string_view bytes) {
    base::Status in_stream;
    const base::Status decoded = decoder_->Feed(bytes, [&](const kube::WatchEvent& event) {
      if (!in_stream) return;  // nothing counts after an error
      if (event.type == kube::EventType::kError) {
        in_stream = event.error;
      } else {
        Apply(event);
      }
    });
    return in_stream.ok() ? decoded : in_stream;
  }

  void Apply(const kube::WatchEvent& event) {
    metrics_.events.Add();
    ++events_heard_;
    if (event.object != nullptr) health_->Check(event.object->meta);
    switch (event.type) {
      case kube::EventType::kAdded:
      case kube::EventType::kModified:
        store_.Upsert(event.object, event.resource_version);
        break;
      case kube::EventType::kDeleted:
        store_.Remove(event.object->meta.key(), event.resource_version);
        break;
      case kube::EventType::kBookmark:
        store_.Bookmark(event.resource_version);
        break;
      case kube::EventType::kSkipped:
        return health_->Skipped(event.error);
      case kube::EventType::kError:
        return;
    }
    state_.OnEvent(event.resource_version, context_.clock.Steady());
  }

  // A proper end in the middle of a line is none.
  base::Status EndOf(const base::Status& end) const {
    if (!end || decoder_->at_boundary()) return end;
    return base::MakeError(base::ErrorCode::kConnection, "Truncated",
                           "the watch ended in the middle of an event");
  }

  // An answer other than 200: its body is a Status, or whatever a proxy says, for as long as it
  // likes.
  void TakeRefusal(const WatchInbox::Delivery& delivery, bool head) {
    refusal_.append(delivery.bytes, 0, kMostErrorBody - refusal_.size());
    const auto end = [this, status = delivery.status, wait = delivery.retry_after] {
      EndWatch(kube::ErrorFromResponse(status, refusal_, wait));
    };
    if (delivery.end || refusal_.size() == kMostErrorBody) return end();
    if (head) InThisAttempt(options_.timings.refusal, end);
    if (delivery.paused) stream_->Resume();
  }

  void EndWatch(const base::Status& status) {
    if (!status) health_->Failed("watch", status.error());
    health_->ExpectAnswer();
    const ReflectorAction next = state_.OnWatchEnded(status, context_.clock.Steady());
    if (next.kind == ReflectorAction::Kind::kList) store_.MarkUnsynced();
    Perform(next);
  }

  const WatchSpec spec_;
  const ReflectorContext context_;
  const ReflectorOptions options_;
  ObjectStore& store_;
  const std::function<void()> on_synced_;
  const ReflectorMetrics metrics_;
  std::atomic<std::uint64_t> requested_list_{0};
  std::atomic<std::uint64_t> synced_list_{0};

  const std::shared_ptr<ReflectorHealth> health_;
  ReflectorState state_;
  bool stopped_ = false;
  std::uint64_t attempt_ = 0;
  std::uint64_t list_ = 0;              // the list that the current state stems from
  std::vector<kube::ObjectPtr> pages_;  // of a list that is not complete yet
  std::shared_ptr<transport::StreamHandle> stream_;
  std::shared_ptr<WatchInbox> inbox_;
  std::optional<kube::WatchDecoder> decoder_;
  bool answered_ = false;    // the head of the watch has come
  bool half_event_ = false;  // only the beginning of an event has come, and its time is kept
  std::uint64_t events_heard_ = 0;
  std::string refusal_;
};

Reflector::Reflector(WatchSpec spec, ReflectorContext context, ReflectorOptions options,
                     ObjectStore& store, std::function<void()> on_synced)
    : core_(std::make_shared<Core>(std::move(spec), std::move(context), options, store,
                                   std::move(on_synced))) {}

Reflector::~Reflector() { Stop(); }

std::uint64_t Reflector::Restart() { return core_->Restart(); }
std::uint64_t Reflector::synced_list() const { return core_->synced_list(); }
void Reflector::Stop() { core_->Stop(); }
const WatchSpec& Reflector::spec() const { return core_->spec(); }

}  // namespace runtime
