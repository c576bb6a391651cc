#pragma once

// The three kinds' own parts and what they share. Internal to decoding. Pure; never throws.

#include <string>
#include <vector>

#include "controllers/api/json_reader.h"
#include "controllers/api/types.h"

namespace disagg::api {

// Each reads `object` into `decoded`, all but what meta holds, and adds to `errors`.
void DecodeInto(const nlohmann::json& object, DisaggDeployment* decoded,
                std::vector<std::string>* errors);
void DecodeInto(const nlohmann::json& object, ServingModel* decoded,
                std::vector<std::string>* errors);
void DecodeInto(const nlohmann::json& object, AcceleratorClass* decoded,
                std::vector<std::string>* errors);

// Never an error: status is ours, and one of an unknown shape is written anew.
StatusView DecodeStatus(const nlohmann::json& status);
std::vector<Condition> DecodeConditions(const nlohmann::json& status);

Args DecodeArgs(const JsonReader& owner);
PodTemplate DecodePodTemplate(const JsonReader& owner);
// What of `root`'s metadata the entries of spec.podMetadata.inherit name.
InheritedMetadata DecodeInherited(const JsonReader& root, const std::vector<std::string>& entries);
std::vector<EnvVar> DecodeEnv(const JsonReader& owner, const std::string& key = "env");

}  // namespace disagg::api
