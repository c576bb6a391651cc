#pragma once

// What one run of the operator cost: from /proc and from its own metrics.

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

// Sum over all series of a counter whose labels contain `label` ("" for all); 0 when there is none.
double ReadCounter(int metrics_port, const std::string& name, const std::string& label = "");

// A port that was free a moment ago.
int FreePort();

}  // namespace disagg::bench
