#pragma once

// metav1.Condition lists: the transition time moves only when the status does.

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "controllers/api/types.h"

namespace disagg::planning {

class ConditionSet {
 public:
  ConditionSet(const std::vector<api::Condition>& before, std::int64_t generation,
               std::int64_t now);

  void Set(const std::string& type, bool value, const std::string& reason,
           const std::string& message);

  const api::Condition* Find(const std::string& type) const;
  nlohmann::json ToJson() const;  // ordered by type

 private:
  const std::vector<api::Condition>& before_;
  const std::int64_t generation_;
  const std::int64_t now_;
  std::vector<api::Condition> conditions_;
};

}  // namespace disagg::planning
