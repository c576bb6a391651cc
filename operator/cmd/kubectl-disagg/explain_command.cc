#include "operator/cmd/kubectl-disagg/explain_command.h"

#include <algorithm>

#include "controllers/planning/deployment_planner.h"
#include "controllers/reconcile/resolver.h"
#include "controllers/render/objects.h"
#include "operator/cmd/kubectl-disagg/find_deployment.h"
#include "operator/cmd/kubectl-disagg/live_source.h"

namespace kubectl_disagg {
namespace {

namespace planning = disagg::planning;
namespace reconcile = disagg::reconcile;
namespace render = disagg::render;
namespace view = disagg::status_view;

// Each round reads what the plan asked for: the accepted revision and the target at most.
constexpr int kMostRounds = 4;

// The templates that a plan asks for.
base::Status ReadPayloads(ClusterReader& cluster, const planning::Plan& plan,
                          planning::Snapshot& snapshot) {
  const kube::ObjectMeta& meta = snapshot.deployment->meta;
  for (const std::string& name : plan.needs_payloads) {
    const kube::ObjectKey key{meta.namespace_name, render::RevisionName(meta.name, name)};
    const auto object = cluster.Get(kube::kControllerRevisions, key, kube::RawDecoder({}));
    if (!object) return object.error();
    auto revision = render::RevisionOf(static_cast<const kube::RawObject&>(**object).json.Unpack());
    if (!revision) {
      return base::MakeError(
          base::ErrorCode::kInvalid, "DamagedRevision",
          "ControllerRevision " + key.ToString() + " does not hold what the operator wrote");
    }
    snapshot.payloads[name] = std::make_shared<const render::Revision>(std::move(*revision));
  }
  return {};
}

base::Result<planning::Plan> MakePlan(ClusterReader& cluster, planning::Snapshot& snapshot) {
  planning::Plan plan = planning::PlanDeployment(snapshot);
  for (int round = 1; !plan.needs_payloads.empty() && round < kMostRounds; ++round) {
    if (const auto read = ReadPayloads(cluster, plan, snapshot); !read) return read.error();
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
  LiveSource source(cluster);
  planning::Snapshot snapshot = reconcile::ResolveSnapshot(source, *found, session.now, {});
  if (const auto read = source.status(); !read) return Fail(session, read.error());
  const auto plan = MakePlan(cluster, snapshot);
  if (!plan) return Fail(session, plan.error());
  for (const auto& [resource, why] : snapshot.not_live) {
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
