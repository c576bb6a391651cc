#include "controllers/planning/group_state.h"

#include <gmock/gmock.h>

#include "tests/unit/planning/builders.h"

namespace disagg::planning {
namespace {

using ::testing::ElementsAre;

PodState Rank(const PodBuilder& pod, Life life = Life::kAlive) {
  PodState rank = Classify(pod.Build(), SnapshotOf(DeploymentBuilder())).value_or(PodState{});
  rank.life = life;
  return rank;
}

PodBuilder Decode(int replica, int incarnation = 1) {
  return PodBuilder(kDecode, replica, incarnation);
}

TEST(FoldGroups, MakesOneOfEachIncarnation) {
  const std::vector<PodState> states = {Rank(Decode(0)),    Rank(Decode(0)),
                                        Rank(Decode(0, 2)), Rank(Decode(0, 2).Of("old")),
                                        Rank(Decode(1)),    Rank(PodBuilder(kRouter, 1))};
  std::vector<std::string> found;
  for (const GroupState& group : FoldGroups(states)) {
    found.push_back(group.slot() + "-" + std::to_string(group.incarnation) + " of " +
                    group.role_revision() + " x" + std::to_string(group.ranks.size()));
  }
  EXPECT_THAT(found,
              ElementsAre("decode-0-1 of new x2", "decode-0-2 of new x1", "decode-0-2 of old x1",
                          "decode-1-1 of new x1", "router-1-1 of new x1"));
}

TEST(FoldGroups, OfOnePodCopiesNothing) {
  const std::vector<PodState> states = {Rank(Decode(0).Ready())};
  const std::vector<GroupState> groups = FoldGroups(states);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].worst, &states[0]);
  EXPECT_EQ(groups[0].ranks.data(), states.data());
  EXPECT_TRUE(groups[0].ready);
  EXPECT_TRUE(groups[0].scheduled);
}

TEST(GroupState, IsAsWellAsTheWorstOfItsRanks) {
  struct Case {
    const char* sentence;
    std::vector<PodState> ranks;
    Life life;
    bool ready, scheduled;
  };
  const PodBuilder ready = Decode(0).Ready();
  const Case cases[] = {
      {"ready when all are", {Rank(ready), Rank(ready)}, Life::kAlive, true, true},
      {"not ready while one is not",
       {Rank(ready), Rank(Decode(0).On("b200-0").Running())},
       Life::kAlive,
       false,
       true},
      {"not scheduled while one is not",
       {Rank(ready), Rank(Decode(0))},
       Life::kAlive,
       false,
       false},
      {"one that ends takes the others along",
       {Rank(ready), Rank(ready, Life::kEnding)},
       Life::kEnding,
       false,
       true},
      {"a failure tells more than an end",
       {Rank(ready, Life::kFailed), Rank(ready, Life::kEnding)},
       Life::kFailed,
       false,
       true},
      {"a loss is the worst",
       {Rank(ready, Life::kFailed), Rank(ready, Life::kLost), Rank(ready)},
       Life::kLost,
       false,
       true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.sentence);
    std::vector<PodState> ranks = c.ranks;
    for (PodState& rank : ranks) rank.ranks = static_cast<int>(ranks.size());
    const std::vector<GroupState> groups = FoldGroups(ranks);
    ASSERT_EQ(groups.size(), 1u);
    EXPECT_EQ(groups[0].life, c.life);
    EXPECT_EQ(groups[0].ready, c.ready);
    EXPECT_EQ(groups[0].scheduled, c.scheduled);
    EXPECT_EQ(groups[0].worst->life, c.life);
  }
}

TEST(GroupState, BlinksOnlyWhileAllOfItsUnreadyRanksDo) {
  std::vector<PodState> ranks(3, Rank(Decode(0).On("b200-0").Running()));
  ranks[0] = Rank(Decode(0).Ready());
  ranks[1].settles_at = kNow + 10;
  ranks[2].settles_at = kNow + 20;
  EXPECT_EQ(FoldGroups(ranks)[0].settles_at(), kNow + 20);
  ranks[1].settles_at.reset();
  EXPECT_EQ(FoldGroups(ranks)[0].settles_at(), std::nullopt);
}

TEST(GroupState, IsOnALeavingNodeWithOneOfItsRanks) {
  Snapshot snapshot = SnapshotOf(DeploymentBuilder(), {Decode(0).On("b200-0").Running()});
  snapshot.nodes["b200-0"] = NodeBuilder("b200-0").Cordoned().Build();
  const std::vector<PodState> states = ClassifyPods(snapshot);
  EXPECT_TRUE(FoldGroups(states)[0].node_leaving());
}

}  // namespace
}  // namespace disagg::planning
