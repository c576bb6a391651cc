#include "operator/cmd/kubectl-disagg/status_command.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "controllers/api/decode.h"
#include "controllers/api/labels.h"
#include "controllers/api/types.h"
#include "controllers/status_view/deployment_table.h"
#include "controllers/status_view/deployment_tree.h"
#include "operator/cmd/kubectl-disagg/find_deployment.h"

namespace kubectl_disagg {
namespace {

namespace api = disagg::api;
namespace view = disagg::status_view;
using base::ErrorCode;

// Absent when the user may not read it: less is shown, and nothing fails.
template <typename T>
base::Result<std::optional<T>> UnlessForbidden(base::Result<T> result) {
  if (result) return std::optional<T>(std::move(*result));
  if (result.error().code == ErrorCode::kForbidden) return std::optional<T>();
  return result.error();
}

std::set<std::string> ClassesOf(const api::DeploymentSpec& spec) {
  std::set<std::string> names;
  if (spec.kv_backend != api::KvBackend::kRdma) return names;
  for (const auto& [role, of_role] : spec.roles) {
    names.insert(of_role.accelerator.empty() ? spec.accelerator : of_role.accelerator);
  }
  names.erase("");
  return names;
}

base::Status ReadClasses(ClusterReader& cluster, view::Facts* facts) {
  for (const std::string& name : ClassesOf(facts->deployment->spec)) {
    auto found = cluster.Get(api::kAcceleratorClasses, {"", name}, api::AcceleratorClassDecoder());
    if (found) {
      facts->classes[name] = std::static_pointer_cast<const api::AcceleratorClass>(*found);
    } else if (found.error().code != ErrorCode::kForbidden &&
               found.error().code != ErrorCode::kNotFound) {
      return found.error();
    }
  }
  return {};
}

base::Status ReadPods(ClusterReader& cluster, view::Facts* facts) {
  const kube::ObjectMeta& meta = facts->deployment->meta;
  const Query query{meta.namespace_name, std::string(api::kLabelDeployment) + "=" + meta.name};
  auto pods = UnlessForbidden(cluster.ListOf<kube::Pod>(
      kube::kPods, query, kube::PodDecoder({.prefixes = {std::string(api::kGroup) + "/"}})));
  if (!pods) return pods.error();
  facts->pods = std::move(*pods);
  return {};
}

// One by one: pods of one deployment are on few of the nodes of a cluster.
base::Status ReadNodes(ClusterReader& cluster, view::Facts* facts) {
  std::map<std::string, std::shared_ptr<const kube::Node>> nodes;
  std::set<std::string> names;
  for (const auto& pod : facts->pods.value_or(std::vector<std::shared_ptr<const kube::Pod>>())) {
    if (!pod->node_name.empty()) names.insert(pod->node_name);
  }
  for (const std::string& name : names) {
    auto found = cluster.Get(kube::kNodes, {"", name}, kube::NodeDecoder());
    if (found) {
      nodes[name] = std::static_pointer_cast<const kube::Node>(*found);
    } else if (found.error().code == ErrorCode::kForbidden) {
      return {};
    } else if (found.error().code != ErrorCode::kNotFound) {
      return found.error();
    }
  }
  facts->nodes = std::move(nodes);
  return {};
}

ExitCode ShowOne(ClusterReader& cluster, const StatusOptions& options, Session& session) {
  auto found = FindDeployment(cluster, {options.namespace_name, options.name});
  if (!found) return Fail(session, found.error());
  view::Facts facts;
  facts.deployment = std::move(*found);
  facts.now = session.now;
  if (const auto read = ReadPods(cluster, &facts); !read) return Fail(session, read.error());
  if (const auto read = ReadNodes(cluster, &facts); !read) return Fail(session, read.error());
  if (const auto read = ReadClasses(cluster, &facts); !read) return Fail(session, read.error());
  session.out << view::RenderDeployment(facts, session.style);
  return kOk;
}

ExitCode ShowAll(ClusterReader& cluster, const StatusOptions& options, Session& session) {
  auto found = cluster.ListOf<api::DisaggDeployment>(
      api::kDisaggDeployments, {options.namespace_name, ""}, api::DisaggDeploymentDecoder());
  if (!found) {
    return Fail(session, ExplainNotFound({options.namespace_name, ""}, found.error()));
  }
  const bool everywhere = options.namespace_name.empty();
  if (found->empty()) {
    session.err << "no DisaggDeployment in "
                << (everywhere ? "any namespace" : "namespace " + options.namespace_name) << "\n";
    return kOk;
  }
  session.out << view::RenderDeployments(
      std::move(*found), {.show_namespace = everywhere, .now = session.now}, session.style);
  return kOk;
}

}  // namespace

ExitCode RunStatus(ClusterReader& cluster, const StatusOptions& options, Session& session) {
  return options.name.empty() ? ShowAll(cluster, options, session)
                              : ShowOne(cluster, options, session);
}

}  // namespace kubectl_disagg
