// Every golden case and every example renders to what is checked in. UPDATE_GOLDEN=1 writes it
// anew.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "tests/golden/case.h"
#include "tests/golden/yaml.h"

namespace golden {
namespace {

namespace fs = std::filesystem;

const fs::path kSource(DISAGG_SOURCE_DIR);

struct Folders {
  std::string name;
  fs::path input, expected;
};

void PrintTo(const Folders& folders, std::ostream* out) { *out << folders.name; }

std::vector<fs::path> FoldersIn(const fs::path& parent) {
  std::vector<fs::path> folders;
  if (!fs::exists(parent)) return folders;
  for (const auto& entry : fs::directory_iterator(parent)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::vector<Folders> AllCases() {
  const fs::path golden = kSource / "tests" / "golden";
  std::vector<Folders> cases;
  for (const fs::path& folder : FoldersIn(golden)) {
    if (fs::exists(folder / "input")) {
      cases.push_back({folder.filename(), folder / "input", folder / "expected"});
    }
  }
  for (const fs::path& folder : FoldersIn(kSource / "examples")) {
    const std::string name = folder.filename();
    if (!LoadCase(folder).deployments.empty()) {
      cases.push_back({"example-" + name, folder, golden / "examples" / name});
    }
  }
  return cases;
}

// Classes that a case does not define are the chart's.
Case Load(const fs::path& input) {
  Case loaded = LoadCase(input);
  for (auto& type : LoadCase(kSource / "charts/disagg-operator/files/classes").catalogue.classes) {
    loaded.catalogue.classes.push_back(std::move(type));
  }
  return loaded;
}

void Write(const fs::path& folder, const std::map<std::string, nlohmann::json>& objects) {
  fs::remove_all(folder);
  fs::create_directories(folder);
  for (const auto& [name, object] : objects) std::ofstream(folder / name) << ToYaml(object);
}

class GoldenTest : public testing::TestWithParam<Folders> {};

TEST_P(GoldenTest, RendersToWhatIsCheckedIn) {
  const Folders& folders = GetParam();
  const Rendered rendered = RenderCase(Load(folders.input));
  EXPECT_EQ(rendered.errors, std::vector<std::string>());
  if (std::getenv("UPDATE_GOLDEN") != nullptr) Write(folders.expected, rendered.objects);
  for (const auto& [name, object] : rendered.objects) {
    EXPECT_EQ(ToYaml(object), ReadFile(folders.expected / name))
        << name << " (UPDATE_GOLDEN=1 writes it; where released inputs now make another template, "
        << "kRenderEpoch has to rise with it)";
  }
  ASSERT_TRUE(fs::exists(folders.expected));
  for (const auto& entry : fs::directory_iterator(folders.expected)) {
    EXPECT_TRUE(rendered.objects.contains(entry.path().filename())) << entry.path();
  }
}

std::string CaseName(const testing::TestParamInfo<Folders>& info) {
  std::string name = info.param.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenTest, testing::ValuesIn(AllCases()), CaseName);

TEST(Yaml, ComesBackAsItWas) {
  for (const Folders& folders : AllCases()) {
    for (const auto& [name, object] : RenderCase(Load(folders.input)).objects) {
      EXPECT_EQ(ParseYaml(ToYaml(object)), std::vector<nlohmann::json>{object}) << name;
    }
  }
}

}  // namespace
}  // namespace golden
