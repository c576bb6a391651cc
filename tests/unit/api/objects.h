#pragma once

// Good objects to start from: the topology of the README on a small catalogue. A case changes them
// with a JSON merge patch (RFC 7386: null removes a field).

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controllers/api/resolution.h"
#include "controllers/api/types.h"

namespace disagg::api::test {

extern const char
    kDeployment[];  // minimax-m3 in namespace serving: 2 x DEP2 prefill, 1 x DEP8 decode on b200

// `object` with the merge patch laid over it; aborts on what is no JSON.
std::string Patched(const std::string& object, const std::string& patch);

// Abort on what cannot be decoded.
std::shared_ptr<const DisaggDeployment> Deployment(const std::string& patch = "{}");
std::shared_ptr<const ServingModel> Model(const std::string& json);
std::shared_ptr<const AcceleratorClass> Class(const std::string& json);

// Models minimax-m3-nvfp4 (fp4; b200, gb200), qwen3-32b (bf16; everywhere), deepseek-r1 (fp8; only
// for team=research) and classes b200 (8 GPUs, RDMA), gb200 (4, RDMA), h200 (8, no fp4, no RDMA).
const Catalogue& TestCatalogue();

// What a person would be told about the deployment after `patch`.
std::vector<std::string> Messages(const std::string& patch,
                                  const Catalogue& catalogue = TestCatalogue(),
                                  const std::map<std::string, std::string>& namespace_labels = {});

// One row of a table of validation cases.
struct Case {
  const char* sentence;
  const char* patch;
  const char* message;  // the only one expected; "": the deployment is valid
};
void ExpectMessages(const std::vector<Case>& cases);

}  // namespace disagg::api::test
