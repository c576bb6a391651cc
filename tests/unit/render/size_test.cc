// The bound that validation holds (validation_size.cc) against what is written with it.

#include <functional>

#include <gtest/gtest.h>

#include "controllers/api/validation.h"
#include "controllers/render/objects.h"
#include "tests/unit/render/fixture.h"

namespace disagg::render {
namespace {

using api::RoleName;
using nlohmann::json;

// Half of what etcd takes.
constexpr std::size_t kLargest = std::size_t{768} * 1024;

bool IsTooLarge(const Fixture& seed) {
  for (const api::FieldError& error : api::Validate(seed.deployment, seed.Resolve())) {
    if (error.message.find("at most 262144") != std::string::npos) return true;
  }
  return false;
}

// Adds one more piece, again and again, as long as validation lets it.
Fixture Filled(Fixture seed, const std::function<void(int, Fixture*)>& add) {
  seed.prefill().env_from = seed.decode().env_from = {R"({"secretRef":{"name":"x"}})"};
  for (int i = 0;; ++i) {
    Fixture more = seed;
    add(i, &more);
    if (IsTooLarge(more)) return seed;
    seed = std::move(more);
  }
}

TEST(Sizes, TheLargestDeploymentFitsEtcd) {
  const struct {
    const char* sentence;
    std::function<void(int, Fixture*)> add;
  } cases[] = {
      {"long variables of all",
       [](int i, Fixture* seed) {
         seed->deployment.spec.engine_env.push_back(
             {"V" + std::to_string(i), std::string(4000, 'x'), ""});
       }},
      {"short variables of a role",
       [](int i, Fixture* seed) {
         for (int j = 0; j < 50; ++j) {
           seed->decode().env.push_back({std::to_string(i) + "_" + std::to_string(j), "", ""});
         }
       }},
      {"control characters",
       [](int i, Fixture* seed) {
         seed->prefill().env.push_back({"V" + std::to_string(i), std::string(800, '\x01'), ""});
       }},
      {"sources of variables",
       [](int i, Fixture* seed) {
         seed->decode().env_from.push_back(R"({"secretRef":{"name":")" + std::string(1000, 'x') +
                                           std::to_string(i) + R"("}})");
       }},
      {"dollars, which are doubled",
       [](int i, Fixture* seed) {
         seed->deployment.spec.engine_args["a" + std::to_string(i)] = Text(std::string(1000, '$'));
       }},
      {"a flag given many times",
       [](int i, Fixture* seed) {
         seed->decode().args[std::string(100, 'f') + std::to_string(i)] = {
             .kind = api::ArgValue::Kind::kRepeat,
             .flag = false,
             .texts = std::vector<std::string>(20, "")};
       }},
      {"arguments of the router",
       [](int i, Fixture* seed) {
         seed->deployment.spec.router.args["a" + std::to_string(i)] = Text(std::string(1000, 'x'));
       }},
      {"tolerations",
       [](int i, Fixture* seed) {
         seed->deployment.spec.placement.tolerations.push_back(
             R"({"key":")" + std::string(1000, 'x') + std::to_string(i) + R"("})");
       }},
      {"templates of all",
       [](int i, Fixture* seed) {
         const std::string key = "a" + std::to_string(i);
         seed->prefill().pod_template.labels[key] = std::string(60, 'x');
         seed->decode().pod_template.annotations[key] = std::string(1000, '"');
         seed->deployment.spec.router.pod_template.spec =
             R"({"volumes":[{"name":"a","csi":{"driver":")" +
             std::string(1000 * static_cast<std::size_t>(i), 'x') + R"("}}]})";
       }},
      {"variables and annotations of the class",
       [](int i, Fixture* seed) {
         seed->accelerator.env.push_back({"V" + std::to_string(i), std::string(1000, 'x'), ""});
         seed->accelerator.annotations["a" + std::to_string(i)] = std::string(1000, 'x');
       }},
  };
  Fixture over_nodes = Seed();
  over_nodes.prefill().parallelism = over_nodes.decode().parallelism = {.tensor = 16};
  for (const auto& c : cases) {
    for (const Fixture& start : {Seed(), over_nodes}) {
      const Fixture seed = Filled(start, c.add);
      const Revision revision = seed.Make();
      EXPECT_LT(ToControllerRevision(revision, seed.deployment).dump().size(), kLargest)
          << c.sentence;
      for (const auto& [name, role] : revision.rendered["roles"].items()) {
        for (const json& pods : role["pods"]) {
          EXPECT_LT(pods["template"].dump().size(), kLargest / 2) << c.sentence << ", " << name;
        }
      }
    }
  }
}

}  // namespace
}  // namespace disagg::render
