#include <gtest/gtest.h>

#include "operator/base/clock.h"

namespace base {
namespace {

struct Case {
  const char* sentence;
  const char* text;
  std::int64_t seconds;
};

TEST(ParseTime, Table) {
  const Case cases[] = {
      {"the epoch is zero", "1970-01-01T00:00:00Z", 0},
      {"metav1.Time as the API server writes it", "2026-11-24T10:25:02Z", 1795515902},
      {"fractions of a second are cut (MicroTime of a Lease)", "2026-11-24T10:25:02.987654Z",
       1795515902},
      {"an offset is honoured", "2026-11-24T11:25:02+01:00", 1795515902},
      {"a leap day is a day", "2024-02-29T00:00:00Z", 1709164800},
      {"a day that does not exist is refused", "2026-02-30T00:00:00Z", -1},
      {"an empty text is refused", "", -1},
      {"a text cut short is refused", "2026-11-24T10:25", -1},
      {"a missing zone is refused", "2026-11-24T10:25:02", -1},
  };
  for (const Case& c : cases) EXPECT_EQ(ParseTime(c.text), c.seconds) << c.sentence;
}

TEST(FormatTime, ReadsBack) {
  for (const std::int64_t seconds : {0ll, 1795515902ll, 4102444799ll}) {
    EXPECT_EQ(ParseTime(FormatTime(seconds)), seconds);
  }
}

}  // namespace
}  // namespace base
