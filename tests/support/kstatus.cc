#include "tests/support/kstatus.h"

#include <gtest/gtest.h>

#include "tests/support/cluster.h"

namespace disagg::testing {

Judgement Kstatus(const nlohmann::json& object) {
  const CommandResult judged = RunCommand({LocalClusterProgram(), "kstatus"}, object.dump());
  EXPECT_EQ(judged.exit_code, 0) << judged.err;
  const std::string line = judged.out.substr(0, judged.out.find('\n'));
  const std::size_t space = line.find(' ');
  if (space == std::string::npos) return {line, ""};
  return {line.substr(0, space), line.substr(space + 1)};
}

}  // namespace disagg::testing
