#include "controllers/engines/mocker/mocker_engine.h"
#include "controllers/engines/vllm/vllm_engine.h"
#include "controllers/render/engine_renderer.h"

namespace disagg::render {

// In the order of their enumerators, as in facts.cc.
const EngineRenderer& EngineOf(api::EngineType type) {
  static const VllmEngine kVllm;
  static const MockerEngine kMocker;
  static const EngineRenderer* const kEngines[] = {&kVllm, &kMocker};
  return *kEngines[static_cast<std::size_t>(type)];
}

}  // namespace disagg::render
