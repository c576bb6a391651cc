#include "controllers/render/router_renderer.h"
#include "controllers/routers/dynamo/dynamo_router.h"

namespace disagg::render {

// In the order of their enumerators, as in facts.cc.
const RouterRenderer& RouterOf(api::RouterType type) {
  static const DynamoRouter kDynamo;
  static const RouterRenderer* const kRouters[] = {&kDynamo};
  return *kRouters[static_cast<std::size_t>(type)];
}

}  // namespace disagg::render
