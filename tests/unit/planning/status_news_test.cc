#include "controllers/planning/status_news.h"

#include <gtest/gtest.h>

#include <string>

#include <nlohmann/json.hpp>

namespace disagg::planning {
namespace {

using nlohmann::json;

json Starting() {
  return json::parse(R"({
    "observedGeneration": 1, "targetRevision": "r1",
    "roles": [{"role": "prefill", "desired": 4, "created": 0, "scheduled": 0, "ready": 0, "updated": 0}],
    "summary": {"prefill": "0/4", "gpus": "0/4", "reason": "Starting", "message": "0 of 4 can serve"},
    "conditions": [
      {"type": "Ready", "status": "False", "reason": "NoPrefillRoutable", "message": "0 of 4"},
      {"type": "Reconciling", "status": "True", "reason": "Progressing", "message": "0 of 4"},
      {"type": "RouterReady", "status": "False", "reason": "NoRouterReady", "message": "0 of 1"},
      {"type": "Scheduled", "status": "False", "reason": "Starting", "message": "not every"},
      {"type": "Stalled", "status": "True", "reason": "NameConflict", "message": "a"}]})");
}

TEST(StatusNews, AreMoreThanHowFarPodsHaveCome) {
  struct Case {
    const char* sentence;
    json changes;  // a JSON patch
    bool news;
  };
  const auto replace = [](const char* path, const json& value) {
    return json::array({{{"op", "replace"}, {"path", path}, {"value", value}}});
  };
  const auto add = [](const char* path, const json& value) {
    return json::array({{{"op", "add"}, {"path", path}, {"value", value}}});
  };
  for (const Case& c : {
           Case{"the same again is none", json::array(), false},
           Case{"a pod that was created is none", replace("/roles/0/created", 4), false},
           Case{"a pod that was bound is none", replace("/roles/0/scheduled", 4), false},
           Case{"a pod that is ready is none", replace("/roles/0/ready", 4), false},
           Case{"a column is none", replace("/summary/prefill", "4/4"), false},
           Case{"a sentence with counts is none", replace("/conditions/0/message", "4 of 4"),
                false},
           Case{"what is waited for next is none", replace("/conditions/0/reason", "NoRouterReady"),
                false},
           Case{"that all pods have nodes is none", replace("/conditions/3/status", "True"), false},
           Case{"that a router is ready is none", replace("/conditions/2/status", "True"), false},
           Case{"that it serves is", replace("/conditions/0/status", "True"), true},
           Case{"that nothing goes on any more is", replace("/conditions/4/reason", "Other"), true},
           Case{"other words for it are", replace("/conditions/4/message", "b"), true},
           Case{"another reason to go on is", replace("/conditions/1/reason", "RollingOut"), true},
           Case{"a problem is", add("/problems", {{{"reason", "QuotaExceeded"}}}), true},
           Case{"another number of replicas is", replace("/roles/0/desired", 5), true},
           Case{"a spec that was seen is", replace("/observedGeneration", 2), true},
           Case{"a revision is", replace("/targetRevision", "r2"), true},
       }) {
    EXPECT_EQ(IsNews(Starting(), Starting().patch(c.changes)), c.news) << c.sentence;
  }
}

TEST(StatusNews, AreNotThatTheFirstSpecWasAccepted) {
  json before = Starting();
  before.erase("targetRevision");
  before["roles"][0]["desired"] = 0;
  EXPECT_FALSE(IsNews(before, Starting()));
  json refused = before;
  refused["problems"] = {{{"reason", "QuotaExceeded"}}};
  EXPECT_TRUE(IsNews(before, refused));
}

TEST(StatusNews, AreTheFirstStatus) { EXPECT_TRUE(IsNews(json::object(), Starting())); }

}  // namespace
}  // namespace disagg::planning
