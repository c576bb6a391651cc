#include <malloc.h>

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/base/clock.h"
#include "tests/unit/kube/decoding.h"
#include "tests/unit/kube/pod_text.h"

namespace kube {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(PodDecoder, ReadsMetadata) {
  const auto pod = DecodeAs<Pod>(PodDecoder({}), ServingPodJson("m3-0"));
  ASSERT_NE(pod, nullptr);
  const ObjectMeta& meta = pod->meta;
  EXPECT_EQ(meta.key().ToString(), "serving/m3-0");
  EXPECT_EQ(meta.uid, "0f5f0b6e-6a3c-4f0f-9d31-2b6e0e6b8f11");
  EXPECT_EQ(meta.resource_version, "184467");
  EXPECT_EQ(meta.generation, 1);
  EXPECT_EQ(base::FormatTime(meta.creation_time), "2026-11-24T10:25:02Z");
  EXPECT_FALSE(meta.deleting());
  EXPECT_EQ(meta.label("disagg.dev/role"), "decode");
  EXPECT_EQ(meta.label("no such label"), "");
  EXPECT_EQ(meta.annotation("disagg.dev/incarnation"), "2");
  EXPECT_EQ(meta.controller_uid, "c0ffee00-0000-4000-8000-000000000001") << "not the first owner";
  EXPECT_EQ(meta.controller_group, "disagg.dev");
  EXPECT_EQ(meta.controller_kind, "DisaggDeployment");
  EXPECT_EQ(meta.controller_name, "minimax-m3");
}

TEST(PodDecoder, ReadsWhereAndHowItRuns) {
  const auto pod = DecodeAs<Pod>(PodDecoder({}), ServingPodJson("m3-0"));
  ASSERT_NE(pod, nullptr);
  EXPECT_EQ(pod->node_name, "b200-3");
  EXPECT_EQ(pod->phase, PodPhase::kRunning);
  EXPECT_TRUE(pod->ready);
  EXPECT_EQ(base::FormatTime(pod->ready_since), "2026-11-24T10:27:00Z");
  EXPECT_TRUE(pod->scheduled);
  EXPECT_EQ(pod->unschedulable_message, "");
}

TEST(PodDecoder, AddsUpExtendedResourcesOfContainers) {
  const auto pod = DecodeAs<Pod>(PodDecoder({}), ServingPodJson("m3-0"));
  ASSERT_NE(pod, nullptr);
  // Limits count where there is no request; native resources and names under kubernetes.io never
  // do.
  EXPECT_THAT(pod->extended_resources, ElementsAre(Pair("nvidia.com/gpu", 9), Pair("rdma/ib", 1)));
}

TEST(PodDecoder, ReadsContainerStates) {
  const auto pod = DecodeAs<Pod>(PodDecoder({}), ServingPodJson("m3-0"));
  ASSERT_NE(pod, nullptr);
  ASSERT_EQ(pod->containers.size(), 3u);
  const ContainerState &preflight = pod->containers[0], &worker = pod->containers[1],
                       &agent = pod->containers[2];
  EXPECT_TRUE(preflight.init);
  EXPECT_EQ(preflight.last_termination_reason, "Completed");
  EXPECT_FALSE(worker.init);
  EXPECT_TRUE(worker.running);
  EXPECT_EQ(base::FormatTime(worker.started_at), "2026-11-24T10:26:00Z");
  EXPECT_EQ(worker.restarts, 2);
  EXPECT_EQ(worker.last_termination_reason, "OOMKilled");
  EXPECT_EQ(worker.last_termination_message, "too much");
  EXPECT_EQ(worker.last_exit_code, 137);
  EXPECT_EQ(worker.last_finished_at - worker.last_started_at, 40);
  EXPECT_EQ(base::FormatTime(worker.last_finished_at), "2026-11-24T10:25:58Z");
  EXPECT_FALSE(agent.running);
  EXPECT_EQ(agent.waiting_reason, "ImagePullBackOff");
  EXPECT_EQ(agent.waiting_message, "no such image");
}

constexpr char kHead[] = R"({"metadata":{"name":"p","uid":"u","resourceVersion":"1"},)";

std::shared_ptr<const Pod> PodWith(const std::string& rest) {
  return DecodeAs<Pod>(PodDecoder({}), kHead + rest + "}");
}

TEST(PodDecoder, TheRunThatHasJustEndedCountsMoreThanTheOneBefore) {
  const auto pod = PodWith(R"("status":{"containerStatuses":[{"name":"c",
      "lastState":{"terminated":{"exitCode":1,"reason":"Error"}},
      "state":{"terminated":{"exitCode":70,"reason":"Wrong"}}}]})");
  ASSERT_NE(pod, nullptr);
  ASSERT_EQ(pod->containers.size(), 1u);
  EXPECT_EQ(pod->containers[0].last_exit_code, 70);
  EXPECT_EQ(pod->containers[0].last_termination_reason, "Wrong");
}

TEST(PodDecoder, OnlyTheReasonUnschedulableMakesAMessage) {
  const std::string condition =
      R"("status":{"conditions":[{"type":"PodScheduled","status":"False","reason":"REASON","message":"0/4 nodes"}]})";
  const auto with = [&](const std::string& reason) {
    std::string text = condition;
    return PodWith(text.replace(text.find("REASON"), 6, reason));
  };
  EXPECT_EQ(with("Unschedulable")->unschedulable_message, "0/4 nodes");
  EXPECT_EQ(with("SchedulingGated")->unschedulable_message, "");
  EXPECT_FALSE(with("Unschedulable")->scheduled);
}

TEST(PodDecoder, ReadsWhoShouldStartAPodAndWhatItWaitsFor) {
  const auto pod = PodWith(R"("spec":{"schedulerName":"volcano",
      "schedulingGates":[{"name":"example.com/a"},{"name":"example.com/b"}]},
      "status":{"conditions":[
      {"type":"PodScheduled","status":"True","lastTransitionTime":"2026-11-24T10:00:00Z"},
      {"type":"PodReadyToStartContainers","status":"False"}]})");
  ASSERT_NE(pod, nullptr);
  EXPECT_EQ(pod->scheduler_name, "volcano");
  EXPECT_EQ(pod->scheduling_gates, "example.com/a, example.com/b");
  EXPECT_EQ(pod->scheduled_at, 1'795'514'400);
  EXPECT_TRUE(pod->sandbox_missing);
}

TEST(PodDecoder, AKubeletThatDoesNotReportTheSandboxHasOne) {
  const auto pod = PodWith(R"("status":{"conditions":[{"type":"Ready","status":"False"}]})");
  ASSERT_NE(pod, nullptr);
  EXPECT_FALSE(pod->sandbox_missing);
}

TEST(PodDecoder, ReadsEachPhaseAndTakesAnUnknownOneForPending) {
  const std::pair<const char*, PodPhase> kCases[] = {
      {"Pending", PodPhase::kPending},     {"Running", PodPhase::kRunning},
      {"Succeeded", PodPhase::kSucceeded}, {"Failed", PodPhase::kFailed},
      {"Unknown", PodPhase::kUnknown},     {"Hibernating", PodPhase::kPending}};
  for (const auto& [text, phase] : kCases) {
    const auto pod =
        PodWith(R"("status":{"phase":")" + std::string(text) + R"(","reason":"Evicted"})");
    ASSERT_NE(pod, nullptr);
    EXPECT_EQ(pod->phase, phase) << text;
    EXPECT_EQ(pod->reason, "Evicted");
  }
}

TEST(PodDecoder, AFieldOfAWrongTypeCountsAsAbsent) {
  const auto pod = PodWith(R"("spec":[],"status":{"phase":7,"conditions":{"a":1},
      "containerStatuses":[3,null,{"restartCount":"x","state":[]}]})");
  ASSERT_NE(pod, nullptr);
  EXPECT_EQ(pod->phase, PodPhase::kPending);
  EXPECT_EQ(pod->containers.size(), 3u);
}

TEST(PodDecoder, ABoundHoldsForMessagesAndCutsBetweenCharacters) {
  std::string message(4095, 'x');
  message += "\u00e4 and more";  // two bytes, of which only one would fit
  const auto pod = PodWith(R"("status":{"message":")" + message + R"("})");
  ASSERT_NE(pod, nullptr);
  EXPECT_EQ(pod->message, std::string(4095, 'x'));
}

TEST(PodDecoder, WhatCannotBeTrackedIsAnErrorThatSaysWhatIsMissing) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"({"metadata":{"uid":"u","resourceVersion":"1"}})", "metadata.name"},
      {R"({"metadata":{"name":"p","resourceVersion":"1"}})", "metadata.uid"},
      {R"({"metadata":{"name":"p","uid":"u"}})", "metadata.resourceVersion"},
      {R"({"metadata":null})", "metadata.name"},
      {R"([])", "metadata.name"},
  };
  for (const auto& [json, missing] : kCases) {
    const auto object = Decode(PodDecoder({}), json);
    ASSERT_FALSE(object.ok()) << json;
    EXPECT_EQ(object.error().code, base::ErrorCode::kProtocol);
    EXPECT_THAT(object.error().message, ::testing::HasSubstr(missing)) << json;
  }
}

TEST(PodDecoder, KeepsLabelsAndAnnotationsByPrefix) {
  const auto pod = DecodeAs<Pod>(PodDecoder({{"disagg.dev/"}}), ServingPodJson("m3-0"));
  ASSERT_NE(pod, nullptr);
  EXPECT_EQ(pod->meta.labels.size(), 3u);
  EXPECT_EQ(pod->meta.label("app.kubernetes.io/name"), "");
  EXPECT_THAT(pod->meta.annotations.ToMap(), ElementsAre(Pair("disagg.dev/incarnation", "2")));
}

TEST(PodDecoder, APodTakesAtMostThreeKilobytes) {
  constexpr std::size_t kPods = 1000;
  const Decoder decoder = PodDecoder({{"disagg.dev/"}});
  const std::string json = ServingPodJson("m3-0");
  std::vector<ObjectPtr> pods;
  pods.reserve(kPods);
  const std::size_t before = mallinfo2().uordblks;
  for (std::size_t i = 0; i < kPods; ++i) pods.push_back(*Decode(decoder, json));
  const std::size_t bytes = (mallinfo2().uordblks - before) / kPods;  // 0 under a sanitizer
  RecordProperty("bytes_per_pod", static_cast<int>(bytes));
  EXPECT_LE(bytes, 3072u);
}

}  // namespace
}  // namespace kube
