#pragma once

// The writes that create the pods of a group: what they are rendered from, what they inherit from
// the group before, and why they come. Which groups are created, under which names, is decided in
// pod_planner.h.

#include <optional>
#include <string>

#include "controllers/planning/group_state.h"
#include "controllers/planning/pod_planner.h"
#include "controllers/planning/snapshot.h"
#include "controllers/render/objects.h"

namespace disagg::planning {

// What pods are created from.
struct PodSource {
  const render::RevisionIdentity& revision;
  const render::Revision* payload;  // null: not read yet

  const std::string& RoleRevision(api::RoleName role) const {
    return revision.roles.at(role).revision;
  }
};

// Of the target or of a stored revision; nothing: it is not stored any more.
std::optional<PodSource> SourceOf(const std::string& revision, const PodGoal& goal,
                                  const Snapshot& snapshot);

// Whether a new group goes on where the one before failed: a changed role revision is somebody's
// answer to whatever became of that.
bool Continues(const GroupState& before, const PodSource& source);

class PodCreator {
 public:
  // All outlive this. The plan is added to.
  PodCreator(const Snapshot& snapshot, const PodGoal& goal, api::RoleName role, PodPlan& plan)
      : snapshot_(snapshot), goal_(goal), role_(role), plan_(plan) {}

  // Ranks that a group still lacks, unless its revision has to be read first or is stored no more.
  void CompleteGroup(const GroupState& group, const std::vector<int>& ranks);

  // `before`: the group that it follows; may be null. The source has a payload.
  void CreateGroup(render::PodIdentity identity, const GroupState* before, const PodSource& source);

 private:
  void Create(const render::PodIdentity& identity, const render::PodHistory& history,
              const std::string& cause, const PodSource& source);
  nlohmann::json Render(const render::PodIdentity& identity, render::PodHistory history,
                        const PodSource& source);
  std::string Cause(const GroupState& before) const;

  const Snapshot& snapshot_;
  const PodGoal& goal_;
  const api::RoleName role_;
  PodPlan& plan_;
};

}  // namespace disagg::planning
