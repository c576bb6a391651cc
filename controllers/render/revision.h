#pragma once

// Revisions: what pods are made from. A ControllerRevision holds `inputs` (the revision-relevant
// spec and what its names resolved to) and `rendered` (a pod template per role). Pods come only
// from a stored template. Pure.
//
// Three identities, each 8 characters of base::ShortHash over canonical JSON of inputs (UTF-8, keys
// in byte order, integers decimal, other numbers as their source text, quantities canonical, env in
// the given order, what equals its default left out):
//   role revision        one role's inputs and the contract's; part of its pods' names
//   contract             what prefill and decode must share; part of the Dynamo namespace
//   deployment revision  all of them; part of the ControllerRevision's name
//
// A spec's own part has hashes as well (spec hashes: no class, no model, no epoch). They decide
// what rolls: a role whose spec hash is unchanged keeps its stored inputs and template byte for
// byte, whatever became of class, model or operator. Likewise a contract keeps its model; a new
// restart token is the way to take over another one, in a contract of its own.

#include <map>
#include <optional>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "controllers/api/resolution.h"
#include "controllers/api/types.h"

namespace disagg::render {

// Raised whenever the rendering of the same inputs changes.
inline constexpr int kRenderEpoch = 1;

struct RoleIdentity {
  std::string revision;   // role revision
  std::string spec_hash;  // the role's own part of the spec with the contract's
  int epoch = 0;
  int ranks = 1;  // pods of a replica
  // Of them, those that register with the router: the first ones.
  int registering = 1;

  friend bool operator==(const RoleIdentity&, const RoleIdentity&) = default;
};

// A revision without its payload: what the annotations of a ControllerRevision tell.
struct RevisionIdentity {
  std::string name;  // deployment revision, 8 characters
  std::string contract;
  std::string spec_hash;  // of the whole revision-relevant spec
  std::string contract_spec_hash;
  std::string resolved_hash;  // class and model fields and render epoch it was made from
  std::string inputs_hash;    // 16 hex digits of Hash64: tells equal names from equal inputs
  std::map<api::RoleName, RoleIdentity> roles;  // the router among them
  std::int64_t number = 0;                      // ControllerRevision.revision, counts up
};

struct Revision {
  RevisionIdentity identity;
  nlohmann::json inputs;  // {contract, roles: {prefill, decode}, router, model}
  // {roles: {prefill: {pods: [{kind, count, template: {metadata, spec}}]}, decode, router}}; ranks
  // are numbered through the list. See template.h. In the stored object every pod of the list but
  // the first holds `patch` instead of `template`: what differs from the first (RFC 6902).
  nlohmann::json rendered;

  // The template of one of the identity's roles, for one rank of a replica.
  const nlohmann::json& Template(api::RoleName role, int rank = 0) const;
};

// The hashes of a spec alone; cheap, for every pass. Equal spec_hash: nothing to roll.
struct SpecHashes {
  std::string spec, contract;
  std::map<api::RoleName, std::string> roles;  // the router among them
};
SpecHashes HashSpec(const api::DisaggDeployment& deployment);

// What class, model and this program would add now; compared with RevisionIdentity::resolved_hash
// for UpdateAvailable.
std::string HashResolved(const api::DisaggDeployment& deployment,
                         const api::Resolution& resolution);

// Makes the revision that the spec asks for. `previous` is the revision accepted before (null for
// the first): what its spec hashes leave unchanged is copied from it. `taken` maps the names of
// stored revisions to their inputs_hash: an equal name with unequal inputs is hashed again with
// `collision: n`. Needs a resolution without errors.
Revision MakeRevision(const api::DisaggDeployment& deployment, const api::Resolution& resolution,
                      const Revision* previous, const std::map<std::string, std::string>& taken,
                      std::int64_t number);

// The ControllerRevision object (without owner reference; see objects.h) and back.
nlohmann::json ToControllerRevision(const Revision& revision,
                                    const api::DisaggDeployment& deployment);
// Where `inputs` hold those of a role, as a JSON pointer.
std::string InputsPath(api::RoleName role);
// From metadata only; nothing when an annotation is missing or malformed (not one of ours).
std::optional<RevisionIdentity> IdentityOf(const kube::ObjectMeta& meta);
// The keys of the labels and annotations that IdentityOf needs and does not find, with commas.
std::string MissingKeys(const kube::ObjectMeta& meta);
// From the whole object's JSON.
std::optional<Revision> RevisionOf(const std::string& json);

}  // namespace disagg::render
