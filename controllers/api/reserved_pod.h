#pragma once

// What of a pod is the operator's to set, so that no template may: fields that other fields of the
// spec stand for, and what planning, probes and discovery count on. Rendering uses these names;
// validation refuses them. Pure.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controllers/api/types.h"

namespace disagg::api {

struct ReservedField {
  std::string_view field;
  std::string_view why;  // a clause: "the pod's name is its hostname"
  std::string_view fix;  // what to do; "<role>" stands for spec.decode and the like
};

// The operator's own container in a role's pods: "engine" of workers, "router" of routers.
std::string_view OwnContainer(RoleName role);

// Of a pod's spec, and of the operator's own container. Null: a template may set it.
const ReservedField* FindReservedPodField(std::string_view field);
const ReservedField* FindReservedContainerField(RoleName role, std::string_view field);
const ReservedField* FindReservedVolume(RoleName role, std::string_view name);
const ReservedField* FindReservedMount(RoleName role, std::string_view path);

// Ports `first` to `last` of a role's pods; sidecars share them. A worker has one for each of its
// data-parallel ranks behind some of them, and a replica over several nodes has one where these
// meet.
struct ReservedPort {
  std::string_view name;
  int first = 0, last = 0;
};
std::vector<ReservedPort> ReservedPorts(RoleName role, int data_ranks, int nodes);

// Volumes that the operator adds.
std::vector<std::string> OwnVolumes(RoleName role);

// Fields that Kubernetes knows, so that a misspelt one is found without a cluster.
std::span<const std::string_view> KnownPodFields();
std::span<const std::string_view> KnownContainerFields();

// What a router asks for where its template says nothing else. Memory is bounded, because request
// bodies of 45 MB times a backlog are not, and processor time is not, because a throttled router is
// a slow answer.
inline constexpr char kRouterCpu[] = "1";
inline constexpr char kRouterMemory[] = "2Gi";
inline constexpr char kRouterMemoryLimit[] = "8Gi";

}  // namespace disagg::api
