#include "controllers/planning/capacity_waits.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "controllers/planning/problems.h"
#include "operator/base/clock.h"
#include "operator/base/hash.h"
#include "operator/base/text.h"

namespace disagg::planning {
namespace {

constexpr int kFirstWaitSeconds = 60;
constexpr int kLongestWaitSeconds = 600;
// From this attempt on every wait is the longest, whatever number somebody writes there.
constexpr int kMostAttempts = 99;

// Different for each attempt: of two with one remainder neither would ever win.
int Earlier(const Snapshot& snapshot, int attempt, int wait) {
  const std::string seed = snapshot.deployment->meta.uid + "/" + std::to_string(attempt);
  return static_cast<int>(base::Hash64(seed) % (static_cast<std::uint64_t>(wait) / 4));
}

bool IsOurs(const api::CapacityWait& wait, const Snapshot& snapshot) {
  return wait.attempt >= 1 && wait.retry_at <= snapshot.now + kLongestWaitSeconds &&
         wait.observed_generation == snapshot.deployment->meta.generation;
}

}  // namespace

CapacityWaits WaitsOf(const Snapshot& snapshot) {
  CapacityWaits waits;
  for (api::CapacityWait wait : snapshot.deployment->status.capacity) {
    if (!IsOurs(wait, snapshot) || waits.size() == kMostWaits) continue;
    wait.attempt = std::min(wait.attempt, kMostAttempts);
    waits.emplace(wait.unit, wait);
  }
  return waits;
}

int LongestWaitSeconds(int attempt) {
  constexpr int kDoublingsToLimit = 4;  // 60 x 2^4 = 960 > 600
  return std::min(kLongestWaitSeconds,
                  kFirstWaitSeconds << std::clamp(attempt - 1, 0, kDoublingsToLimit));
}

api::CapacityWait WaitFrom(const Snapshot& snapshot, const std::string& unit, int attempt) {
  const int longest = LongestWaitSeconds(attempt);
  return {.unit = unit,
          .attempt = std::min(attempt, kMostAttempts),
          .retry_at = snapshot.now + longest - Earlier(snapshot, attempt, longest),
          .observed_generation = snapshot.deployment->meta.generation,
          .message = ""};
}

nlohmann::json ToJson(const CapacityWaits& waits) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& [unit, wait] : waits) {
    list.push_back({{"unit", unit},
                    {"attempt", wait.attempt},
                    {"retryAt", base::FormatTime(wait.retry_at)},
                    {"observedGeneration", wait.observed_generation},
                    {"message", base::CutUtf8(base::Printable(wait.message), kLongestProblem)}});
  }
  return list;
}

}  // namespace disagg::planning
