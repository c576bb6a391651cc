#include "operator/runtime/micro_time.h"

#include <cstdio>

namespace runtime {

std::string FormatMicroTime(base::SystemTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto milliseconds = static_cast<int>((time - seconds).count());
  std::string text = base::FormatTime(seconds.time_since_epoch().count());
  text.pop_back();  // the Z
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%03d000Z", milliseconds % 1000);
  return text + fraction;
}

}  // namespace runtime
