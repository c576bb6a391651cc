#include "operator/cmd/kubectl-disagg/explain_command.h"

#include <algorithm>

#include "controllers/planning/deployment_planner.h"
#include "operator/cmd/kubectl-disagg/find_deployment.h"
#include "operator/cmd/kubectl-disagg/snapshot_reader.h"

namespace kubectl_disagg {
namespace {

namespace planning = disagg::planning;
namespace view = disagg::status_view;

// Each round reads what the plan asked for: the accepted revision and the target at most.
constexpr int kMostRounds = 4;

base::Result<planning::Plan> MakePlan(SnapshotReader& reader, planning::Snapshot& snapshot) {
  planning::Plan plan = planning::PlanDeployment(snapshot);
  for (int round = 1; !plan.needs_payloads.empty() && round < kMostRounds; ++round) {
    if (const auto read = reader.ReadPayloads(plan, snapshot); !read) return read.error();
    plan = planning::PlanDeployment(snapshot);
  }
  return plan;
}

// A change that the cluster may refuse is planned twice, towards both revisions.
std::vector<view::Row> RowsOf(const planning::Plan& plan) {
  std::vector<view::Row> rows = {{{"ITEM"}, {"DECISION"}, {"BECAUSE"}}};
  std::vector<planning::Explanation> told;
  for (const planning::Explanation& explanation : plan.explanations) {
    if (std::find(told.begin(), told.end(), explanation) != told.end()) continue;
    told.push_back(explanation);
    rows.push_back({{explanation.item}, {explanation.decision}, {explanation.because}});
  }
  return rows;
}

}  // namespace

ExitCode RunExplain(ClusterReader& cluster, const kube::ObjectKey& deployment, Session& session) {
  auto found = FindDeployment(cluster, deployment);
  if (!found) return Fail(session, found.error());
  SnapshotReader reader(cluster);
  auto snapshot = reader.Read(*found, session.now);
  if (!snapshot) return Fail(session, snapshot.error());
  const auto plan = MakePlan(reader, *snapshot);
  if (!plan) return Fail(session, plan.error());
  for (const auto& [resource, why] : snapshot->not_live) {
    session.err << "nothing is decided about " << resource << ": " << why << "\n";
  }
  if (plan->explanations.empty()) {
    session.out << "the operator holds nothing back\n";
    return kOk;
  }
  session.out << view::RenderTable(RowsOf(*plan), session.style);
  return kOk;
}

}  // namespace kubectl_disagg
