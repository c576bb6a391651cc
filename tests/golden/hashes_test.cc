// Hashes of a spec name running pods: hashes.txt may grow, but no line of it may ever change. A new
// spec goes into hashes/, and its line is what the failing test prints.

#include <filesystem>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "controllers/render/canonical.h"
#include "controllers/render/revision.h"
#include "tests/golden/case.h"

namespace golden {
namespace {

namespace fs = std::filesystem;
namespace render = disagg::render;

const fs::path kFolder = fs::path(DISAGG_SOURCE_DIR) / "tests" / "golden";

// Inputs as the first release stored them: a raised render epoch is meant to change role revisions.
nlohmann::json WithFirstEpoch(nlohmann::json inputs) {
  for (auto& [name, role] : inputs["roles"].items()) role["renderEpoch"] = 1;
  inputs["router"]["renderEpoch"] = 1;
  return inputs;
}

// "<spec> <hash> <contract> <router> <role>=<hash> ... contract=<name> inputs=<hash>"
std::string LineOf(const std::string& name, const Case& loaded) {
  const auto& deployment = *loaded.deployments.at(0);
  const auto resolution = disagg::api::Resolve(deployment, loaded.catalogue, {});
  const render::SpecHashes hashes = render::HashSpec(deployment);
  const auto revision = render::MakeRevision(deployment, resolution, nullptr, {}, 1);
  std::ostringstream line;
  line << name << " " << hashes.spec << " " << hashes.contract << " "
       << hashes.roles.at(disagg::api::RoleName::kRouter);
  for (const auto& [role, hash] : hashes.roles) {
    if (disagg::api::IsWorker(role)) line << " " << disagg::api::ToString(role) << "=" << hash;
  }
  line << " contract=" << revision.identity.contract
       << " inputs=" << render::LongHashOf(WithFirstEpoch(revision.inputs));
  return line.str();
}

std::map<std::string, std::string> CheckedInLines() {
  std::map<std::string, std::string> lines;
  std::istringstream text(ReadFile(kFolder / "hashes.txt"));
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line[0] != '#') lines[line.substr(0, line.find(' '))] = line;
  }
  return lines;
}

TEST(Hashes, OfEverySpecAreWhatTheyHaveAlwaysBeen) {
  auto lines = CheckedInLines();
  for (const auto& entry : fs::directory_iterator(kFolder / "hashes")) {
    const std::string name = entry.path().stem();
    if (name == "catalogue") continue;
    Case loaded;
    LoadFile(kFolder / "hashes" / "catalogue.yaml", &loaded);
    LoadFile(entry.path(), &loaded);
    ASSERT_EQ(loaded.errors, std::vector<std::string>());
    EXPECT_EQ(LineOf(name, loaded), lines[name]);
    lines.erase(name);
  }
  EXPECT_TRUE(lines.empty()) << "no spec for " << lines.begin()->first;
}

}  // namespace
}  // namespace golden
