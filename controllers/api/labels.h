#pragma once

// Labels, annotations and names that the operator puts on objects. API: people select by them.

namespace disagg::api {

inline constexpr char kGroup[] = "disagg.dev";
inline constexpr char kVersion[] = "v1alpha1";
inline constexpr char kApiVersion[] = "disagg.dev/v1alpha1";
inline constexpr char kManagedByValue[] = "disagg-operator";

// Well-known labels of Kubernetes.
inline constexpr char kLabelName[] = "app.kubernetes.io/name";
inline constexpr char kLabelInstance[] = "app.kubernetes.io/instance";
inline constexpr char kLabelComponent[] = "app.kubernetes.io/component";
inline constexpr char kLabelManagedBy[] = "app.kubernetes.io/managed-by";
inline constexpr char kLabelPartOf[] = "app.kubernetes.io/part-of";

// Ours, on children.
inline constexpr char kLabelDeployment[] = "disagg.dev/deployment";
inline constexpr char kLabelRole[] = "disagg.dev/role";  // prefill | decode | aggregated | router
inline constexpr char kLabelReplica[] = "disagg.dev/replica";
inline constexpr char kLabelRank[] = "disagg.dev/rank";
// "true" on the ranks of a replica of several pods: what the peer Service selects.
inline constexpr char kLabelPeers[] = "disagg.dev/peers";
inline constexpr char kLabelIncarnation[] = "disagg.dev/incarnation";
inline constexpr char kLabelRoleRevision[] = "disagg.dev/role-revision";
inline constexpr char kLabelContract[] = "disagg.dev/contract";
inline constexpr char kLabelRevision[] = "disagg.dev/revision";
// On pods that routers must see. Taking it off a pod drains it without deleting it.
inline constexpr char kLabelDiscovery[] = "disagg.dev/discovery";
inline constexpr char kDiscoveryEnabled[] = "enabled";

// So that an endpoint picker of llm-d works unchanged.
inline constexpr char kLabelLlmdRole[] = "llm-d.ai/role";
inline constexpr char kLabelLlmdModel[] = "llm-d.ai/model";

// On the user's object: "disabled" stops every write but status.
inline constexpr char kAnnotationReconcile[] = "disagg.dev/reconcile";
// On pods: the model's name as written, which is no valid label value.
inline constexpr char kAnnotationModel[] = "disagg.dev/model";
// On pods: how often predecessors of this slot failed on which node, "b200-1=2,b200-3=1".
inline constexpr char kAnnotationFailures[] = "disagg.dev/failures";
// On pods: the failures among them that were the node's fault, and when the last one was (Unix
// seconds), "b200-1=2@1795514400".
inline constexpr char kAnnotationNodeFaults[] = "disagg.dev/node-faults";
// On pods: nodes that it may not be scheduled to because of such faults, "b200-1,b200-3".
inline constexpr char kAnnotationAvoids[] = "disagg.dev/avoids";
// On pods: consecutive failures of the slot before this pod; the back-off's exponent.
// How many pods the replica is, on each of several.
inline constexpr char kAnnotationRanks[] = "disagg.dev/ranks";
inline constexpr char kAnnotationRetries[] = "disagg.dev/retries";

// On ControllerRevisions (see render/revision.h).
inline constexpr char kAnnotationSpecHash[] = "disagg.dev/spec-hash";
inline constexpr char kAnnotationResolvedHash[] = "disagg.dev/resolved-hash";
inline constexpr char kAnnotationInputsHash[] = "disagg.dev/inputs-hash";
inline constexpr char kAnnotationRoles[] = "disagg.dev/roles";
inline constexpr char kAnnotationContractSpecHash[] = "disagg.dev/contract-spec-hash";
inline constexpr char kAnnotationRevisionNumber[] = "disagg.dev/revision-number";

// On applied objects: a hash of all that is applied. A field that is wanted no more changes it, so
// that comparing what is wanted with what is stored tells of removals too.
inline constexpr char kAnnotationApplied[] = "disagg.dev/applied";

}  // namespace disagg::api
