#include "controllers/reconcile/executor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "controllers/api/labels.h"
#include "tests/unit/reconcile/fake_cluster.h"

namespace disagg::reconcile {
namespace {

using planning::Verb;
using runtime::Json;
using runtime::Refusal;
using Answer = FakeCluster::Answer;
using Names = std::set<std::string>;

// Every answer that a write can get. `says` is the reason of the error that it stands for.
struct WriteAnswer {
  std::string name;
  Answer answer;
  std::string says;
};

std::vector<WriteAnswer> AllAnswers() {
  const std::string html = "<html>proxy</html>";
  return {
      {"ok", Json(200, PodJson(kUid, "owner")), ""},
      {"html 200", Answer(transport::Response{200, {}, html}), "InvalidAnswer"},
      {"302", Answer(transport::Response{302, {}, html}), "Http302"},
      {"400", Refusal(400, "BadRequest"), "BadRequest"},
      {"401", Refusal(401, "Unauthorized"), "Unauthorized"},
      {"403 right",
       Refusal(403, "Forbidden", R"(pods is forbidden: User \"x\" cannot create resource)"),
       "Forbidden"},
      {"403 policy",
       Refusal(403, "Forbidden", "pods m3 is forbidden: violates PodSecurity baseline"),
       "Forbidden"},
      {"403 quota", Refusal(403, "Forbidden", "pods m3 is forbidden: exceeded quota: gpus"),
       "QuotaExceeded"},
      {"404", NotFound(), "NotFound"},
      {"html 404", Answer(transport::Response{404, {}, html}), "Http404"},
      {"405", Refusal(405, "MethodNotAllowed"), "MethodNotAllowed"},
      {"408", Refusal(408, "Timeout"), "Timeout"},
      {"409 exists", Refusal(409, "AlreadyExists"), "AlreadyExists"},
      {"409 conflict", Refusal(409, "Conflict"), "Conflict"},
      {"410", Refusal(410, "Gone"), "Gone"},
      {"413", Refusal(413, "RequestEntityTooLarge"), "TooLarge"},
      {"415", Refusal(415, "UnsupportedMediaType"), "UnsupportedMediaType"},
      {"422", Refusal(422, "Invalid"), "Invalid"},
      {"429", Refusal(429, "TooManyRequests"), "TooManyRequests"},
      {"500", Refusal(500, "InternalError"), "InternalError"},
      {"502", Answer(transport::Response{502, {}, html}), "Http502"},
      {"503", Refusal(503, "ServiceUnavailable"), "ServiceUnavailable"},
      {"504", Refusal(504, "Timeout"), "Timeout"},
      {"cut",
       [] {
         base::Error error = base::MakeError(base::ErrorCode::kConnection, "Cut", "cut");
         error.outcome_unknown = true;
         return Answer(error);
       }(),
       "Cut"},
  };
}

// Every standing that a look at the object can show.
std::map<std::string, Answer> AllStandings() {
  const auto foreign = nlohmann::json::parse(R"({"labels": {"disagg.dev/deployment": null}})");
  return {
      {"absent", NotFound()},
      {"html 404", Answer(transport::Response{404, {}, "<html>"})},
      {"no answer", Refusal(503, "ServiceUnavailable")},
      {"ours", Json(200, PodJson(kUid, "owner"))},
      {"ours, another", Json(200, PodJson("u-2", "owner"))},
      {"ending",
       Json(200, PodJson(kUid, "owner", "m3", {{"deletionTimestamp", "2026-11-24T10:00:00Z"}}))},
      {"predecessor's", Json(200, PodJson("u-3", "owner-before"))},
      {"orphaned", Json(200, PodJson("u-4", ""))},
      {"foreign", Json(200, PodJson("u-5", "", "m3", foreign))},
  };
}

// What the executor makes of it. "the answer": failed with what the answer says.
struct Row {
  std::string rule;
  Verb verb;
  Names answers, standings;  // empty: all that no row above names
  std::string expected;
};

const Names kUnknown{"html 200", "500", "502", "503", "504", "cut"};
const Names kClaims{"404", "html 404", "409 exists", "409 conflict", "410", "422"};
const Names kClaimsOfDelete{"404", "html 404", "409 exists", "409 conflict", "410"};
const Names kNoLook{"html 404", "no answer"};
const Names kNotThatUid{"absent", "ours, another", "predecessor's", "orphaned", "foreign"};

Names With(Names names, const std::string& name) {
  names.insert(name);
  return names;
}

std::vector<Row> Table() {
  const Names look = With(kUnknown, "409 exists");
  return {
      {"a create that was answered well is done", Verb::kCreate, {"ok"}, {}, "done"},
      {"a create that may have happened is done when a look shows an object of ours",
       Verb::kCreate,
       look,
       {"ours", "ours, another"},
       "done"},
      {"the name of an object of ours that is ending is free soon",
       Verb::kCreate,
       look,
       {"ending"},
       "failed BeingDeleted"},
      {"an object of a deleted owner of the same name is no stranger's",
       Verb::kCreate,
       look,
       {"predecessor's"},
       "failed PreviousOwner"},
      {"an orphan is told as what it is", Verb::kCreate, look, {"orphaned"}, "failed Leftover"},
      {"an object of somebody else is never adopted",
       Verb::kCreate,
       look,
       {"foreign"},
       "failed NameConflict"},
      {"everything else is what the answer says", Verb::kCreate, {}, {}, "the answer"},

      {"an apply that was answered well is done", Verb::kApply, {"ok"}, {}, "done"},
      {"fields of others that make ours invalid are replaced",
       Verb::kApply,
       {"422"},
       {"ours", "ours, another"},
       "done"},
      {"everything else is what the answer says", Verb::kApply, {}, {}, "the answer"},

      {"a delete that was answered well waits for its event", Verb::kDelete, {"ok"}, {}, "gone"},
      {"that it is gone is believed when a look agrees", Verb::kDelete, kClaims, kNotThatUid,
       "gone"},
      {"that it is gone is not believed while it is there",
       Verb::kDelete,
       kClaimsOfDelete,
       {"ours", "ending"},
       "failed NotDeleted"},
      {"everything else is what the answer says", Verb::kDelete, {}, {}, "the answer"},

      {"a merge patch that was answered well is done", Verb::kMergePatch, {"ok"}, {}, "done"},
      {"there is nothing to patch when it is gone", Verb::kMergePatch, kClaims, kNotThatUid,
       "gone"},
      {"everything else is what the answer says", Verb::kMergePatch, {}, {}, "the answer"},

      {"a dry run that is accepted is done", Verb::kDryRun, {"ok", "409 exists"}, {}, "done"},
      {"only an answer about the object is a refusal",
       Verb::kDryRun,
       {"400", "403 policy", "422"},
       {},
       "refused"},
      {"everything else is what the answer says", Verb::kDryRun, {}, {}, "the answer"},
  };
}

const Row& RowOf(const std::vector<Row>& table, Verb verb, const std::string& answer,
                 const std::string& standing) {
  return *std::find_if(table.begin(), table.end(), [&](const Row& row) {
    return row.verb == verb && (row.answers.empty() || row.answers.contains(answer)) &&
           (row.standings.empty() || row.standings.contains(standing));
  });
}

TEST(Executor, DoesForEveryVerbEveryAnswerAndEveryStandingWhatTheTableSays) {
  const std::vector<Row> table = Table();
  for (const Verb verb :
       {Verb::kCreate, Verb::kApply, Verb::kMergePatch, Verb::kDelete, Verb::kDryRun}) {
    for (const WriteAnswer& answer : AllAnswers()) {
      for (const auto& [standing, shown] : AllStandings()) {
        FakeCluster cluster;
        cluster.Shows("", shown);
        cluster.Answers("", answer.answer);
        // The second request on behalf of an apply.
        if (verb == Verb::kApply) cluster.Answers("PATCH merge", AllAnswers().front().answer);
        // A delete is answered with what it left behind: nothing.
        if (verb == Verb::kDelete && answer.name == "ok") {
          cluster.Answers("DELETE", Json(200, R"({"kind":"Status","status":"Success"})"));
        }
        const Row& row = RowOf(table, verb, answer.name, standing);
        const std::string expected =
            row.expected == "the answer" ? "failed " + answer.says : row.expected;
        EXPECT_EQ(cluster.Try(WriteOf(verb)), expected)
            << row.rule << "\nverb " << static_cast<int>(verb) << ", answer " << answer.name
            << ", the look shows: " << standing;
      }
    }
  }
}

TEST(Executor, LooksOnlyWhereAnAnswerLeavesSomethingOpen) {
  struct Case {
    std::string rule;
    Verb verb;
    Answer answer;
    std::vector<std::string> requests;
  };
  const std::vector<Case> cases = {
      {"what was answered well is not looked at",
       Verb::kCreate,
       Json(201, PodJson(kUid, "owner")),
       {"POST"}},
      {"a refusal is not looked at", Verb::kCreate, Refusal(422, "Invalid"), {"POST"}},
      {"an unknown outcome is", Verb::kCreate, Refusal(503, "ServiceUnavailable"), {"POST", "GET"}},
      {"a deletion that is answered 404 is", Verb::kDelete, NotFound(), {"DELETE", "GET"}},
      {"a busy server is left alone", Verb::kDelete, Refusal(429, "TooManyRequests"), {"DELETE"}},
  };
  for (const Case& test : cases) {
    FakeCluster cluster;
    cluster.Answers("", test.answer);
    cluster.Try(WriteOf(test.verb));
    EXPECT_EQ(cluster.Requests(), test.requests) << test.rule;
  }
}

TEST(Executor, GivesADamagedRevisionItsMetadataBack) {
  planning::Write write = WriteOf(Verb::kCreate);
  write.resource = kube::kControllerRevisions;
  write.body["metadata"]["annotations"] = {{"disagg.dev/roles", "{}"}};
  for (const bool damaged : {true, false}) {
    nlohmann::json metadata = nlohmann::json::object();
    if (!damaged) metadata["annotations"] = write.body["metadata"]["annotations"];
    FakeCluster cluster;
    cluster.Shows("", Json(200, PodJson(kUid, "owner", "m3", metadata)));
    cluster.Answers("POST", Refusal(409, "AlreadyExists"));
    cluster.Answers("PATCH merge", Json(200, PodJson(kUid, "owner")));
    EXPECT_EQ(cluster.Try(write), "done");
    EXPECT_EQ(cluster.CountOf("PATCH merge"), damaged ? 1u : 0u);
  }
}

planning::Write FirstApply() {
  planning::Write write = WriteOf(Verb::kApply);
  write.uid.clear();
  return write;
}

TEST(Executor, LooksAtANameThatIsTakenBeforeItAppliesToIt) {
  struct Case {
    std::string standing, expected;
  };
  for (const Case& test : std::vector<Case>{{"absent", "done"},
                                            {"html 404", "failed Http404"},
                                            {"no answer", "failed ServiceUnavailable"},
                                            {"ours", "done"},
                                            {"ending", "failed BeingDeleted"},
                                            {"predecessor's", "failed PreviousOwner"},
                                            {"orphaned", "failed Leftover"},
                                            {"foreign", "failed NameConflict"}}) {
    for (const char* taken : {"Conflict", "AlreadyExists"}) {
      FakeCluster cluster;
      cluster.Shows("", AllStandings().at(test.standing));
      cluster.Answers("PATCH first apply", Refusal(409, taken));
      cluster.Answers("PATCH apply", Json(200, PodJson(kUid, "owner")));
      EXPECT_EQ(cluster.Try(FirstApply()), test.expected) << test.standing;
      EXPECT_EQ(cluster.CountOf("PATCH apply"), test.expected == "done" ? 1U : 0U) << test.standing;
    }
  }
}

TEST(Executor, LooksAtNoNameThatIsFree) {
  FakeCluster cluster;
  cluster.Answers("PATCH first apply", Json(200, PodJson(kUid, "owner")));
  EXPECT_EQ(cluster.Try(FirstApply()), "done");
  EXPECT_EQ(cluster.Requests(), std::vector<std::string>{"PATCH first apply"});
}

TEST(Executor, TellsWhyAFirstApplyFails) {
  for (const WriteAnswer& answer : AllAnswers()) {
    if (answer.says.empty() || answer.name.starts_with("409")) continue;
    FakeCluster cluster;
    cluster.Answers("PATCH first apply", answer.answer);
    EXPECT_EQ(cluster.Try(FirstApply()), "failed " + answer.says) << answer.name;
  }
}

TEST(Executor, DeletesBecauseOfAnAbsenceOnlyWhenTheServerConfirmsIt) {
  struct Case {
    std::string rule, uid;
    Answer node;
    std::string expected;
  };
  const auto node = [](const std::string& uid) {
    return Json(200, R"({"kind":"Node","metadata":{"name":"b200-3","uid":")" + uid + "\"}}");
  };
  const std::vector<Case> cases = {
      {"not found", "", NotFound(), "gone"},
      {"another of that name, where the UID is known", "n-1", node("n-2"), "gone"},
      {"it is there", "", node("n-2"), "failed StillThere"},
      {"it is there, and the one that is meant", "n-1", node("n-1"), "failed StillThere"},
      {"forbidden", "", Refusal(403, "Forbidden", "cannot get"), "failed Forbidden"},
      {"a proxy's 404", "", Answer(transport::Response{404, {}, "<html>"}), "failed Http404"},
      {"no answer", "", Refusal(503, "ServiceUnavailable"), "failed ServiceUnavailable"},
  };
  for (const Case& test : cases) {
    FakeCluster cluster;
    cluster.Shows("/nodes/b200-3", test.node);
    cluster.Answers("", Json(200, R"({"kind":"Status","status":"Success"})"));
    planning::Write write = WriteOf(Verb::kDelete);
    write.because_absent = planning::Absence{kube::kNodes, {"", "b200-3"}, test.uid};
    EXPECT_EQ(cluster.Try(write), test.expected) << test.rule;
    EXPECT_EQ(cluster.CountOf("DELETE"), test.expected == "gone" ? 1U : 0U) << test.rule;
  }
}

TEST(Executor, AsksOnceForWhatManyDeletionsStandOn) {
  FakeCluster cluster;
  cluster.Answers("", Json(200, R"({"kind":"Status","status":"Success"})"));
  std::vector<planning::Write> writes;
  for (int i = 0; i < 8; ++i) {
    planning::Write write = WriteOf(Verb::kDelete);
    write.uid += std::to_string(i);
    write.because_absent = planning::Absence{kube::kNodes, {"", "b200-3"}, ""};
    writes.push_back(write);
  }
  EXPECT_TRUE(cluster.Execute(writes).failed.empty());
  EXPECT_EQ(cluster.CountOf("GET"), 1U);
  EXPECT_EQ(cluster.CountOf("DELETE"), 8U);
}

TEST(Executor, LooksForARankThatTheCacheDoesNotShow) {
  FakeCluster cluster;
  cluster.Shows("", Json(200, PodJson("u-rank", "owner")));
  planning::Write write = WriteOf(Verb::kDelete);
  write.because_absent = planning::Absence{kube::kPods, write.key, ""};
  EXPECT_EQ(cluster.Try(write), "failed StillThere");
  EXPECT_TRUE(cluster.lost->Holds("owner", "u-rank"));
}

nlohmann::json Unlabelled() {
  return nlohmann::json::parse(R"({"labels": {"disagg.dev/deployment": null}})");
}

TEST(Executor, GivesTheLabelsBackOfAnObjectWhoseNameIsTakenByItself) {
  FakeCluster cluster;
  cluster.Answers("POST", Refusal(409, "AlreadyExists"));
  cluster.Shows("", Json(200, PodJson(kUid, "owner", "m3", Unlabelled())));
  cluster.Answers("PATCH merge", Json(200, PodJson(kUid, "owner")));
  EXPECT_EQ(cluster.Try(WriteOf(Verb::kCreate)), "done");
  EXPECT_EQ(cluster.Requests(), (std::vector<std::string>{"POST", "GET", "PATCH merge"}));
}

TEST(Executor, RemembersAPodThatWasStoredWithoutItsLabels) {
  FakeCluster cluster;
  cluster.Answers("POST", Json(201, PodJson(kUid, "owner", "m3", Unlabelled())));
  EXPECT_EQ(cluster.Try(WriteOf(Verb::kCreate)), "done");
  EXPECT_TRUE(cluster.lost->Holds("owner", kUid));
}

TEST(Executor, TellsOfLabelsThatThisClusterTakesAway) {
  FakeCluster cluster;
  cluster.Answers("PATCH merge", Json(200, PodJson(kUid, "owner", "m3", Unlabelled())));
  EXPECT_EQ(cluster.Try(WriteOf(Verb::kMergePatch)), "failed LabelsRemoved");
}

TEST(Executor, DropsALostChildThatIsGone) {
  FakeCluster cluster;
  cluster.lost->Suspect("owner", kube::kPods, {"serving", "m3-decode-r-0-1"}, kUid);
  cluster.Answers("DELETE", NotFound());
  cluster.Try(WriteOf(Verb::kDelete));
  EXPECT_FALSE(cluster.lost->Holds("owner", kUid));
}

TEST(Executor, WaitsForAnAccountThatAdmissionDoesNotSeeYet) {
  for (const Verb verb : {Verb::kCreate, Verb::kDryRun}) {
    FakeCluster cluster;
    cluster.Answers("", Refusal(403, "Forbidden",
                                "error looking up service account serving/m3-workers: "
                                "serviceaccount m3-workers not found"));
    EXPECT_EQ(cluster.Try(WriteOf(verb)), "failed AccountNotReady");
  }
}

TEST(Executor, KeepsWhatRunsWholeWhileDryRunsGetNoAnswer) {
  for (const auto gate : {planning::Gate::kIfAccepted, planning::Gate::kIfRefused}) {
    FakeCluster cluster;
    cluster.Answers("", Refusal(429, "TooManyRequests"));
    planning::Write pod = WriteOf(Verb::kCreate);
    pod.gate = gate;
    EXPECT_FALSE(cluster.Execute({WriteOf(Verb::kDryRun), pod}).accepted());
    EXPECT_EQ(cluster.CountOf("POST"), gate == planning::Gate::kIfRefused ? 1U : 0U);
  }
}

TEST(Executor, RepeatsNoRefusedDryRunAtEveryEvent) {
  FakeCluster cluster;
  cluster.Answers("", Refusal(422, "Invalid"));
  for (int pass = 0; pass < 20; ++pass) {
    const planning::Outcome outcome = cluster.Execute({WriteOf(Verb::kDryRun)});
    EXPECT_NE(outcome.refusal.find("refused by this cluster"), std::string::npos);
    cluster.clock.Advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(cluster.CountOf("POST dry"), 1U);
  cluster.clock.Advance(std::chrono::seconds(15));
  cluster.Answers("", Json(201, PodJson(kUid, "owner")));
  EXPECT_TRUE(cluster.Execute({WriteOf(Verb::kDryRun)}).refusal.empty());
}

TEST(Executor, RepeatsNoAcceptedDryRunWhileWhatItAllowsFails) {
  FakeCluster cluster;
  cluster.Answers("POST dry", Json(201, PodJson(kUid, "owner")));
  cluster.Answers("POST", Refusal(429, "TooManyRequests"));
  planning::Write pod = WriteOf(Verb::kCreate);
  pod.gate = planning::Gate::kIfAccepted;
  for (int pass = 0; pass < 50; ++pass) {
    cluster.Execute({WriteOf(Verb::kDryRun), pod});
    cluster.clock.Advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(cluster.CountOf("POST dry"), 1U);
  EXPECT_GT(cluster.CountOf("POST"), 3U);
}

TEST(Executor, AsksAnewWhenTheBodyOfADryRunIsAnother) {
  FakeCluster cluster;
  cluster.Answers("", Refusal(422, "Invalid"));
  planning::Write write = WriteOf(Verb::kDryRun);
  cluster.Execute({write});
  write.body["spec"]["priority"] = 1;
  cluster.Execute({write});
  EXPECT_EQ(cluster.CountOf("POST dry"), 2U);
}

}  // namespace
}  // namespace disagg::reconcile
