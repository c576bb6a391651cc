#include "controllers/routers/dynamo/dynamo_router.h"

#include <string>
#include <utility>
#include <vector>

#include "controllers/api/engine_args.h"
#include "controllers/api/env.h"
#include "controllers/api/labels.h"
#include "controllers/api/reserved_pod.h"
#include "controllers/render/fragments.h"
#include "controllers/render/metadata.h"
#include "controllers/render/pod_parts.h"
#include "controllers/render/pod_template.h"
#include "controllers/routers/dynamo/dynamo_runtime.h"
#include "operator/kube/resource.h"

namespace disagg::render {
namespace {

using nlohmann::json;

api::ArgValue Text(const char* text) {
  return {.kind = api::ArgValue::Kind::kString, .flag = false, .texts = {text}};
}

// Our defaults under the user's arguments.
api::Args RouterArgs(const api::Args& of_user) {
  api::Args args = of_user;
  args.emplace("router-mode", Text("round-robin"));
  // Without it every killed worker costs its streams, and an orderly removal costs a request now
  // and then: one that was between choosing a worker and sending.
  args.emplace("migration-limit", Text("3"));
  // Replicas that choose by KV cache have to tell each other what they chose. The number of
  // replicas is no input of a revision, so one replica gets the flag as well; alone it changes
  // nothing.
  if (args.at("router-mode") == Text("kv")) {
    args.emplace("router-replica-sync",
                 api::ArgValue{.kind = api::ArgValue::Kind::kBool, .flag = true, .texts = {}});
  }
  return args;
}

bool SyncsReplicas(const api::Args& args) { return args.contains("router-replica-sync"); }

std::vector<api::EnvVar> RouterEnv(const TemplateContext& context, const ContractInputs& contract,
                                   const RouterInputs& router) {
  std::vector<api::EnvVar> env = DynamoIdentityEnv(context);
  env.push_back({"DYN_HTTP_PORT", std::to_string(kHttpPort), ""});
  env.push_back({"DYN_TCP_RESPONSE_STREAM_PORT", std::to_string(kStreamPort), ""});
  env.push_back(
      {"DYN_HTTP_GRACEFUL_SHUTDOWN_TIMEOUT_SECS", std::to_string(router.pod.drain_seconds), ""});
  // Where this cannot be written the router is healthy and serves nothing.
  env.push_back({"HOME", "/tmp", ""});
  if (contract.disaggregated()) {
    // Releases before 1.6 let decode serve alone when no prefill is there; later ones ignore it.
    env.push_back({"DYN_ENFORCE_DISAGG", "true", ""});
  }
  return api::InOrderOfReferences(api::MergeEnv({env, router.env}));
}

// 200 exactly when both roles can be reached. Slashes of a model's name stay as they are.
std::string ReadyPath(const std::string& served_name) {
  std::string path = "/v1/models";
  for (std::size_t begin = 0; begin <= served_name.size();) {
    const std::size_t end = std::min(served_name.find('/', begin), served_name.size());
    path += "/" + kube::EncodeQuery(served_name.substr(begin, end - begin));
    begin = end + 1;
  }
  return path + "/ready";
}

// A router holds no weights: configuration and tokenizer come from its workers.
json RouterResources() {
  return {{"requests", {{"cpu", api::kRouterCpu}, {"memory", api::kRouterMemory}}},
          {"limits", {{"memory", api::kRouterMemoryLimit}}}};
}

json RouterContainer(const TemplateContext& context, const ModelInputs& model,
                     const ContractInputs& contract, const RouterInputs& router,
                     const api::Args& args) {
  json container = NamedContainer(api::OwnContainer(api::RoleName::kRouter),
                                  router.image.empty() ? contract.image : router.image, router.pod);
  container["command"] = {"python3", "-m", "dynamo.frontend"};
  container["args"] = json::array();
  for (const std::string& word : api::ToCommandLine(args)) {
    container["args"].push_back(api::EscapeReferences(word));
  }
  container["env"] = EnvList(RouterEnv(context, contract, router));
  container["ports"] = {ContainerPort("http", kHttpPort), ContainerPort("stream", kStreamPort)};
  container["startupProbe"] = HttpProbe("/live", "http", 1, 5, 120);
  container["readinessProbe"] = HttpProbe(ReadyPath(model.served_name), "http", 2, 2, 2);
  container["livenessProbe"] = HttpProbe("/live", "http", 10, 5, 6);
  container["lifecycle"] = SleepBeforeStop(kPreStopSeconds);
  container["resources"] = RouterResources();
  container["securityContext"] = RestrictedContainerSecurity();
  container["volumeMounts"] = json::array({Mount("tmp", "/tmp")});
  return container;
}

std::string RoleText() { return std::string(api::ToString(api::RoleName::kRouter)); }

json RouterMetadata(const TemplateContext& context, const ModelInputs& model,
                    const api::Args& args) {
  json labels = CommonLabels(context.deployment, "dynamo-frontend", RoleText());
  labels[api::kLabelRole] = RoleText();
  labels[api::kLabelContract] = context.contract;
  labels[api::kLabelLlmdModel] = LabelValue(model.served_name);
  // Other replicas see a router only where the workers Service does.
  if (SyncsReplicas(args)) labels[api::kLabelDiscovery] = api::kDiscoveryEnabled;
  return {{"labels", labels}, {"annotations", {{api::kAnnotationModel, model.served_name}}}};
}

// Those of one revision: while they replace those of another, both stand on the nodes.
json SpreadOverNodes(const TemplateContext& context) {
  return json::array(
      {{{"topologyKey", "kubernetes.io/hostname"},
        {"maxSkew", 1},
        {"whenUnsatisfiable", "ScheduleAnyway"},
        {"labelSelector",
         {{"matchLabels",
           {{api::kLabelDeployment, context.deployment}, {api::kLabelRole, RoleText()}}}}},
        {"matchLabelKeys", json::array({api::kLabelRoleRevision})}}});
}

}  // namespace

bool DynamoRouter::FollowsCaches(const api::Args& args) const {
  const auto mode = args.find("router-mode");
  return mode != args.end() && mode->second == Text("kv") && !args.contains("no-router-kv-events");
}

json DynamoRouter::Template(const TemplateContext& context, const ModelInputs& model,
                            const ContractInputs& contract, const RouterInputs& router) const {
  const api::Args args = RouterArgs(router.args);
  json spec = CommonPodSpec(router.pod, context.deployment);
  spec["terminationGracePeriodSeconds"] = kPreStopSeconds + router.pod.drain_seconds + kExitSeconds;
  spec["securityContext"] = RestrictedPodSecurity();
  spec["containers"] = json::array({RouterContainer(context, model, contract, router, args)});
  spec["volumes"] = json::array({EmptyDir("tmp", "1Gi")});
  spec["topologySpreadConstraints"] = SpreadOverNodes(context);
  // Placement's node selector and scheduler are for pods with GPUs. Tolerations hold for the router
  // as well: there are clusters in which every node is tainted.
  PutJson(&spec, "tolerations", ParseFragments(router.pod.placement.tolerations));
  if (!router.architecture.empty()) {
    spec["nodeSelector"] = {{"kubernetes.io/arch", router.architecture}};
  }
  return LayOver(router.pod_template,
                 {{"metadata", RouterMetadata(context, model, args)}, {"spec", std::move(spec)}});
}

}  // namespace disagg::render
