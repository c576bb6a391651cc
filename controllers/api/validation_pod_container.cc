// Containers of a pod template: the operator's own, and those that are put beside it.

#include <algorithm>
#include <array>

#include "controllers/api/messages.h"
#include "controllers/api/pod_lists.h"
#include "controllers/api/reserved_env.h"
#include "controllers/api/validation_pod_parts.h"

namespace disagg::api {
namespace {

using nlohmann::json;

constexpr std::array kProbes = {"livenessProbe", "readinessProbe", "startupProbe"};
constexpr char kPinMemory[] = "IPC_LOCK";
constexpr std::array kHandlers = {"exec", "grpc", "httpGet", "tcpSocket"};

std::string Own(const TemplatePlace& place) { return std::string(OwnContainer(place.role)); }

class ContainerCheck {
 public:
  ContainerCheck(const TemplatePlace& place, const json& container, bool own,
                 const std::vector<std::string>& volumes, std::string path, Errors* errors)
      : place_(place),
        container_(container),
        own_(own),
        volumes_(volumes),
        path_(std::move(path)),
        errors_(errors) {}

  void Run() {
    CheckSpelling(container_, KnownContainerFields(), "a container", path_, errors_);
    CheckKeyedLists(container_, path_, errors_);
    if (own_) {
      CheckReserved(container_, "", path_);
      CheckHandlers();
      CheckCapabilities();
    }
    CheckEnv();
    CheckPorts();
    CheckMounts();
    CheckContainerResources(place_, own_, container_, path_, errors_);
  }

 private:
  // Fields of fields have names like "resources.limits.cpu".
  void CheckReserved(const json& object, const std::string& prefix, const std::string& path) {
    for (const auto& [key, value] : object.items()) {
      const ReservedField* reserved = FindReservedContainerField(place_.role, prefix + key);
      if (reserved != nullptr) Refuse(place_, *reserved, FieldPath(path, key), value, errors_);
      if (value.is_object()) CheckReserved(value, prefix + key + ".", FieldPath(path, key));
    }
  }

  // How often is asked is free; what is asked is what readiness means.
  void CheckHandlers() {
    for (const char* probe : kProbes) {
      const json* fields = ObjectIn(container_, probe, path_, errors_);
      if (fields == nullptr) continue;
      for (const char* handler : kHandlers) {
        if (!fields->contains(handler)) continue;
        errors_->push_back(ErrorOf(path_ + "." + probe + "." + handler,
                                   ValueText((*fields)[handler]),
                                   "is the operator's to set: traffic goes by what it asks; remove "
                                   "it (periods, timeouts and thresholds may be set)"));
      }
    }
  }

  // A list of a template replaces the operator's, and with it what pinned memory needs.
  void CheckCapabilities() {
    const bool pins =
        place_.uses_rdma() && place_.resolved->accelerator->security == SecurityProfile::kRdma;
    const json::json_pointer at("/securityContext/capabilities/add");
    if (!pins || !container_.contains(at) || !container_.at(at).is_array()) return;
    const json& add = container_.at(at);
    if (std::find(add.begin(), add.end(), json(kPinMemory)) != add.end()) return;
    errors_->push_back(ErrorOf(path_ + ".securityContext.capabilities.add", ValueText(add),
                               std::string("replaces the operator's ") + kPinMemory +
                                   ", without which no memory can be registered for RDMA; add " +
                                   kPinMemory));
  }

  // Calls `check(element, path)` for each object in a list of the container.
  template <typename Check>
  void ForEach(const char* field, Check check) {
    const auto list = container_.find(field);
    if (list == container_.end() || !list->is_array()) return;
    for (std::size_t i = 0; i < list->size(); ++i) {
      if ((*list)[i].is_object()) {
        check((*list)[i], path_ + "." + field + "[" + std::to_string(i) + "]");
      }
    }
  }

  void CheckEnv() {
    ForEach("env", [&](const json& entry, const std::string& path) {
      const std::string name = KeyOf(*FindKeyedList("env"), entry);
      const std::string_view reserved = own_ ? WhyReserved(name) : std::string_view();
      if (!reserved.empty()) {
        errors_->push_back(
            ErrorOf(path + ".name", name,
                    "is the operator's to set: " + std::string(reserved) + "; remove it"));
      }
      const std::string_view over_nodes =
          own_ && place_.nodes() > 1 ? WhyReservedOverNodes(name) : std::string_view();
      if (!over_nodes.empty()) {
        errors_->push_back(ErrorOf(path + ".name", name, NotOverNodes(over_nodes)));
      }
      const auto value = entry.find("value");
      if (value != entry.end() && !value->is_string()) {
        errors_->push_back(
            ErrorOf(path + ".value", ValueText(*value), "is no string; put it in quotes"));
      }
    });
  }

  // Containers of a pod share its address.
  void CheckPorts() {
    ForEach("ports", [&](const json& port, const std::string& path) {
      const auto number = port.find("containerPort");
      const std::string name = port.contains("name") ? ValueText(port["name"]) : "";
      for (const ReservedPort& reserved :
           ReservedPorts(place_.role, place_.widths().data, place_.nodes())) {
        const std::string of_operator(reserved.name);
        if (number != port.end() && number->is_number_integer() && *number >= reserved.first &&
            *number <= reserved.last) {
          errors_->push_back(ErrorOf(path + ".containerPort", ValueText(*number),
                                     "is the operator's port " + Quoted(of_operator) + " of " +
                                         Own(place_) +
                                         ", and containers of a pod share its ports; choose "
                                         "another number"));
        } else if (own_ && name == reserved.name) {
          errors_->push_back(ErrorOf(path + ".name", name,
                                     "is the name of the operator's port " +
                                         std::to_string(reserved.first) + "; choose another"));
        }
      }
    });
  }

  void CheckMounts() {
    ForEach("volumeMounts", [&](const json& mount, const std::string& path) {
      const std::string at = mount.contains("mountPath") ? ValueText(mount["mountPath"]) : "";
      const std::string volume = mount.contains("name") ? ValueText(mount["name"]) : "";
      const ReservedField* reserved = own_ ? FindReservedMount(place_.role, at) : nullptr;
      if (reserved != nullptr) Refuse(place_, *reserved, path + ".mountPath", at, errors_);
      if (std::find(volumes_.begin(), volumes_.end(), volume) == volumes_.end()) {
        UnknownVolume(path, volume);
      } else if (IsWorker(place_.role) && volume == "model" &&
                 mount.value("readOnly", json()) != json(true)) {
        errors_->push_back(ErrorAt(path + ".readOnly",
                                   "must be true: the weights in the volume \"model\" are only "
                                   "ever read; write readOnly: true"));
      }
    });
  }

  void UnknownVolume(const std::string& path, const std::string& volume) {
    std::vector<std::string> near = NearNames(volume, volumes_);
    for (std::string& name : near) name = Quoted(name);
    errors_->push_back(ErrorOf(
        path + ".name", volume,
        near.empty()
            ? "no volume of the pod has this name; there are " + Listed(volumes_) + "; add it to " +
                  place_.owner + ".podTemplate.spec.volumes"
            : "no volume of the pod has this name; did you mean " + Listed(near, "or") + "?"));
  }

  const TemplatePlace& place_;
  const json& container_;
  const bool own_;
  const std::vector<std::string>& volumes_;
  const std::string path_;
  Errors* const errors_;
};

// Those of the operator and of the template.
std::vector<std::string> VolumesOf(const TemplatePlace& place, const json& pod) {
  std::vector<std::string> names = OwnVolumes(place.role);
  const auto volumes = pod.find("volumes");
  if (volumes == pod.end() || !volumes->is_array()) return names;
  for (const json& volume : *volumes) {
    const std::string name = KeyOf(*FindKeyedList("volumes"), volume);
    if (!name.empty()) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// Whoever takes "main" for the engine's container means to change it, not to add one.
void CheckImage(const TemplatePlace& place, const json& container, const std::string& path,
                const std::string& name, bool init, Errors* errors) {
  if (container.contains("image")) return;
  const std::string own = Quoted(Own(place));
  errors->push_back(ErrorOf(path + ".name", name,
                            init
                                ? "has no image; write the image that it runs"
                                : "has no image, and is not the container that the operator "
                                  "runs, which is " +
                                      own + "; write " + own + " to change that one, or an image"));
}

void CheckList(const TemplatePlace& place, const json& pod, const char* field,
               const std::string& pod_path, Errors* errors) {
  const auto list = pod.find(field);
  if (list == pod.end() || !list->is_array()) return;
  const std::vector<std::string> volumes = VolumesOf(place, pod);
  const bool init = std::string_view(field) == "initContainers";
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json& container = (*list)[i];
    const std::string name = KeyOf(*FindKeyedList(field), container);
    if (name.empty()) continue;  // told by CheckKeyedLists
    const std::string path = pod_path + "." + field + "[" + std::to_string(i) + "]";
    const bool named = name == OwnContainer(place.role);
    if (named && init) {
      errors->push_back(ErrorOf(path + ".name", name,
                                "is the name of the container that the operator runs; choose "
                                "another name"));
    }
    if (!named) CheckImage(place, container, path, name, init, errors);
    ContainerCheck(place, container, named && !init, volumes, path, errors).Run();
  }
}

}  // namespace

void CheckContainers(const TemplatePlace& place, const json& pod, const std::string& path,
                     Errors* errors) {
  CheckList(place, pod, "initContainers", path, errors);
  CheckList(place, pod, "containers", path, errors);
}

}  // namespace disagg::api
