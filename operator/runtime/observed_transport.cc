#include "operator/runtime/observed_transport.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"

namespace runtime {
namespace {

const std::vector<double> kBounds = {0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 45, 60};

double SecondsBetween(base::SteadyTime from, base::SteadyTime to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

// What is under way and when its callback must have come; and the series.
class ObservedTransport::Ledger {
 public:
  Ledger(std::string host, const base::Clock& clock, observability::Metrics& metrics,
         ServerClock* server_clock)
      : host_(std::move(host)), clock_(clock), metrics_(metrics), server_clock_(server_clock) {}

  base::SteadyTime Now() const { return clock_.Steady(); }

  std::uint64_t Open(std::chrono::milliseconds timeout) {
    base::MutexLock lock(mutex_);
    deadlines_[next_] = clock_.Steady() + timeout;
    return next_++;
  }
  void Extend(std::uint64_t id, std::chrono::milliseconds timeout) {
    base::MutexLock lock(mutex_);
    deadlines_[id] = clock_.Steady() + timeout;
  }
  void Close(std::uint64_t id) {
    base::MutexLock lock(mutex_);
    deadlines_.erase(id);
  }

  void Count(transport::Method method, const std::string& code, base::SteadyTime start) {
    base::MutexLock lock(mutex_);
    const std::string verb(transport::ToString(method));
    const auto [counter, added] = counters_.try_emplace({verb, code});
    if (added) {
      counter->second = metrics_.GetCounter("rest_client_requests_total", "Requests by answer",
                                            {{"code", code}, {"method", verb}, {"host", host_}});
    }
    counter->second.Add();
    const auto [duration, fresh] = durations_.try_emplace(verb);
    if (fresh) {
      duration->second = metrics_.GetHistogram("rest_client_request_duration_seconds",
                                               "Time to the answer, of a watch to its head",
                                               kBounds, {{"verb", verb}, {"host", host_}});
    }
    duration->second.Observe(SecondsBetween(start, clock_.Steady()));
  }

  void ReadDate(const transport::Headers& headers, base::SteadyTime sent) {
    if (server_clock_ != nullptr) server_clock_->Observe(headers, sent);
  }

  base::SteadyTime::duration overdue() const {
    base::MutexLock lock(mutex_);
    auto most = base::SteadyTime::duration::min();
    for (const auto& [id, deadline] : deadlines_) most = std::max(most, clock_.Steady() - deadline);
    return most;
  }

 private:
  const std::string host_;
  const base::Clock& clock_;
  observability::Metrics& metrics_;
  ServerClock* const server_clock_;
  mutable base::Mutex mutex_;
  std::uint64_t next_ GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, base::SteadyTime> deadlines_ GUARDED_BY(mutex_);
  std::map<std::pair<std::string, std::string>, observability::Counter> counters_
      GUARDED_BY(mutex_);
  std::map<std::string, observability::Histogram> durations_ GUARDED_BY(mutex_);
};

class ObservedTransport::Sink : public transport::StreamSink {
 public:
  Sink(std::shared_ptr<Ledger> ledger, const transport::Request& request,
       std::shared_ptr<transport::StreamSink> inner)
      : ledger_(std::move(ledger)),
        inner_(std::move(inner)),
        method_(request.method),
        idle_(request.idle_timeout),
        start_(ledger_->Now()),
        id_(ledger_->Open(request.total_timeout)) {}

  void OnHead(int status, const transport::Headers& headers) override {
    answered_ = true;
    ledger_->Count(method_, std::to_string(status), start_);
    ledger_->ReadDate(headers, start_);
    ledger_->Extend(id_, idle_);
    inner_->OnHead(status, headers);
  }
  bool OnData(std::string_view bytes) override {
    const bool more = inner_->OnData(bytes);
    // Nobody reads a paused stream, so nothing can be late.
    if (more) {
      ledger_->Extend(id_, idle_);
    } else {
      ledger_->Close(id_);
    }
    return more;
  }
  void OnEnd(base::Status status) override {
    ledger_->Close(id_);
    if (!answered_) ledger_->Count(method_, "<error>", start_);
    inner_->OnEnd(std::move(status));
  }

 private:
  const std::shared_ptr<Ledger> ledger_;
  const std::shared_ptr<transport::StreamSink> inner_;
  const transport::Method method_;
  const std::chrono::milliseconds idle_;
  const base::SteadyTime start_;
  const std::uint64_t id_;
  bool answered_ = false;
};

ObservedTransport::ObservedTransport(std::unique_ptr<transport::Transport> inner, std::string host,
                                     const base::Clock& clock, observability::Metrics& metrics,
                                     ServerClock* server_clock)
    : ledger_(std::make_shared<Ledger>(std::move(host), clock, metrics, server_clock)),
      inner_(std::move(inner)) {}

ObservedTransport::~ObservedTransport() = default;

void ObservedTransport::Send(transport::Request request, Callback callback) {
  const transport::Method method = request.method;
  const std::uint64_t id = ledger_->Open(request.total_timeout);
  inner_->Send(std::move(request),
               [ledger = ledger_, method, id, start = ledger_->Now(),
                callback = std::move(callback)](base::Result<transport::Response> answer) {
                 ledger->Close(id);
                 ledger->Count(method, answer ? std::to_string(answer->status) : "<error>", start);
                 if (answer) ledger->ReadDate(answer->headers, start);
                 callback(std::move(answer));
               });
}

std::shared_ptr<transport::StreamHandle> ObservedTransport::Stream(
    transport::Request request, std::shared_ptr<transport::StreamSink> sink) {
  auto observed = std::make_shared<Sink>(ledger_, request, std::move(sink));
  return inner_->Stream(std::move(request), std::move(observed));
}

base::SteadyTime::duration ObservedTransport::overdue() const { return ledger_->overdue(); }

}  // namespace runtime
