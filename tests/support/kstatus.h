#pragma once

// What Flux, Argo CD and others that wait by kstatus think of an object.

#include <string>

#include <nlohmann/json.hpp>

namespace disagg::testing {

struct Judgement {
  std::string status;  // "Current", "InProgress", "Failed", "Terminating"; "" fails the test
  std::string message;
};

Judgement Kstatus(const nlohmann::json& object);

}  // namespace disagg::testing
