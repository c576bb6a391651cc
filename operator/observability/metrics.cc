#include "operator/observability/metrics.h"

#include <exception>
#include <sstream>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "operator/base/mutex.h"
#include "operator/observability/log.h"

namespace observability {

class Metrics::Impl {
 public:
  // `make` registers a series and returns its handle. The library throws on names that are not
  // allowed.
  template <typename Handle, typename Make>
  Handle Guarded(const std::string& name, Make make) {
    try {
      return Handle(make());
    } catch (const std::exception& e) {
      Log(Level::kError, "metric is not registered", {{"metric", name}, {"error", e.what()}});
      return {};
    }
  }

  prometheus::Registry registry;
};

void Counter::Add(double amount) const {
  if (series_ != nullptr) series_->Increment(amount);
}

void Counter::RaiseTo(double total) const {
  if (series_ == nullptr) return;
  static base::Mutex mutex;  // of two scrapes at once only one may add the difference
  base::MutexLock lock(mutex);
  const double missing = total - series_->Value();
  if (missing > 0) series_->Increment(missing);
}

double Counter::value() const { return series_ == nullptr ? 0 : series_->Value(); }

void Gauge::Set(double value) const {
  if (series_ != nullptr) series_->Set(value);
}

void Gauge::Add(double amount) const {
  if (series_ != nullptr) series_->Increment(amount);
}

double Gauge::value() const { return series_ == nullptr ? 0 : series_->Value(); }

void Histogram::Observe(double value) const {
  if (series_ != nullptr) series_->Observe(value);
}

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter Metrics::GetCounter(const std::string& name, const std::string& help,
                            const Labels& labels) {
  return impl_->Guarded<Counter>(name, [&] {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry);
    return &family.Add(labels);
  });
}

Gauge Metrics::GetGauge(const std::string& name, const std::string& help, const Labels& labels) {
  return impl_->Guarded<Gauge>(name, [&] {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry);
    return &family.Add(labels);
  });
}

Histogram Metrics::GetHistogram(const std::string& name, const std::string& help,
                                const std::vector<double>& bounds, const Labels& labels) {
  return impl_->Guarded<Histogram>(name, [&] {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->registry);
    return &family.Add(labels, bounds);
  });
}

std::string Metrics::Text() const {
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, impl_->registry.Collect());
  return text.str();
}

}  // namespace observability
