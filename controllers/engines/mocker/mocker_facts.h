#pragma once

#include "controllers/api/program_facts.h"

namespace disagg::api {

extern const EngineFacts kMockerFacts;

}  // namespace disagg::api
