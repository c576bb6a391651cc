// Names, images, numbers: what can be judged without looking at anything else.

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "controllers/api/messages.h"
#include "controllers/api/validation_checks.h"

namespace disagg::api {
namespace {

constexpr std::size_t kLongestName = 30;
constexpr std::array kEndings = {"-router",  "-workers", "-peers",
                                 "-prefill", "-decode",  "-aggregated"};
constexpr std::array<std::string_view, 5> kPrecisions = {"fp4", "mxfp4", "fp8", "bf16", "fp16"};

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// Characters of `inner` between a letter or digit at each end.
bool IsEnclosed(std::string_view text, std::string_view inner) {
  return !text.empty() && IsAlnum(text.front()) && IsAlnum(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return IsAlnum(c) || inner.find(c) != inner.npos; });
}

bool IsDns1035(std::string_view name) {
  return IsEnclosed(name, "-") && IsLower(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return IsLower(c) || IsDigit(c) || c == '-'; });
}

void CheckBounds(const std::string& path, int value, int least, int most, Errors* errors) {
  if (value >= least && value <= most) return;
  errors->push_back(
      ErrorOf(path, std::to_string(value),
              "must be from " + std::to_string(least) + " to " + std::to_string(most)));
}

// 0 is never. Schedulers need seconds for the pods of one deployment: less would take back what is
// about to be placed.
void CheckScheduleTimeout(int seconds, Errors* errors) {
  constexpr int kLeast = 30, kMost = 86400;
  if (seconds == 0 || (seconds >= kLeast && seconds <= kMost)) return;
  errors->push_back(ErrorOf(
      "spec.placement.scheduleTimeoutSeconds", std::to_string(seconds),
      "must be 0 (never) or from " + std::to_string(kLeast) + " to " + std::to_string(kMost)));
}

bool HasTagOrDigest(std::string_view image) {
  return image.find_first_of(":@", image.rfind('/') + 1) != image.npos;  // npos + 1 is 0
}

void CheckImage(const std::string& path, const std::string& image, Errors* errors) {
  const bool printable =
      std::all_of(image.begin(), image.end(), [](unsigned char c) { return c > ' ' && c < 0x7f; });
  if (image.empty()) {
    errors->push_back(ErrorAt(path, "is empty; write registry/repository:tag"));
  } else if (image.find("://") != image.npos) {
    errors->push_back(ErrorOf(path, image, "has a scheme; write only registry/repository:tag"));
  } else if (image.find('#') != image.npos) {
    errors->push_back(
        ErrorOf(path, image,
                "has \"#\" (the spelling of enroot); write \"/\" between registry and "
                "repository"));
  } else if (!printable || !IsAlnum(image.back()) || image.front() == '-') {
    errors->push_back(
        ErrorOf(path, image, "is not an image reference; write registry/repository:tag"));
  } else if (!HasTagOrDigest(image)) {
    errors->push_back(
        ErrorOf(path, image,
                "has neither tag nor digest, so that pods could run different images; "
                "add :tag or @sha256:..."));
  }
}

void CheckModelFields(const DeploymentSpec& spec, Errors* errors) {
  if (!spec.served_name.empty() && !IsEnclosed(spec.served_name, "-._/:@")) {
    errors->push_back(
        ErrorOf("spec.model.servedName", spec.served_name,
                "becomes part of a URL; use letters, digits and - . _ / : @ between a "
                "letter or digit at each end"));
  }
  if (!IsPrecision(spec.precision)) {
    errors->push_back(
        ErrorOf("spec.precision", spec.precision, "must be fp4, mxfp4, fp8, bf16 or fp16"));
  }
}

void CheckContainer(const DeploymentSpec& spec, Errors* errors) {
  CheckImage("spec.container.image", spec.image, errors);
  if (!spec.router.image.empty()) CheckImage("spec.router.image", spec.router.image, errors);
  constexpr std::array<std::string_view, 3> kPolicies = {"Always", "IfNotPresent", "Never"};
  if (std::find(kPolicies.begin(), kPolicies.end(), spec.image_pull_policy) == kPolicies.end()) {
    errors->push_back(ErrorOf("spec.container.imagePullPolicy", spec.image_pull_policy,
                              "must be Always, IfNotPresent or Never"));
  }
}

void CheckRouter(const RouterSpec& router, Errors* errors) {
  CheckBounds("spec.router.replicas", router.replicas, 1, 64, errors);
  CheckBounds("spec.router.service.port", router.service_port, 1, 65535, errors);
  constexpr std::array<std::string_view, 3> kTypes = {"ClusterIP", "NodePort", "LoadBalancer"};
  if (std::find(kTypes.begin(), kTypes.end(), router.service_type) == kTypes.end()) {
    errors->push_back(ErrorOf("spec.router.service.type", router.service_type,
                              "must be ClusterIP, NodePort or LoadBalancer"));
  }
}

}  // namespace

void CheckName(const DisaggDeployment& deployment, Errors* errors) {
  const std::string& name = deployment.meta.name;
  const auto refuse = [&](const std::string& what) {
    errors->push_back(ErrorOf("metadata.name", name, what));
  };
  if (name.size() > kLongestName) {
    refuse("has " + std::to_string(name.size()) +
           " characters; at most 30, so that the longest pod name is a valid host name; choose a "
           "shorter name");
  }
  if (!IsDns1035(name)) {
    refuse(
        "is not a valid Service name; use lower-case letters, digits and dashes, beginning with a "
        "letter and ending in a letter or digit");
  }
  for (const char* ending : kEndings) {
    if (name.ends_with(ending)) {
      refuse("ends in " + std::string(ending) +
             ", like an object that another deployment would own; choose another name");
    }
  }
  if (name == "kubernetes") {
    refuse("is the name of the API server's own Service; choose another name");
  }
}

bool IsPrecision(const std::string& text) {
  return std::find(kPrecisions.begin(), kPrecisions.end(), text) != kPrecisions.end();
}

void CheckFields(const DeploymentSpec& spec, Errors* errors) {
  CheckModelFields(spec, errors);
  CheckContainer(spec, errors);
  CheckRouter(spec.router, errors);
  CheckBounds("spec.health.startupTimeoutSeconds", spec.startup_timeout_seconds, 1, 86400, errors);
  for (const auto& [key, value] : spec.placement.node_selector) {
    if (value.empty() || (value.size() <= 63 && IsEnclosed(value, "-_."))) continue;
    errors->push_back(ErrorOf("spec.placement.nodeSelector", key + "=" + value,
                              "no node can have this label; a value has at most 63 letters, digits "
                              "and - _ . between a letter or digit at each end"));
  }
  CheckScheduleTimeout(spec.schedule_timeout_seconds, errors);
  CheckBounds("spec.rollout.drainSeconds", spec.drain_seconds, 0, 3600, errors);
  CheckBounds("spec.rollout.revisionHistoryLimit", spec.revision_history_limit, 0, 100, errors);
  if (!spec.service_account_name.empty() && !IsEnclosed(spec.service_account_name, "-.")) {
    errors->push_back(
        ErrorOf("spec.serviceAccountName", spec.service_account_name,
                "is not a valid ServiceAccount name; write the name alone, without its "
                "namespace"));
  }
}

}  // namespace disagg::api
