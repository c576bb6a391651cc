#include "controllers/render/pod_parts.h"

#include "controllers/render/fragments.h"
#include "controllers/render/names.h"

namespace disagg::render {

using nlohmann::json;

json HttpProbe(const std::string& path, const char* port, int period_seconds, int timeout_seconds,
               int failures) {
  return {{"httpGet", {{"path", path}, {"port", port}}},
          {"periodSeconds", period_seconds},
          {"timeoutSeconds", timeout_seconds},
          {"failureThreshold", failures}};
}

json SleepBeforeStop(int seconds) { return {{"preStop", {{"sleep", {{"seconds", seconds}}}}}}; }

json RestrictedPodSecurity() {
  return {{"runAsNonRoot", true},
          {"runAsUser", 1000},
          {"runAsGroup", 1000},
          {"fsGroup", 1000},
          {"seccompProfile", {{"type", "RuntimeDefault"}}}};
}

json RestrictedContainerSecurity() {
  return {{"allowPrivilegeEscalation", false},
          {"readOnlyRootFilesystem", true},
          {"capabilities", {{"drop", json::array({"ALL"})}}}};
}

json ContainerPort(const char* name, int number) {
  return {{"name", name}, {"containerPort", number}, {"protocol", "TCP"}};
}

json EmptyDir(const char* name, const std::string& size_limit) {
  return {{"name", name}, {"emptyDir", {{"sizeLimit", size_limit}}}};
}

json Mount(const char* volume, const char* path) { return {{"name", volume}, {"mountPath", path}}; }

json CommonPodSpec(const PodInputs& pod, const std::string& deployment) {
  json spec{{"restartPolicy", "Always"},
            // The pod finds its peers through the API server.
            {"automountServiceAccountToken", true},
            {"serviceAccountName", WorkerAccount(deployment, pod.service_account)},
            // A Service called "vllm" would otherwise put VLLM_PORT=tcp://... into every pod.
            {"enableServiceLinks", false}};
  PutJson(&spec, "imagePullSecrets", NameList(pod.image_pull_secrets));
  PutText(&spec, "priorityClassName", pod.placement.priority_class_name);
  return spec;
}

json NamedContainer(std::string_view name, const std::string& image, const PodInputs& pod) {
  json container{{"name", name},
                 {"image", image},
                 // Neither engines nor routers write a termination message; the end of the log of
                 // one that failed tells why.
                 {"terminationMessagePolicy", "FallbackToLogsOnError"}};
  PutText(&container, "imagePullPolicy", pod.image_pull_policy);
  return container;
}

}  // namespace disagg::render
