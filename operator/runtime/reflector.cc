#include "operator/runtime/reflector.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <iterator>
#include <optional>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "operator/kube/list_decoder.h"
#include "operator/kube/status_error.h"
#include "operator/kube/watch_decoder.h"
#include "operator/observability/log.h"
#include "operator/runtime/api_request.h"
#include "operator/runtime/reflector_requests.h"
#include "operator/runtime/watch_inbox.h"

namespace runtime {
namespace {

using observability::Level;

// Of the body of an answer that refuses a watch, only so much is kept for its message.
constexpr std::size_t kMostErrorBody = 64u << 10;

struct ReflectorMetrics {
  ReflectorMetrics(observability::Metrics& metrics, const std::string& resource)
      : lists(metrics.GetCounter("cache_lists_total", "Complete lists taken into a cache",
                                 {{"resource", resource}})),
        watches(
            metrics.GetCounter("cache_watches_total", "Watches begun", {{"resource", resource}})),
        events(metrics.GetCounter("cache_events_total", "Watch events received",
                                  {{"resource", resource}})),
        failures(metrics.GetCounter("cache_failures_total", "Lists and watches that failed",
                                    {{"resource", resource}})) {}

  const observability::Counter lists, watches, events, failures;
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
        state_(options.timings, options.seed != 0 ? options.seed : std::random_device()()) {}

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
    context_.loop->PostAfter(action.delay, [self = shared_from_this(), attempt = attempt_, action] {
      if (attempt == self->attempt_) self->Run(action);
    });
  }

  void Run(const ReflectorAction& action) {
    if (action.kind == ReflectorAction::Kind::kWatch) {
      OpenWatch(action.resource_version);
    } else {
      SendList(action.continue_token);
    }
  }

  void SendList(const std::string& continue_token) {
    if (continue_token.empty()) pages_.clear();
    auto callback = [self = shared_from_this(),
                     attempt = attempt_](base::Result<transport::Response> answer) {
      self->context_.loop->Post([self, attempt, answer = std::move(answer)]() mutable {
        if (attempt == self->attempt_) self->TakePage(ReadBody(std::move(answer)));
      });
    };
    context_.transport.Send(MakeList(spec_, options_, continue_token), std::move(callback));
  }

  void TakePage(const base::Result<std::string>& body) {
    if (!body) return FailList(body.error());
    auto page = kube::DecodeList(*body, spec_.decoder);
    if (!page) return FailList(page.error());
    std::move(page->items.begin(), page->items.end(), std::back_inserter(pages_));
    if (page->continue_token.empty()) {
      store_.Replace(std::exchange(pages_, {}), page->resource_version);
      metrics_.lists.Add();
      synced_list_ = list_;
      on_synced_();
    }
    Perform(state_.OnPage(page->resource_version, page->continue_token));
  }

  void FailList(const base::Error& error) {
    pages_.clear();
    Tell("list", error);
    Perform(state_.OnListFailed(error, context_.clock.Steady()));
  }

  void OpenWatch(const std::string& resource_version) {
    metrics_.watches.Add();
    watching_ = false;
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
    stream_ = context_.transport.Stream(
        MakeWatch(spec_, options_, resource_version, state_.WatchDuration()), inbox_);
  }

  void TakeDelivery(WatchInbox::Delivery delivery) {
    if (delivery.status != 0 && delivery.status != 200) return TakeRefusal(delivery);
    if (delivery.status == 200 && !watching_) {
      watching_ = true;
      state_.OnWatchStarted(context_.clock.Steady());
      Recovered();
    }
    if (auto decoded = Decode(delivery.bytes); !decoded) return EndWatch(decoded);
    if (delivery.end) return EndWatch(EndOf(*delivery.end));
    if (delivery.paused) stream_->Resume();
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
      case kube::EventType::kError:
        return;
    }
    state_.OnEvent(event.resource_version);
  }

  // A proper end in the middle of a line is none.
  base::Status EndOf(const base::Status& end) const {
    if (!end || decoder_->at_boundary()) return end;
    return base::MakeError(base::ErrorCode::kConnection, "Truncated",
                           "the watch ended in the middle of an event");
  }

  // An answer other than 200: its body is a Status.
  void TakeRefusal(const WatchInbox::Delivery& delivery) {
    refusal_.append(delivery.bytes, 0, kMostErrorBody - std::min(kMostErrorBody, refusal_.size()));
    if (delivery.end) {
      EndWatch(kube::ErrorFromResponse(delivery.status, refusal_, delivery.retry_after));
    } else if (delivery.paused) {
      stream_->Resume();
    }
  }

  void EndWatch(const base::Status& status) {
    if (!status) Tell("watch", status.error());
    const ReflectorAction next = state_.OnWatchEnded(status, context_.clock.Steady());
    if (next.kind == ReflectorAction::Kind::kList) store_.MarkUnsynced();
    Perform(next);
  }

  // Once per kind of trouble; the repetitions are for the debug log.
  void Tell(const char* verb, const base::Error& error) {
    metrics_.failures.Add();
    const bool told = trouble_ == error.code;
    trouble_ = error.code;
    const bool routine = error.code == base::ErrorCode::kGone;
    const Level level = told ? Level::kDebug : (routine ? Level::kInfo : Level::kWarn);
    std::string message = std::string(verb) + " failed, tried again: " + error.message;
    if (error.code == base::ErrorCode::kNotFound) {
      message = "the API server does not serve " + spec_.resource.ToString() + " (" +
                spec_.resource.ApiVersion() +
                "): install its CustomResourceDefinition; waiting for it";
    }
    observability::Log(level, message,
                       {{"resource", spec_.resource.ToString()}, {"reason", error.reason}});
  }

  void Recovered() {
    if (!trouble_) return;
    trouble_.reset();
    observability::Log(Level::kInfo, "watched again", {{"resource", spec_.resource.ToString()}});
  }

  const WatchSpec spec_;
  const ReflectorContext context_;
  const ReflectorOptions options_;
  ObjectStore& store_;
  const std::function<void()> on_synced_;
  const ReflectorMetrics metrics_;
  std::atomic<std::uint64_t> requested_list_{0};
  std::atomic<std::uint64_t> synced_list_{0};

  ReflectorState state_;
  bool stopped_ = false;
  std::uint64_t attempt_ = 0;
  std::uint64_t list_ = 0;              // the list that the current state stems from
  std::vector<kube::ObjectPtr> pages_;  // of a list that is not complete yet
  std::shared_ptr<transport::StreamHandle> stream_;
  std::shared_ptr<WatchInbox> inbox_;
  std::optional<kube::WatchDecoder> decoder_;
  bool watching_ = false;  // the head of the watch was 200
  std::string refusal_;
  std::optional<base::ErrorCode> trouble_;  // told, not over yet
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
