#pragma once

// Small texts that people count by. Pure.

#include <cstdint>
#include <string>

#include "controllers/api/types.h"

namespace disagg::status_view {

// As kubectl writes ages: "45s", "4m10s", "25m", "6h", "3d2h", "200d".
std::string Age(std::int64_t seconds);

// "1 GPU", "2 GPUs"
std::string Count(int count, const std::string& noun);

// What people call a replica's parallelism.
//   data 8, expert 8        DEP8      data 8               DP8
//   tensor 4                TP4       tensor 4, expert 4   TEP4
//   tensor 2, data 4        DP4xTP2   ..., expert 8        DP4xTP2xEP8
// Pipeline, context and decode context follow as PP, CP and DCP; a single GPU is TP1.
std::string Layout(const api::Parallelism& parallelism);

}  // namespace disagg::status_view
