#pragma once

// Metrics in Prometheus' text form. One Metrics object holds all series of a process part and is
// handed to whoever counts; no type of the library behind it is needed by callers. Thread-safe.
//
//   const Counter writes = metrics.GetCounter("api_writes_total", "Writes sent", {{"verb",
//   "create"}}); writes.Add();

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace observability {

using Labels = std::map<std::string, std::string>;

// Handles: cheap to copy, valid as long as the Metrics that made them. A default one counts
// nothing.
class Counter {
 public:
  Counter() = default;
  explicit Counter(prometheus::Counter* series) : series_(series) {}
  void Add(double amount = 1) const;
  // Raises the counter to a total that is kept elsewhere; never lowers it.
  void RaiseTo(double total) const;
  double value() const;

 private:
  prometheus::Counter* series_ = nullptr;
};

class Gauge {
 public:
  Gauge() = default;
  explicit Gauge(prometheus::Gauge* series) : series_(series) {}
  void Set(double value) const;
  void Add(double amount) const;
  double value() const;

 private:
  prometheus::Gauge* series_ = nullptr;
};

class Histogram {
 public:
  Histogram() = default;
  explicit Histogram(prometheus::Histogram* series) : series_(series) {}
  void Observe(double value) const;

 private:
  prometheus::Histogram* series_ = nullptr;
};

class Metrics {
 public:
  Metrics();
  ~Metrics();

  // The same name and labels give the same series. A name or label that Prometheus does not allow
  // gives a handle that counts nothing, and a line in the log.
  Counter GetCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge GetGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // `bounds`: upper bounds of the buckets, ascending.
  Histogram GetHistogram(const std::string& name, const std::string& help,
                         const std::vector<double>& bounds, const Labels& labels = {});

  // Text exposition format 0.0.4.
  std::string Text() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace observability
