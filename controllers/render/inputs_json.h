#pragma once

// The JSON form of inputs.h: what is hashed and what a ControllerRevision stores. Pure.
//
// A field that equals its default is left out, so that a field added later changes no hash. For the
// same reason a default in this file never changes: hashes.txt of the golden tests would tell.

#include <nlohmann/json.hpp>

#include "controllers/render/inputs.h"

namespace disagg::render {

nlohmann::json ToJson(const ModelInputs& model);
ModelInputs ModelFromJson(const nlohmann::json& model);

nlohmann::json ToJson(const ContractInputs& contract);

// What was resolved is under "resolved", the epoch under "renderEpoch"; both are absent from a
// spec's own part.
nlohmann::json ToJson(const RoleInputs& role);
nlohmann::json ToJson(const RouterInputs& router);

nlohmann::json ToJson(const api::ModelArtifact& artifact);
api::ModelArtifact ArtifactFromJson(const nlohmann::json& artifact);

// Values as the text in which they reach the command line: 0.9 and "0.9" are one value.
nlohmann::json ToJson(const api::Args& args);

}  // namespace disagg::render
