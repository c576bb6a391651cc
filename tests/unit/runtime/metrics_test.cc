#include "operator/observability/metrics.h"

#include <gmock/gmock.h>

#include "operator/observability/process_metrics.h"

namespace observability {
namespace {

using ::testing::HasSubstr;

TEST(Metrics, AreShownAsText) {
  Metrics metrics;
  metrics.GetCounter("writes_total", "Writes", {{"verb", "create"}}).Add(2);
  metrics.GetGauge("depth", "Depth").Set(-1.5);
  metrics.GetHistogram("seconds", "Seconds", {0.1, 1}).Observe(0.5);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("# HELP writes_total Writes\n# TYPE writes_total counter\n"));
  EXPECT_THAT(text, HasSubstr("writes_total{verb=\"create\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("depth -1.5\n"));
  EXPECT_THAT(text, HasSubstr("seconds_bucket{le=\"0.1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("seconds_bucket{le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("seconds_count 1\n"));
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameSeries) {
  Metrics metrics;
  metrics.GetCounter("n_total", "N", {{"a", "1"}}).Add();
  metrics.GetCounter("n_total", "N", {{"a", "1"}}).Add();
  metrics.GetCounter("n_total", "N", {{"a", "2"}}).Add();
  EXPECT_EQ(metrics.GetCounter("n_total", "N", {{"a", "1"}}).value(), 2);
}

TEST(Metrics, ATotalKeptElsewhereNeverFalls) {
  Metrics metrics;
  const Counter counter = metrics.GetCounter("n_total", "N");
  counter.RaiseTo(5);
  counter.RaiseTo(3);
  EXPECT_EQ(counter.value(), 5);
}

TEST(Metrics, ANameThatIsNotAllowedCountsNothing) {
  Metrics metrics;
  const Counter counter = metrics.GetCounter("not a name", "N");
  counter.Add();
  EXPECT_EQ(counter.value(), 0);
  Gauge().Set(1);
  Histogram().Observe(1);
}

TEST(ProcessMetrics, TellOfThisProcess) {
  Metrics metrics;
  UpdateProcessMetrics(metrics);
  EXPECT_GT(metrics.GetGauge("process_resident_memory_bytes", "Resident memory").value(), 1e6);
  EXPECT_GE(metrics.GetGauge("process_threads", "Threads").value(), 1);
  EXPECT_GT(
      metrics.GetGauge("process_start_time_seconds", "Start of the process, Unix seconds").value(),
      1.7e9);
  EXPECT_THAT(metrics.Text(), HasSubstr("process_open_fds "));
  EXPECT_THAT(metrics.Text(), HasSubstr("process_cpu_seconds_total "));
}

}  // namespace
}  // namespace observability
