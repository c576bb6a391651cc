#include "tests/golden/case.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "controllers/api/decode.h"
#include "controllers/api/validation.h"
#include "controllers/render/objects.h"
#include "controllers/render/revision.h"
#include "tests/golden/yaml.h"

namespace golden {
namespace {

using disagg::api::DisaggDeployment;
using nlohmann::json;
namespace api = disagg::api;
namespace render = disagg::render;

// What only a server sets.
void FillIn(json* document) {
  json& meta = (*document)["metadata"];
  if (!meta.contains("uid")) meta["uid"] = "11111111-2222-3333-4444-555555555555";
  if (!meta.contains("resourceVersion")) meta["resourceVersion"] = "1";
  if (!meta.contains("creationTimestamp")) meta["creationTimestamp"] = "2026-01-01T00:00:00Z";
  if (!meta.contains("generation")) meta["generation"] = 1;
  if ((*document)["kind"] == "DisaggDeployment" && !meta.contains("namespace")) {
    meta["namespace"] = "serving";
  }
}

template <typename T, typename List>
void Keep(const base::Result<std::shared_ptr<const T>>& decoded, const std::string& where,
          List* list, Case* loaded) {
  if (decoded) {
    list->push_back(decoded.value());
  } else {
    loaded->errors.push_back(where + ": " + decoded.error().message);
  }
}

void Add(json document, const std::string& where, Case* loaded) {
  FillIn(&document);
  const std::string kind = document.value("kind", "");
  const std::string text = document.dump();
  if (kind == "DisaggDeployment") {
    Keep(api::DecodeDisaggDeployment(text), where, &loaded->deployments, loaded);
  } else if (kind == "ServingModel") {
    Keep(api::DecodeServingModel(text), where, &loaded->catalogue.models, loaded);
  } else if (kind == "AcceleratorClass") {
    Keep(api::DecodeAcceleratorClass(text), where, &loaded->catalogue.classes, loaded);
  } else if (kind == "Namespace") {
    const json labels = document["metadata"].value("labels", json::object());
    loaded->namespace_labels[document["metadata"]["name"]] =
        labels.get<std::map<std::string, std::string>>();
  }
}

// Of a replica over several nodes, the first and the last rank of every kind.
std::vector<int> RanksToShow(const render::Revision& revision, api::RoleName role) {
  std::vector<int> ranks;
  int first = 0;
  for (const json& pods : revision.rendered["roles"][std::string(api::ToString(role))]["pods"]) {
    const int count = pods["count"];
    ranks.push_back(first);
    if (count > 1) ranks.push_back(first + count - 1);
    first += count;
  }
  return ranks;
}

// Budgets under the default policy: one replica of a role may be away.
void AddRole(const DisaggDeployment& deployment, const render::Revision& revision,
             api::RoleName role, int replicas, std::map<std::string, json>* objects) {
  const std::string name(api::ToString(role));
  const int ranks = revision.identity.roles.at(role).ranks;
  for (int replica = 0; replica < replicas; ++replica) {
    for (const int rank : RanksToShow(revision, role)) {
      const std::string suffix = ranks > 1 ? "-" + std::to_string(rank) : "";
      (*objects)["pod-" + name + "-" + std::to_string(replica) + suffix] = render::RenderPod(
          deployment, revision.identity, revision.Template(role, rank),
          {.role = role, .replica = replica, .incarnation = 1, .rank = rank, .ranks = ranks}, {});
    }
  }
  if (deployment.spec.disruption == api::DisruptionPolicy::kOneGroup && replicas > 1) {
    (*objects)["poddisruptionbudget-" + name] =
        render::RenderBudget(deployment, role, replicas - 1);
  }
}

std::map<std::string, json> Children(const DisaggDeployment& deployment,
                                     const render::Revision& revision) {
  std::map<std::string, json> objects;
  objects["controllerrevision"] = render::RenderRevision(deployment, revision);
  if (deployment.spec.service_account_name.empty()) {
    objects["serviceaccount"] = render::RenderServiceAccount(deployment);
    objects["rolebinding"] = render::RenderRoleBinding(deployment);
  }
  objects["service-client"] = render::RenderClientService(deployment);
  objects["service-workers"] = render::RenderWorkersService(deployment);
  for (const auto& [role, identity] : revision.identity.roles) {
    if (identity.ranks > 1) objects["service-peers"] = render::RenderPeersService(deployment);
  }
  for (const auto& [role, spec] : deployment.spec.roles) {
    AddRole(deployment, revision, role, spec.replicas, &objects);
  }
  AddRole(deployment, revision, api::RoleName::kRouter, deployment.spec.router.replicas, &objects);
  return objects;
}

}  // namespace

std::string ReadFile(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void LoadFile(const std::filesystem::path& file, Case* loaded) {
  for (json& document : ParseYaml(ReadFile(file))) {
    Add(std::move(document), file.filename().string(), loaded);
  }
}

Case LoadCase(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  Case loaded;
  for (const auto& file : files) LoadFile(file, &loaded);
  return loaded;
}

Rendered RenderCase(const Case& loaded) {
  Rendered rendered{.objects = {}, .errors = loaded.errors};
  for (const auto& deployment : loaded.deployments) {
    const auto labels = loaded.namespace_labels.find(deployment->meta.namespace_name);
    const api::Resolution resolution =
        api::Resolve(*deployment, loaded.catalogue,
                     labels == loaded.namespace_labels.end() ? std::map<std::string, std::string>()
                                                             : labels->second);
    for (const auto& error : api::Validate(*deployment, resolution)) {
      rendered.errors.push_back(deployment->meta.name + ": " + error.message);
    }
    if (!rendered.errors.empty()) continue;
    const auto revision = render::MakeRevision(*deployment, resolution, nullptr, {}, 1);
    const std::string prefix = loaded.deployments.size() > 1 ? deployment->meta.name + "." : "";
    for (auto& [name, object] : Children(*deployment, revision)) {
      rendered.objects[prefix + name + ".yaml"] = std::move(object);
    }
  }
  return rendered;
}

}  // namespace golden
