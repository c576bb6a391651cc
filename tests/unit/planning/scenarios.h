#pragma once

// What happens again and again in tests of whole passes, under one name each.

#include <string>

#include "tests/unit/planning/world.h"

namespace disagg::planning {

// A deployment that serves.
World Running();

// -- edits of a spec; see World::Edit

void ChangePrefill(api::DeploymentSpec& spec);  // of one role only
void ChangeDecode(api::DeploymentSpec& spec);
void ChangeImage(api::DeploymentSpec& spec);  // of the contract
void Aggregate(api::DeploymentSpec& spec);    // one role instead of two
void MistypeModel(api::DeploymentSpec& spec);
void Suspend(api::DeploymentSpec& spec);

// A mistyped model that no apply brings, up to the moment at which somebody has to act.
void MistypeForLong(World& world);

// -- answers of the cluster; see World::refuses and World::fails

std::string RefuseAll(const nlohmann::json& pod);
std::optional<base::Error> Accept(const Write& write);

// The object's spec becomes unreadable, as after a downgrade of the operator.
void MakeUnreadable(World& world);

// -- what a status says

// "True Serving", or "absent".
std::string ConditionOf(const World& world, const std::string& type);
std::string MessageOf(const World& world, const std::string& type);
// A text of an object; "absent" where there is none.
std::string Field(const nlohmann::json& object, const char* key);
nlohmann::json RoleStatus(const World& world, const std::string& role);

}  // namespace disagg::planning
