#include <span>

#include "controllers/api/decode_parts.h"
#include "controllers/api/program_facts.h"

namespace disagg::api {
namespace {

// One value is all there is so far; it is read so that a spec for a newer program is not misread.
enum class Only { kOnly };

void DecodeModel(const JsonReader& spec, DeploymentSpec* decoded) {
  const JsonReader model = spec.Child("model");
  decoded->model_ref = model.Text("ref");
  decoded->served_name = model.Text("servedName");

  const JsonReader container = spec.Child("container");
  decoded->image = container.Text("image");
  decoded->image_pull_policy = container.Text("imagePullPolicy", decoded->image_pull_policy);
  for (const JsonReader& secret : container.Children("imagePullSecrets")) {
    decoded->image_pull_secrets.push_back(secret.Text("name"));
  }
}

// Choices of a field: the names of those that there are.
template <typename Facts>
auto NamesOf(std::span<const Facts* const> programs) {
  std::vector<std::pair<std::string_view, decltype(Facts::type)>> names;
  for (const Facts* facts : programs) names.emplace_back(facts->name, facts->type);
  return names;
}

void DecodeEngine(const JsonReader& spec, DeploymentSpec* decoded) {
  const JsonReader engine = spec.Child("engine");
  decoded->engine = engine.Choice("type", NamesOf(Engines()), kDefaultEngine);
  // Workers register with the router of this name; there is one of each.
  engine.Choice("runtime", NamesOf(Routers()), kDefaultRouter);
  decoded->engine_args = DecodeArgs(engine);
  decoded->engine_env = DecodeEnv(engine);
  decoded->engine_env_from = engine.Fragments("envFrom");

  const JsonReader transfer = spec.Child("kvTransfer");
  transfer.Choice<Only>("connector", {{"nixl", Only::kOnly}}, Only::kOnly);
  decoded->kv_backend = transfer.Choice<KvBackend>(
      "backend", {{"rdma", KvBackend::kRdma}, {"tcp", KvBackend::kTcp}}, KvBackend::kRdma);
}

Parallelism DecodeParallelism(const JsonReader& widths) {
  return {.tensor = widths.Integer("tensor", 1),
          .pipeline = widths.Integer("pipeline", 1),
          .data = widths.Integer("data", 1),
          .context = widths.Integer("context", 1),
          .expert = widths.Integer("expert", 1),
          .decode_context = widths.Integer("decodeContext", 1)};
}

RoleSpec DecodeRole(const JsonReader& role) {
  RoleSpec decoded;
  decoded.replicas = role.RequiredInteger("replicas");
  decoded.accelerator = role.Text("accelerator");
  decoded.parallelism = DecodeParallelism(role.Child("parallelism"));
  decoded.args = DecodeArgs(role);
  decoded.env = DecodeEnv(role);
  decoded.env_from = role.Fragments("envFrom");
  const JsonReader resources = role.Child("resources");
  decoded.resources = {.cpu = resources.QuantityText("cpu"),
                       .memory = resources.QuantityText("memory"),
                       .shared_memory = resources.QuantityText("sharedMemory")};
  decoded.pod_template = DecodePodTemplate(role);
  decoded.min_ready = role.Integer("minReady", 1);
  return decoded;
}

RouterSpec DecodeRouter(const JsonReader& router) {
  RouterSpec decoded;
  decoded.type = router.Choice("type", NamesOf(Routers()), kDefaultRouter);
  decoded.image = router.Text("image");
  decoded.replicas = router.Integer("replicas", decoded.replicas);
  decoded.args = DecodeArgs(router);
  decoded.env = DecodeEnv(router);
  const JsonReader service = router.Child("service");
  decoded.service_type = service.Text("type", decoded.service_type);
  decoded.service_port = service.Integer("port", decoded.service_port);
  decoded.service_annotations = service.TextMap("annotations");
  decoded.pod_template = DecodePodTemplate(router);
  return decoded;
}

void DecodeOperation(const JsonReader& spec, DeploymentSpec* decoded) {
  decoded->startup_timeout_seconds =
      spec.Child("health").Integer("startupTimeoutSeconds", decoded->startup_timeout_seconds);

  const JsonReader placement = spec.Child("placement");
  decoded->placement = {.node_selector = placement.TextMap("nodeSelector"),
                        .tolerations = placement.Fragments("tolerations"),
                        .priority_class_name = placement.Text("priorityClassName"),
                        .scheduler_name = placement.Text("schedulerName")};
  decoded->schedule_timeout_seconds =
      placement.Integer("scheduleTimeoutSeconds", decoded->schedule_timeout_seconds);

  const JsonReader rollout = spec.Child("rollout");
  decoded->drain_seconds = rollout.Integer("drainSeconds", decoded->drain_seconds);
  decoded->revision_history_limit =
      rollout.Integer("revisionHistoryLimit", decoded->revision_history_limit);

  decoded->disruption = spec.Child("disruption")
                            .Choice<DisruptionPolicy>("policy",
                                                      {{"OneGroup", DisruptionPolicy::kOneGroup},
                                                       {"Block", DisruptionPolicy::kBlock},
                                                       {"None", DisruptionPolicy::kNone}},
                                                      decoded->disruption);
  decoded->restart_token = spec.Child("restart").Text("token");
  decoded->suspend = spec.Boolean("suspend");
  decoded->service_account_name = spec.Text("serviceAccountName");
  decoded->inherit = spec.Child("podMetadata").Texts("inherit");
}

}  // namespace

void DecodeInto(const nlohmann::json& object, DisaggDeployment* decoded,
                std::vector<std::string>* errors) {
  const JsonReader root(&object, "", errors);
  const JsonReader spec = root.Child("spec");
  DecodeModel(spec, &decoded->spec);
  decoded->spec.precision = spec.Text("precision");
  decoded->spec.accelerator = spec.Text("accelerator");
  DecodeEngine(spec, &decoded->spec);
  for (const RoleName role : kWorkerRoles) {
    const std::string key(ToString(role));
    if (spec.Has(key)) decoded->spec.roles.emplace(role, DecodeRole(spec.Child(key)));
  }
  decoded->spec.router = DecodeRouter(spec.Child("router"));
  DecodeOperation(spec, &decoded->spec);
  decoded->inherited = DecodeInherited(root, decoded->spec.inherit);
  if (object.contains("status")) decoded->status = DecodeStatus(object["status"]);
}

}  // namespace disagg::api
