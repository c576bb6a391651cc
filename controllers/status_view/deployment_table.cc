#include "controllers/status_view/deployment_table.h"

#include <algorithm>

#include "controllers/status_view/status_fields.h"
#include "controllers/status_view/text.h"

namespace disagg::status_view {
namespace {

using DeploymentPtr = std::shared_ptr<const api::DisaggDeployment>;

Cell ReadyCell(const api::DisaggDeployment& deployment) {
  const api::Condition* ready = deployment.status.Find("Ready");
  if (ready == nullptr) {
    // Judged, and there is nothing to be ready: no replica is wanted and none runs.
    const bool idle = deployment.status.observed_generation >= 0;
    return idle ? Cell{"-", Tone::kPlain} : Cell{"Unknown", Tone::kWaiting};
  }
  return {ready->status, ready->status == "True" ? Tone::kGood : Tone::kBad};
}

// What is wrong, last, because it is long: "Unschedulable: decode-0 needs ..."
std::string Reason(std::map<std::string, std::string>& summary) {
  const std::string& reason = summary["reason"];
  return reason.empty() ? "" : reason + ": " + summary["message"];
}

Row LineOf(const api::DisaggDeployment& deployment, const TableOptions& options) {
  auto summary = ReadStatus(deployment.status).summary;
  Row row;
  if (options.show_namespace) row.push_back({deployment.meta.namespace_name});
  row.insert(row.end(), {{deployment.meta.name},
                         {deployment.spec.model_ref},
                         {summary["topology"]},
                         ReadyCell(deployment),
                         {summary["prefill"]},
                         {summary["decode"]},
                         {summary["gpus"]},
                         {Age(options.now - deployment.meta.creation_time)},
                         {Reason(summary)}});
  return row;
}

}  // namespace

std::string RenderDeployments(std::vector<DeploymentPtr> deployments, const TableOptions& options,
                              const Style& style) {
  std::sort(
      deployments.begin(), deployments.end(),
      [](const DeploymentPtr& a, const DeploymentPtr& b) { return a->meta.key() < b->meta.key(); });
  Row header;
  if (options.show_namespace) header.push_back({"NAMESPACE"});
  for (const char* column :
       {"NAME", "MODEL", "TOPOLOGY", "READY", "PREFILL", "DECODE", "GPUS", "AGE", "REASON"}) {
    header.push_back({column});
  }
  std::vector<Row> rows{header};
  for (const DeploymentPtr& deployment : deployments) rows.push_back(LineOf(*deployment, options));
  return RenderTable(rows, style);
}

}  // namespace disagg::status_view
