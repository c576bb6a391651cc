#pragma once

#include "controllers/api/program_facts.h"

namespace disagg::api {

extern const EngineFacts kVllmFacts;

}  // namespace disagg::api
