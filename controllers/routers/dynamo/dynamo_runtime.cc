#include "controllers/routers/dynamo/dynamo_runtime.h"

#include <string>

namespace disagg::render {
namespace {

api::EnvVar FromField(const char* name, const char* path) {
  return {name, "", nlohmann::json{{"fieldRef", {{"fieldPath", path}}}}.dump()};
}

// Workers and routers of one contract find each other under this name and no others.
std::string DynamoNamespace(const TemplateContext& context) {
  return context.namespace_name + "-" + context.deployment + "-" + context.contract;
}

}  // namespace

std::vector<api::EnvVar> DynamoIdentityEnv(const TemplateContext& context) {
  return {{"DYN_NAMESPACE", DynamoNamespace(context), ""},
          {"DYN_DISCOVERY_BACKEND", "kubernetes", ""},
          {"DYN_REQUEST_PLANE", "tcp", ""},
          {"DYN_EVENT_PLANE", "zmq", ""},
          FromField("POD_NAME", "metadata.name"),
          FromField("POD_NAMESPACE", "metadata.namespace"),
          FromField("POD_UID", "metadata.uid"),
          // Nothing is downloaded: weights are mounted, tokenizers come from there.
          {"HF_HUB_OFFLINE", "1", ""}};
}

}  // namespace disagg::render
