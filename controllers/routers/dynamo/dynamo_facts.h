#pragma once

#include "controllers/api/program_facts.h"

namespace disagg::api {

extern const RouterFacts kDynamoFacts;

}  // namespace disagg::api
