#include "controllers/reconcile/troubles.h"

#include <gtest/gtest.h>

#include "tests/unit/reconcile/fake_cluster.h"

namespace disagg::reconcile {
namespace {

using planning::Trouble;

const auto kAllTried = [](const Trouble&) { return false; };

Trouble TroubleAbout(const std::string& what, const std::string& message = "webhook is dead") {
  return TroubleOf(what, base::MakeError(base::ErrorCode::kUnavailable, "InternalError", message));
}

std::vector<std::string> Described(const Troubles& troubles) {
  std::vector<std::string> texts;
  for (const Trouble& trouble : troubles.Of("owner")) {
    texts.push_back(trouble.what + " since " + std::to_string(trouble.since) + ": " +
                    trouble.message);
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Troubles, KeepTheTimeOfTheFirstFailureAndTheLatestWords) {
  Troubles troubles;
  troubles.Settle("owner", {TroubleAbout("create Pod a")}, kAllTried, 100);
  troubles.Settle("owner", {TroubleAbout("create Pod a", "refused")}, kAllTried, 130);
  EXPECT_EQ(Described(troubles), Texts{"create Pod a since 100: refused"});
}

TEST(Troubles, AreOverWithTheFirstSuccess) {
  Troubles troubles;
  troubles.Settle("owner", {TroubleAbout("create Pod a"), TroubleAbout("create Pod b")}, kAllTried,
                  100);
  troubles.Settle("owner", {TroubleAbout("create Pod b")}, kAllTried, 110);
  EXPECT_EQ(Described(troubles), Texts{"create Pod b since 100: webhook is dead"});
  troubles.Settle("owner", {}, kAllTried, 120);
  EXPECT_EQ(Described(troubles), Texts{});
}

TEST(Troubles, StandWhileAPassDoesNotComeToTryThemAgain) {
  Troubles troubles;
  troubles.Settle("owner", {TroubleAbout("create Pod a")}, kAllTried, 100);
  const auto untried = [](const Trouble& trouble) { return trouble.what == "create Pod a"; };
  troubles.Settle("owner", {TroubleAbout("dry-run Pod a")}, untried, 110);
  EXPECT_EQ(Described(troubles), (Texts{"create Pod a since 100: webhook is dead",
                                        "dry-run Pod a since 110: webhook is dead"}));
}

TEST(Troubles, AreOfOneObject) {
  Troubles troubles;
  troubles.Settle("owner", {TroubleAbout("create Pod a")}, kAllTried, 100);
  troubles.Settle("other", {}, kAllTried, 100);
  EXPECT_EQ(Described(troubles).size(), 1U);
  troubles.Forget("owner");
  EXPECT_EQ(Described(troubles), Texts{});
}

TEST(TroubleOf, NamesThePodAndItsRole) {
  planning::Write write = WriteOf(planning::Verb::kCreate);
  write.body["metadata"]["labels"]["disagg.dev/role"] = "decode";
  const Trouble trouble =
      TroubleOf(write, base::MakeError(base::ErrorCode::kInvalid, "Invalid", "bad"), {});
  EXPECT_EQ(trouble.what, "create Pod m3-decode-r-0-1");
  EXPECT_EQ(trouble.role, "decode");
  EXPECT_EQ(trouble.pod, "m3-decode-r-0-1");
  EXPECT_FALSE(trouble.retryable);
}

}  // namespace
}  // namespace disagg::reconcile
