#include "controllers/planning/container_problems.h"

#include <algorithm>

#include "controllers/api/reserved_pod.h"
#include "operator/base/clock.h"
#include "operator/base/text.h"

namespace disagg::planning {
namespace {

// A kubelet mounts volumes, sets up the network and reports containers within seconds. Images are
// tens of gigabytes: pulling one takes minutes.
constexpr int kKubeletSeconds = 60;
constexpr int kCreationSeconds = 600;

class ContainerProblems {
 public:
  ContainerProblems(const Subject& subject, std::int64_t now, ProblemList& list)
      : subject_(subject), pod_(*subject.pod), now_(now), list_(list) {}

  bool Run() {
    for (const auto& container : pod_.containers) {
      if (Pulling(container) || Creating(container) || Ended(container)) return true;
    }
    return NotStarted();
  }

 private:
  bool IsRouter() const { return subject_.role == api::ToString(api::RoleName::kRouter); }

  // The operator's own, not one that a template put beside it.
  bool IsOwn(const kube::ContainerState& container) const {
    return container.name ==
           api::OwnContainer(IsRouter() ? api::RoleName::kRouter : api::RoleName::kDecode);
  }

  std::string InTemplate(const kube::ContainerState& container) const {
    return "container " + container.name + " in spec." + subject_.role + ".podTemplate";
  }

  std::string ImageOf(const kube::ContainerState& container) const {
    if (!IsOwn(container)) return "the image of " + InTemplate(container);
    return IsRouter() ? "spec.router.image, without it spec.container.image,"
                      : "spec.container.image";
  }

  // Where more memory is written.
  std::string MemoryOf(const kube::ContainerState& container) const {
    if (!IsOwn(container) || IsRouter()) return "limits.memory of " + InTemplate(container);
    return "spec." + subject_.role + ".resources.memory";
  }

  bool Add(const std::string& reason, const std::string& message, const std::string& cause) {
    list_.Add({subject_.role, pod_.meta.name, pod_.node_name, reason,
               subject_.slot + ": " + message, subject_.severity},
              cause);
    return true;
  }

  bool Pulling(const kube::ContainerState& container) {
    const std::string& waiting = container.waiting_reason;
    const bool fails = waiting == "ErrImagePull" || waiting == "ImagePullBackOff" ||
                       waiting == "InvalidImageName" || waiting == "ErrImageNeverPull";
    if (!fails) return false;
    return Add("ImagePullFailed",
               waiting + ": " + base::LastLine(container.waiting_message.get()) + "; check " +
                   ImageOf(container) + " and imagePullSecrets",
               container.name);
  }

  bool Creating(const kube::ContainerState& container) {
    const std::string& waiting = container.waiting_reason;
    const bool config = waiting == "CreateContainerConfigError";
    if (!config && waiting != "CreateContainerError" && waiting != "RunContainerError") {
      return false;
    }
    const std::string words = base::LastLine(container.waiting_message.get());
    const std::string remedy = config ? "; create it in namespace " + pod_.meta.namespace_name +
                                            ", or correct env and envFrom"
                                      : "";
    return Add(waiting, words + remedy, words);
  }

  bool Ended(const kube::ContainerState& container) {
    if (container.restarts == 0 || container.last_termination_reason.empty()) return false;
    const bool memory = container.last_termination_reason == "OOMKilled";
    const std::string times =
        container.restarts == 1 ? "once" : std::to_string(container.restarts) + " times, last";
    const std::string code = std::to_string(container.last_exit_code);
    const std::string said = base::LastLine(container.last_termination_message.get());
    std::string message = container.name + " exited " + times + " with exit code " + code;
    if (!said.empty()) message += ": " + said;
    message += memory ? "; raise " + MemoryOf(container)
                      : "; kubectl logs --previous " + pod_.meta.name + " -n " +
                            pod_.meta.namespace_name +
                            (IsOwn(container) ? "" : " -c " + container.name.get());
    return Add(memory ? "OOMKilled" : "CrashLoop", message, container.name + code + said);
  }

  // Why a volume is not mounted is only in the kubelet's events, which the operator does not read.
  std::string Events() const {
    return "; the kubelet's events say more: kubectl describe pod " + pod_.meta.name + " -n " +
           pod_.meta.namespace_name;
  }

  bool NotStarted() {
    if (pod_.phase != kube::PodPhase::kPending || pod_.scheduled_at == 0) return false;
    const bool begun = std::any_of(
        pod_.containers.begin(), pod_.containers.end(),
        [](const auto& container) { return container.running || container.last_finished_at != 0; });
    if (begun) return false;
    const bool silent = pod_.containers.empty();
    const bool creates = !silent && !pod_.sandbox_missing;
    const std::int64_t at = pod_.scheduled_at + (creates ? kCreationSeconds : kKubeletSeconds);
    if (now_ < at) {
      list_.WakeAt(at);
      return false;
    }
    const std::string since = " since " + base::FormatTime(pod_.scheduled_at);
    if (silent) {
      return Add("KubeletSilent",
                 "the kubelet of node " + pod_.node_name + " has not started it" + since +
                     ": check that node",
                 pod_.node_name);
    }
    if (creates) {
      return Add("ContainerCreating",
                 "no container runs" + since +
                     ": its image is still pulled, or a container "
                     "cannot be created" +
                     Events(),
                 "creating");
    }
    return Add("SandboxNotReady",
               "its volumes are not mounted or its network is not set up" + since + Events(),
               "sandbox");
  }

  const Subject& subject_;
  const kube::Pod& pod_;
  const std::int64_t now_;
  ProblemList& list_;
};

}  // namespace

bool AddContainerProblems(const Subject& subject, std::int64_t now, ProblemList& list) {
  return ContainerProblems(subject, now, list).Run();
}

}  // namespace disagg::planning
