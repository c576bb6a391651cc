#pragma once

// Pieces of pod specs. Pure.

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "controllers/render/inputs.h"

namespace disagg::render {

nlohmann::json HttpProbe(const std::string& path, const char* port, int period_seconds,
                         int timeout_seconds, int failures);

// preStop by the kubelet: no program in the container is needed, and evictions run it too.
nlohmann::json SleepBeforeStop(int seconds);

// uid 1000, nothing writable but what is mounted: what Pod Security calls `restricted`.
nlohmann::json RestrictedPodSecurity();
nlohmann::json RestrictedContainerSecurity();

struct NamedPort {
  const char* name;
  int number;
};

nlohmann::json ContainerPort(const char* name, int number);
nlohmann::json EmptyDir(const char* name, const std::string& size_limit);
nlohmann::json Mount(const char* volume, const char* path);

// Spec fields that every pod of a deployment has alike.
nlohmann::json CommonPodSpec(const PodInputs& pod, const std::string& deployment);

// A container's name, image, and where its last words come from.
nlohmann::json NamedContainer(std::string_view name, const std::string& image,
                              const PodInputs& pod);

}  // namespace disagg::render
