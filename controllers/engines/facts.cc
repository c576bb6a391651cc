#include "controllers/api/program_facts.h"
#include "controllers/engines/mocker/mocker_facts.h"
#include "controllers/engines/vllm/vllm_facts.h"

namespace disagg::api {
namespace {

constexpr const EngineFacts* kEngines[] = {&kVllmFacts, &kMockerFacts};

}  // namespace

std::span<const EngineFacts* const> Engines() { return kEngines; }

const EngineFacts& FactsOf(EngineType type) { return *kEngines[static_cast<std::size_t>(type)]; }

}  // namespace disagg::api
