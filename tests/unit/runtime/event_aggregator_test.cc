#include "operator/runtime/event_aggregator.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>
#include <string>

namespace runtime {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class EventAggregatorTest : public ::testing::Test {
 protected:
  EventAggregatorTest() {
    about_.name = "m3";
    about_.namespace_name = "serving";
    about_.uid = "u1";
    about_.resource_version = "7";
  }

  std::optional<EventWrite> Add(const std::string& message, const std::string& reason = "Created") {
    return events_.Add(kube::kPods, about_, {EventKind::kNormal, reason, "Create", message},
                       &refused_);
  }

  base::ManualClock clock_{base::SystemTime{seconds(1'800'000'000)}};
  EventAggregator events_{clock_, {.instance = "pod-1"}};
  kube::ObjectMeta about_;
  bool refused_ = false;
};

TEST_F(EventAggregatorTest, MakesAnEventThatTheApiTakes) {
  const auto write = Add("made decode-0");
  ASSERT_TRUE(write);
  EXPECT_FALSE(write->patch);
  EXPECT_EQ(write->namespace_name, "serving");
  json body = json::parse(write->body);
  EXPECT_EQ(body["metadata"]["name"], write->name);
  EXPECT_EQ(write->name.substr(0, 3), "m3.");
  body.erase("metadata");
  EXPECT_EQ(body, json::parse(R"({
    "apiVersion": "events.k8s.io/v1", "kind": "Event", "eventTime": "2027-01-15T08:00:00.000000Z",
    "reportingController": "disagg.dev/operator", "reportingInstance": "pod-1", "type": "Normal",
    "reason": "Created", "action": "Create", "note": "made decode-0",
    "regarding": {"apiVersion": "v1", "kind": "Pod", "name": "m3", "namespace": "serving",
                  "uid": "u1", "resourceVersion": "7"}})"));
}

TEST_F(EventAggregatorTest, AnObjectWithoutNamespaceHasItsEventsInDefault) {
  about_.namespace_name.clear();
  const auto write = Add("x");
  EXPECT_EQ(write->namespace_name, "default");
  EXPECT_FALSE(json::parse(write->body)["regarding"].contains("namespace"));
}

TEST_F(EventAggregatorTest, RepetitionsBecomeASeries) {
  const auto first = Add("again");
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(Add("again"));
  EXPECT_TRUE(events_.Due().empty()) << "not more than once a minute";
  clock_.Advance(minutes(1));
  const auto writes = events_.Due();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_TRUE(writes[0].patch);
  EXPECT_EQ(writes[0].name, first->name);
  EXPECT_EQ(
      json::parse(writes[0].body),
      json::parse(R"({"series":{"count":10,"lastObservedTime":"2027-01-15T08:00:00.000000Z"}})"));
  EXPECT_TRUE(events_.Due().empty());
}

TEST_F(EventAggregatorTest, WhatDiffersIsAnotherEvent) {
  std::set<std::string> names;
  names.insert(Add("a")->name);
  names.insert(Add("b")->name);
  names.insert(Add("a", "Other")->name);
  about_.uid = "u2";
  names.insert(Add("a")->name);
  EXPECT_EQ(names.size(), 4u);
}

TEST_F(EventAggregatorTest, ASeriesEndsSixMinutesAfterItsLastRepetition) {
  const auto first = Add("again");
  clock_.Advance(minutes(4));
  EXPECT_FALSE(Add("again"));
  clock_.Advance(minutes(6));
  EXPECT_EQ(events_.Due().size(), 1u) << "the last count";
  const auto second = Add("again");
  ASSERT_TRUE(second);
  EXPECT_NE(second->name, first->name);
}

TEST_F(EventAggregatorTest, AnObjectHas25EventsAndThenOneEachFiveMinutes) {
  for (int i = 0; i < 25; ++i) ASSERT_TRUE(Add(std::to_string(i)));
  EXPECT_FALSE(Add("one too many"));
  EXPECT_TRUE(refused_);
  about_.uid = "u2";
  EXPECT_TRUE(Add("another object has its own"));
  about_.uid = "u1";
  clock_.Advance(minutes(5));
  EXPECT_TRUE(Add("allowed again"));
  EXPECT_FALSE(Add("but only one"));
}

TEST_F(EventAggregatorTest, AFailedEventIsMadeAnew) {
  const auto first = Add("x");
  events_.Forget(first->series);
  EXPECT_TRUE(Add("x"));
}

TEST_F(EventAggregatorTest, ForgetsTheLeastRecentWhenFull) {
  EventOptions options;
  options.max_series = 3;
  options.max_objects = 2;
  EventAggregator events(clock_, options);
  for (int i = 0; i < 50; ++i) {
    about_.uid = "u" + std::to_string(i);
    ASSERT_TRUE(events.Add(kube::kPods, about_, {EventKind::kNormal, "R", "A", "x"}, &refused_));
    clock_.Advance(milliseconds(1));
  }
  EXPECT_FALSE(events.Add(kube::kPods, about_, {EventKind::kNormal, "R", "A", "x"}, &refused_));
  about_.uid = "u0";
  EXPECT_TRUE(events.Add(kube::kPods, about_, {EventKind::kNormal, "R", "A", "x"}, &refused_));
}

TEST_F(EventAggregatorTest, KeepsTheBoundsOfTheApi) {
  about_.name = std::string(253, 'n');
  const auto write = Add(std::string(1023, 'x') + "\xC3\xA9" + "tail", std::string(200, 'R'));
  EXPECT_EQ(write->name.size(), 253u);
  const json body = json::parse(write->body);
  EXPECT_EQ(body["note"].get<std::string>(), std::string(1023, 'x')) << "no half character";
  EXPECT_EQ(body["reason"].get<std::string>().size(), 128u);
}

}  // namespace
}  // namespace runtime
