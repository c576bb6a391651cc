#include "operator/runtime/event_sender.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "operator/base/system_clock.h"
#include "tests/unit/runtime/fake_transport.h"

namespace runtime {
namespace {

class EventSenderTest : public ::testing::Test {
 protected:
  void Record(EventSender& sender, int i) {
    kube::ObjectMeta about;
    about.name = "o" + std::to_string(i);
    about.namespace_name = "serving";
    about.uid = "u" + std::to_string(i);
    sender.Record(kube::kPods, about, {EventKind::kWarning, "Reason", "Action", "message"});
  }
  double Dropped(const char* cause) {
    return metrics_
        .GetCounter("events_dropped_total", "Events that were not sent", {{"cause", cause}})
        .value();
  }

  const base::SystemClock clock_;
  observability::Metrics metrics_;
};

TEST_F(EventSenderTest, SendsWhatIsQueuedBeforeItStops) {
  FakeTransport transport(
      [](const transport::Request& request) { return Json(201, request.body); });
  EventSender sender(transport, nullptr, clock_, {}, metrics_);
  for (int i = 0; i < 50; ++i) Record(sender, i);
  sender.Start();
  sender.Stop();
  ASSERT_EQ(transport.requests().size(), 50u);
  EXPECT_EQ(transport.requests()[0].target, "/apis/events.k8s.io/v1/namespaces/serving/events");
  EXPECT_EQ(transport.requests()[0].method, transport::Method::kPost);
}

TEST_F(EventSenderTest, ARefusedEventIsCountedAndDropped) {
  FakeTransport transport([](const transport::Request&) { return Refusal(403, "Forbidden"); });
  EventSender sender(transport, nullptr, clock_, {}, metrics_);
  sender.Start();
  Record(sender, 1);
  sender.Stop();
  EXPECT_EQ(transport.requests().size(), 1u);
  EXPECT_EQ(Dropped("refused"), 1);
}

TEST_F(EventSenderTest, SendsNothingOnceAnotherMayLead) {
  struct Closed : WriteGate {
    bool MayWrite() const override { return false; }
  } const gate;
  std::atomic<int> handled{0};
  FakeTransport transport([&](const transport::Request& request) {
    ++handled;
    return Json(201, request.body);
  });
  EventSender sender(transport, &gate, clock_, {}, metrics_);
  sender.Start();
  Record(sender, 1);
  sender.Stop();
  EXPECT_EQ(handled, 0);
  EXPECT_EQ(Dropped("refused"), 1);
}

TEST_F(EventSenderTest, AFullQueueDropsWithoutWaiting) {
  FakeTransport transport(
      [](const transport::Request& request) { return Json(201, request.body); });
  EventSender sender(transport, nullptr, clock_, {}, metrics_);
  for (std::size_t i = 0; i < EventSender::kMostQueued + 7; ++i)
    Record(sender, static_cast<int>(i));
  EXPECT_EQ(Dropped("queue"), 7);
}

TEST_F(EventSenderTest, AFloodAboutOneObjectIsCut) {
  FakeTransport transport(
      [](const transport::Request& request) { return Json(201, request.body); });
  EventSender sender(transport, nullptr, clock_, {}, metrics_);
  kube::ObjectMeta about;
  about.uid = "u";
  for (int i = 0; i < 100; ++i) {
    sender.Record(kube::kPods, about,
                  {EventKind::kNormal, "R", "A", "message " + std::to_string(i)});
  }
  sender.Start();
  sender.Stop();
  EXPECT_EQ(transport.requests().size(), 25u);
  EXPECT_EQ(Dropped("rate"), 75);
}

TEST_F(EventSenderTest, StopDoesNotWaitForAServerThatHangs) {
  FakeTransport transport([](const transport::Request& request) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return Json(201, request.body);
  });
  EventSender sender(transport, nullptr, clock_, {}, metrics_);
  for (int i = 0; i < 100; ++i) Record(sender, i);
  sender.Start();
  const auto start = std::chrono::steady_clock::now();
  sender.Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4));
}

}  // namespace
}  // namespace runtime
