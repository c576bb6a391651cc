#include "controllers/api/program_facts.h"
#include "controllers/routers/dynamo/dynamo_facts.h"

namespace disagg::api {
namespace {

constexpr const RouterFacts* kRouters[] = {&kDynamoFacts};

}  // namespace

std::span<const RouterFacts* const> Routers() { return kRouters; }

const RouterFacts& FactsOf(RouterType type) { return *kRouters[static_cast<std::size_t>(type)]; }

}  // namespace disagg::api
