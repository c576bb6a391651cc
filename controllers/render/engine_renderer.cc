#include "controllers/render/engine_renderer.h"

#include "controllers/render/engines/mocker/mocker_engine.h"
#include "controllers/render/engines/vllm/vllm_engine.h"

namespace disagg::render {

const EngineRenderer& EngineOf(api::EngineType type) {
  static const VllmEngine vllm;
  static const MockerEngine mocker;
  switch (type) {
    case api::EngineType::kMocker:
      return mocker;
    case api::EngineType::kVllm:
      break;
  }
  return vllm;
}

}  // namespace disagg::render
