#include "controllers/render/revision.h"

#include <functional>
#include <utility>

#include "controllers/api/labels.h"
#include "controllers/render/canonical.h"
#include "controllers/render/inputs.h"
#include "controllers/render/inputs_json.h"
#include "controllers/render/router_renderer.h"
#include "controllers/render/template.h"

namespace disagg::render {
namespace {

using nlohmann::json;

std::string Key(api::RoleName role) { return std::string(api::ToString(role)); }

// The value at a JSON pointer; null where there is none.
json At(const json& from, const std::string& path) {
  const json::json_pointer pointer(path);
  return from.contains(pointer) ? from.at(pointer) : json();
}

json ContractPart(const Inputs& inputs) {
  return {{"contract", ToJson(inputs.contract)}, {"model", ToJson(inputs.model)}};
}

// The whole spec with its arguments as they were written: the tables that normalise and deal them
// out grow with this program, and its upgrade alone must not make a spec look changed.
std::string HashWholeSpec(const api::DisaggDeployment& deployment, Inputs inputs) {
  json args{{"engine", ToJson(deployment.spec.engine_args)},
            {"router", ToJson(deployment.spec.router.args)}};
  json roles = json::object();
  for (auto& [name, role] : inputs.roles) {
    inputs.contract.args[name].clear();
    role.args.clear();
    role.kv_events = false;
    roles[Key(name)] = ToJson(role);
    args[Key(name)] = ToJson(deployment.spec.roles.at(name).args);
  }
  inputs.router.args.clear();
  json spec = ContractPart(inputs);
  spec["roles"] = std::move(roles);
  spec["router"] = ToJson(inputs.router);
  spec["args"] = std::move(args);
  return ShortHashOf(spec);
}

// What class, model and program contributed to stored inputs.
json ResolvedPart(const json& inputs) {
  const auto pick = [](const json& from) {
    json part = json::object();
    for (const char* key : {"resolved", "renderEpoch"}) {
      if (from.contains(key)) part[key] = from[key];
    }
    return part;
  };
  json roles = json::object();
  for (const auto& [name, role] : inputs["roles"].items()) roles[name] = pick(role);
  return {{"model", inputs["model"]}, {"roles", roles}, {"router", pick(inputs["router"])}};
}

// Which parts of the revision before are taken over.
struct Kept {
  bool contract = false;
  std::set<api::RoleName> roles;
};

Kept CompareWith(const Revision* previous, const SpecHashes& hashes) {
  Kept kept;
  if (previous == nullptr) return kept;
  kept.contract = previous->identity.contract_spec_hash == hashes.contract;
  if (!kept.contract) return kept;
  for (const auto& [name, hash] : hashes.roles) {
    const auto found = previous->identity.roles.find(name);
    if (found != previous->identity.roles.end() && found->second.spec_hash == hash) {
      kept.roles.insert(name);
    }
  }
  return kept;
}

// A kept contract keeps its model. When the ServingModel has become another model since, a role
// that rolls must not mount the new weights beside a role that still serves the old ones: it keeps
// its artifact. Where it cannot, because it moves to another accelerator, nothing is kept.
void KeepModel(const Revision& previous, Inputs* inputs, Kept* kept) {
  const ModelInputs model = ModelFromJson(previous.inputs["model"]);
  const bool same =
      model.repository == inputs->model.repository && model.revision == inputs->model.revision;
  for (auto& [name, role] : inputs->roles) {
    if (same || kept->roles.contains(name)) continue;
    const json stored = At(previous.inputs, InputsPath(name));
    if (At(stored, "/accelerator") != role.accelerator_name) {
      *kept = {};
      return;
    }
    role.artifact = ArtifactFromJson(At(stored, "/resolved/artifact"));
  }
  inputs->model = model;
}

void CountRanks(const json& pods, RoleIdentity* identity) {
  identity->ranks = identity->registering = 0;
  for (const json& pod : pods) {
    const int count = pod.at("count");
    const json& metadata = pod.at("template").at("metadata");
    identity->ranks += count;
    if (metadata.at("labels").contains(api::kLabelDiscovery)) identity->registering += count;
  }
  if (identity->ranks == 1) identity->registering = 1;
}

// Builds a revision part by part, from the revision before or anew.
class RevisionMaker {
 public:
  RevisionMaker(const api::DisaggDeployment& deployment, const api::Resolution& resolution,
                const Revision* previous)
      : previous_(previous), hashes_(HashSpec(deployment)), inputs_(SpecInputs(deployment)) {
    ResolveInputs(deployment, resolution, &inputs_);
    kept_ = CompareWith(previous, hashes_);
    if (kept_.contract) KeepModel(*previous, &inputs_, &kept_);
    context_ = {deployment.meta.namespace_name, deployment.meta.name, ""};
  }

  Revision Make() {
    MakeContract();
    for (const auto& [name, role] : inputs_.roles) {
      MakeRole(name, ToJson(role), role.epoch, [&, &role = role] {
        return RenderWorkerPods(context_, inputs_.model, inputs_.contract, role);
      });
    }
    const RouterInputs& router = inputs_.router;
    MakeRole(api::RoleName::kRouter, ToJson(router), router.epoch, [&] {
      return json::array(
          {{{"kind", "rank"},
            {"count", 1},
            {"template", RouterOf(inputs_.contract.router)
                             .Template(context_, inputs_.model, inputs_.contract, router)}}});
    });
    RevisionIdentity& identity = made_.identity;
    identity.spec_hash = hashes_.spec;
    identity.contract_spec_hash = hashes_.contract;
    identity.resolved_hash = ShortHashOf(ResolvedPart(made_.inputs));
    return std::move(made_);
  }

 private:
  void MakeContract() {
    if (kept_.contract) {
      made_.inputs["contract"] = previous_->inputs["contract"];
      made_.inputs["model"] = previous_->inputs["model"];
      made_.identity.contract = previous_->identity.contract;
    } else {
      made_.inputs = ContractPart(inputs_);
      made_.identity.contract = ShortHashOf(made_.inputs);
    }
    context_.contract = made_.identity.contract;
  }

  void MakeRole(api::RoleName name, const json& inputs, int epoch,
                const std::function<json()>& render) {
    const json::json_pointer path(InputsPath(name));
    json& pods = made_.rendered["roles"][Key(name)]["pods"];
    if (kept_.roles.contains(name)) {
      made_.identity.roles[name] = previous_->identity.roles.at(name);
      made_.inputs[path] = previous_->inputs.at(path);
      pods = previous_->rendered.at("roles").at(Key(name)).at("pods");
      return;
    }
    RoleIdentity& identity = made_.identity.roles[name];
    identity = {.revision = ShortHashOf({{"contract", made_.inputs["contract"]},
                                         {"model", made_.inputs["model"]},
                                         {"name", Key(name)},
                                         {"role", inputs}}),
                .spec_hash = hashes_.roles.at(name),
                .epoch = epoch};
    made_.inputs[path] = inputs;
    pods = render();
    CountRanks(pods, &identity);
  }

  const Revision* previous_;
  SpecHashes hashes_;
  Inputs inputs_;
  Kept kept_;
  TemplateContext context_;
  Revision made_;
};

// Names a revision by its inputs. A name that other inputs hold already is hashed again.
void Name(const std::map<std::string, std::string>& taken, Revision* revision) {
  for (int collision = 0;; ++collision) {
    if (collision > 0) revision->inputs["collision"] = collision;
    revision->identity.name = ShortHashOf(revision->inputs);
    revision->identity.inputs_hash = LongHashOf(revision->inputs);
    const auto other = taken.find(revision->identity.name);
    if (other == taken.end() || other->second == revision->identity.inputs_hash) return;
  }
}

}  // namespace

const json& Revision::Template(api::RoleName role, int rank) const {
  const json& pods = rendered.at("roles").at(Key(role)).at("pods");
  for (const json& pod : pods) {
    if (rank < pod.at("count").get<int>()) return pod.at("template");
    rank -= pod.at("count").get<int>();
  }
  return pods.back().at("template");
}

std::string InputsPath(api::RoleName role) {
  return api::IsWorker(role) ? "/roles/" + Key(role) : "/router";
}

SpecHashes HashSpec(const api::DisaggDeployment& deployment) {
  const Inputs inputs = SpecInputs(deployment);
  json contract = ContractPart(inputs);
  // A restart takes over what became of the model, too: its contract is made anew, and is the same
  // one when the model is.
  if (!deployment.spec.restart_token.empty()) contract["restart"] = deployment.spec.restart_token;
  SpecHashes hashes;
  hashes.spec = HashWholeSpec(deployment, inputs);
  hashes.contract = ShortHashOf(contract);
  hashes.roles[api::RoleName::kRouter] =
      ShortHashOf({{"contract", contract}, {"router", ToJson(inputs.router)}});
  for (const auto& [name, role] : inputs.roles) {
    hashes.roles[name] =
        ShortHashOf({{"contract", contract}, {"name", Key(name)}, {"role", ToJson(role)}});
  }
  return hashes;
}

std::string HashResolved(const api::DisaggDeployment& deployment,
                         const api::Resolution& resolution) {
  Inputs inputs = SpecInputs(deployment);
  ResolveInputs(deployment, resolution, &inputs);
  json stored = ContractPart(inputs);
  stored["roles"] = json::object();
  for (const auto& [name, role] : inputs.roles) stored["roles"][Key(name)] = ToJson(role);
  stored["router"] = ToJson(inputs.router);
  return ShortHashOf(ResolvedPart(stored));
}

Revision MakeRevision(const api::DisaggDeployment& deployment, const api::Resolution& resolution,
                      const Revision* previous, const std::map<std::string, std::string>& taken,
                      std::int64_t number) {
  Revision revision = RevisionMaker(deployment, resolution, previous).Make();
  revision.identity.number = number;
  Name(taken, &revision);
  return revision;
}

}  // namespace disagg::render
