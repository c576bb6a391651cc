#include "operator/observability/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

namespace observability {
namespace {

// The fields of /proc/self/stat that are shown, see proc(5).
struct ProcessStat {
  std::uint64_t cpu_ticks = 0;
  std::int64_t threads = 0;
  std::uint64_t start_ticks = 0;  // since boot
  std::int64_t resident_pages = 0;
};

std::optional<ProcessStat> ReadStat() {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  // The second field is the name in parentheses and may hold anything.
  const auto end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(end_of_name + 1));
  std::string skipped;
  const auto skip = [&](int count) {
    for (int i = 0; i < count; ++i) fields >> skipped;
  };
  ProcessStat stat;
  std::uint64_t user = 0, system = 0;
  skip(11);  // fields 3 to 13
  fields >> user >> system;
  skip(4);  // 16 to 19
  fields >> stat.threads;
  skip(1);
  fields >> stat.start_ticks;
  skip(1);
  fields >> stat.resident_pages;
  stat.cpu_ticks = user + system;
  if (!fields) return std::nullopt;
  return stat;
}

// Unix seconds at which the kernel started; 0 when unknown.
double BootTime() {
  std::ifstream file("/proc/stat");
  std::string word;
  while (file >> word) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

void UpdateDescriptors(Metrics& metrics) {
  std::error_code error;
  std::filesystem::directory_iterator descriptors("/proc/self/fd", error);
  if (!error) {
    const auto open =
        std::distance(begin(descriptors), end(descriptors)) - 1;  // less the listing itself
    metrics.GetGauge("process_open_fds", "Open file descriptors").Set(static_cast<double>(open));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    metrics.GetGauge("process_max_fds", "Most file descriptors that may be open")
        .Set(static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace

void UpdateProcessMetrics(Metrics& metrics) {
  UpdateDescriptors(metrics);
  const auto stat = ReadStat();
  if (!stat) return;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  metrics.GetCounter("process_cpu_seconds_total", "CPU time spent, user and system")
      .RaiseTo(static_cast<double>(stat->cpu_ticks) / ticks);
  metrics.GetGauge("process_resident_memory_bytes", "Resident memory")
      .Set(static_cast<double>(stat->resident_pages) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  metrics.GetGauge("process_threads", "Threads").Set(static_cast<double>(stat->threads));
  metrics.GetGauge("process_start_time_seconds", "Start of the process, Unix seconds")
      .Set(BootTime() + static_cast<double>(stat->start_ticks) / ticks);
}

}  // namespace observability
