#pragma once

// What one run of the operator cost, itself and the API server: from /proc and from the operator's
// own metrics.

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

namespace disagg::bench {

struct Figures {
  double cpu_seconds = 0;
  double rss_mib = 0;
  double peak_rss_mib = 0;
};

Figures ReadFigures(pid_t pid);

// The process of this program that has `argument` in its command line; 0 when there is none.
pid_t FindProcess(const std::string& program, const std::string& argument);

// Every series of a counter, by its labels as /metrics shows them: `resource="pods",verb="create"`.
std::map<std::string, double> ReadCounters(int metrics_port, const std::string& name);

// Sum over all series of a counter whose labels contain `label` ("" for all); 0 when there is none.
double ReadCounter(int metrics_port, const std::string& name, const std::string& label = "");

// A port that was free a moment ago.
int FreePort();

}  // namespace disagg::bench
