#include "controllers/render/engine_renderer.h"

#include "controllers/render/engines/mocker/mocker_engine.h"
#include "controllers/render/engines/vllm/vllm_engine.h"

namespace disagg::render {

const EngineRenderer& EngineOf(api::EngineType type) {
  static const VllmEngine kVllm;
  static const MockerEngine kMocker;
  switch (type) {
    case api::EngineType::kMocker:
      return kMocker;
    case api::EngineType::kVllm:
      break;
  }
  return kVllm;
}

}  // namespace disagg::render
