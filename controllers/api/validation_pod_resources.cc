// Requests and limits in a pod template: whose they are, and whether they fit each other.

#include <array>
#include <optional>
#include <set>

#include "controllers/api/messages.h"
#include "controllers/api/validation_pod_parts.h"
#include "operator/base/quantity.h"
#include "operator/kube/extended_resources.h"

namespace disagg::api {
namespace {

using nlohmann::json;

constexpr std::string_view kHugePages = "hugepages-";
constexpr std::array<std::string_view, 3> kSections = {"claims", "limits", "requests"};

bool IsResourceName(std::string_view name) {
  return name == "cpu" || name == "memory" || name == "ephemeral-storage" ||
         name.starts_with(kHugePages) || name.find('/') != name.npos;
}

// Of these the request is the limit.
bool IsExact(std::string_view name) {
  return name.starts_with(kHugePages) || kube::IsExtendedResource(name);
}

// What the operator asks for where a template says nothing.
std::optional<std::string> Default(RoleName role, std::string_view section, std::string_view name) {
  if (IsWorker(role)) return std::nullopt;
  if (section == "limits") {
    return name == "memory" ? std::optional(kRouterMemoryLimit) : std::nullopt;
  }
  if (name == "cpu") return kRouterCpu;
  return name == "memory" ? std::optional(kRouterMemory) : std::nullopt;
}

class ResourcesCheck {
 public:
  ResourcesCheck(const TemplatePlace& place, bool own, const json& resources, std::string path,
                 Errors* errors)
      : place_(place), own_(own), resources_(resources), path_(std::move(path)), errors_(errors) {}

  void Run() {
    CheckSpelling(resources_, kSections, "resources", path_, errors_);
    std::set<std::string> names;
    for (const char* section : {"limits", "requests"}) {
      const json* amounts = ObjectIn(resources_, section, path_, errors_);
      if (amounts == nullptr) continue;
      for (const auto& [name, amount] : amounts->items()) {
        if (CheckAmount(FieldPath(path_ + "." + section, name), name, amount)) names.insert(name);
      }
    }
    for (const std::string& name : names) CheckPair(name);
  }

 private:
  // False: it has been refused.
  bool CheckAmount(const std::string& path, const std::string& name, const json& amount) {
    const std::string text = ValueText(amount);
    const auto refuse = [&](const std::string& what) {
      errors_->push_back(ErrorOf(path, text, what));
      return false;
    };
    if (const std::string whose = DeviceOf(name); !whose.empty()) return refuse(whose);
    // Told already, with the field to write instead.
    if (own_ && IsWorker(place_.role) && (name == "cpu" || name == "memory")) return false;
    if (!IsResourceName(name)) {
      return refuse(
          "no resource has this name; write cpu, memory, ephemeral-storage, "
          "hugepages-2Mi, or a device with its domain, like rdma/ib");
    }
    const auto quantity = base::Quantity::Parse(text);
    if (amount.is_structured() || !quantity) {
      return refuse("is not a quantity; write a number, or one with a unit, like 64Gi");
    }
    if (kube::IsExtendedResource(name) &&
        !(*quantity == base::Quantity::OfInteger(quantity->Ceil()))) {
      return refuse("is no whole number, and devices cannot be divided; write a whole number");
    }
    return true;
  }

  // The class's devices follow from the parallelism of the role, whichever container asks.
  std::string DeviceOf(const std::string& name) const {
    if (place_.resolved == nullptr) return "";
    const AcceleratorClass& type = *place_.resolved->accelerator;
    const std::string whose = "AcceleratorClass " + type.meta.name;
    if (name == type.gpu_resource) {
      return "is the operator's to set: GPUs of a pod follow from the parallelism of its role; "
             "write " +
             place_.owner + ".parallelism";
    }
    if (place_.uses_rdma() && name == type.rdma->resource_name) {
      return "is the operator's to set: " + whose +
             " says how many of these a pod has (spec.rdma); ask the platform team, or name the "
             "resource of another rail";
    }
    return "";
  }

  // In the template; null: not there.
  const json* Written(const char* section, const std::string& name) const {
    const auto found = resources_.find(section);
    if (found == resources_.end() || !found->is_object()) return nullptr;
    const auto amount = found->find(name);
    return amount == found->end() ? nullptr : &*amount;
  }

  std::optional<std::string> Effective(const char* section, const std::string& name) const {
    const json* written = Written(section, name);
    if (written != nullptr) return ValueText(*written);
    return own_ ? Default(place_.role, section, name) : std::nullopt;
  }

  void CheckPair(const std::string& name) {
    const auto request = Effective("requests", name), limit = Effective("limits", name);
    if (!request) return;  // the limit is the request
    const auto refuse = [&](const char* section, const std::string& value,
                            const std::string& what) {
      errors_->push_back(ErrorOf(FieldPath(path_ + "." + section, name), value, what));
    };
    if (!limit) {
      if (!IsExact(name)) return;
      refuse("requests", *request, "has no limit, which must be the same; write it under limits");
      return;
    }
    const auto asked = base::Quantity::Parse(*request), most = base::Quantity::Parse(*limit);
    if (!asked || !most) return;
    if (IsExact(name) && !(*asked == *most)) {
      refuse("requests", *request,
             "differs from its limit " + *limit +
                 ", which must be the same; write it under "
                 "limits only");
    } else if (*most < *asked) {
      const bool of_request = Written("requests", name) != nullptr;
      refuse(of_request ? "requests" : "limits", of_request ? *request : *limit,
             of_request ? "is more than its limit " + *limit + "; raise limits." + name
                        : "is less than its request " + *request + "; write requests." + name +
                              " as well");
    }
  }

  const TemplatePlace& place_;
  const bool own_;
  const json& resources_;
  const std::string path_;
  Errors* const errors_;
};

}  // namespace

void CheckContainerResources(const TemplatePlace& place, bool own, const json& container,
                             const std::string& path, Errors* errors) {
  const json* resources = ObjectIn(container, "resources", path, errors);
  if (resources == nullptr) return;
  ResourcesCheck(place, own, *resources, path + ".resources", errors).Run();
}

}  // namespace disagg::api
