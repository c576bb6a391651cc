#pragma once

// Every comparison of times that planning makes, each with whose clocks it compares. Unix seconds.
//
//   API server   Snapshot::now, creation, Snapshot::not_ready_seen (our observation, dated by it)
//   kubelet      started_at, last_started_at, last_finished_at, ready_since of a pod
//
// Times of one clock are compared freely. A kubelet's time is compared with the API server's only
// where skew can do no more than what is said here.

#include <cstdint>
#include <optional>
#include <string>

#include "controllers/planning/snapshot.h"
#include "operator/kube/object.h"

namespace disagg::planning {

// Whoever ran for so long has come through its failures: the kubelet forgets its back-off then,
// too.
inline constexpr int kLongLifeSeconds = 600;

// So long after its deletionTimestamp an object that is still there is stuck: a kubelet needs
// seconds beyond the grace period, and the API server's garbage collector not much more.
inline constexpr int kStuckSeconds = 30;

// API server against API server: when an object that is being deleted counts as stuck.
std::int64_t StuckAt(const kube::ObjectMeta& meta);

// API server against API server: how long ago a pod was created.
std::int64_t AgeOf(const kube::Pod& pod, std::int64_t now);

// API server against API server: when objects of an earlier deployment of this name are deleted by
// us. The garbage collector does that within a second or two, and had nothing to wait for since
// this deployment was created: there are no two of one name. But a collector that met an owner of a
// CRD that was new to it comes back after minutes.
std::int64_t LeftoversDueAt(const api::DisaggDeployment& deployment);

// API server against API server: when a pod got its node. The API server notes it as it binds the
// pod; it is believed between the pod's creation and now.
std::int64_t BoundAt(const kube::Pod& pod, std::int64_t now);

// API server against API server: whether a pod was there already when requests were last seen to be
// served. A time in the future counts as now.
bool WasThere(const kube::Pod& pod, std::int64_t last_served, std::int64_t now);

// Kubelet against kubelet: whether the last run of a container that ended was a long one.
bool LastRunWasLong(const kube::ContainerState& container);

// When a failed pod ended. The kubelet's word is believed between the creation and now; outside of
// it the pod counts as failed when it was created. So skew shortens a back-off by the life of the
// pod at most: two creations never follow one another faster than their back-off.
std::int64_t FailureTime(const kube::Pod& pod, std::int64_t now);

// Kubelet against kubelet: whether an engine that runs has been Ready since it was started.
bool HasServed(const kube::Pod& pod);

// Kubelet against kubelet: whether it was Ready in its last run, which may be over.
bool HadServed(const kube::Pod& pod);

// When a pod that is NotReady while its engine runs on will count as NotReady; nothing: it does.
// Skew delays by no more than itself, and makes a minute shorter.
std::optional<std::int64_t> SettlesAt(const kube::Pod& pod, std::int64_t now);

// When a NotReady node will count as lost: node_loss_seconds after this process first saw it so.
// The node's own lastTransitionTime is of another clock and is not looked at, so no skew makes a
// loss of a moment.
std::int64_t NodeLostAt(const Snapshot& snapshot, const std::string& node);

}  // namespace disagg::planning
