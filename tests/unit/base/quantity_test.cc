#include "operator/base/quantity.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Quantity, CanonicalText) {
  const struct {
    const char* sentence;
    const char* text;
    const char* canonical;
  } cases[] = {
      {"integers stay", "12", "12"},
      {"binary suffixes stay", "120Gi", "120Gi"},
      {"a full suffix step moves up", "1024Mi", "1Gi"},
      {"half a unit is in thousandths", "0.5", "500m"},
      {"decimal and binary families do not mix", "1000k", "1M"},
      {"a binary quantity that is no full step keeps its unit", "1536Mi", "1536Mi"},
      {"zero has no unit", "0Gi", "0"},
      {"an exponent is a decimal suffix", "1e3", "1k"},
      {"with a capital", "1E3", "1k"},
      {"with a sign", "12e+2", "1200"},
      {"a capital alone is 10^18", "1E", "1E"},
      {"a negative exponent", "1e-3", "1m"},
      {"a fraction with an exponent", "1.5e3", "1500"},
      {"a fraction of a binary unit", "0.5Gi", "512Mi"},
      {"zeros behind the point", "1.000000000000000000Ei", "1Ei"},
      {"the largest", "9223372036854775807", "9223372036854775807"},
  };
  for (const auto& c : cases) {
    const auto quantity = Quantity::Parse(c.text);
    ASSERT_TRUE(quantity) << c.sentence;
    EXPECT_EQ(quantity->ToString(), c.canonical) << c.sentence;
  }
}

TEST(Quantity, RefusesWhatIsNone) {
  for (const char* text : {"",
                           "Gi",
                           "12 Gi",
                           "1.2.3",
                           "12GB",
                           "0.0001",
                           "twelve",
                           "99999999999999999999",
                           "9223372036854775807Ei",
                           "9223372036854775807k",
                           "9223372036854775807e1",
                           "8Ei",
                           "1e19",
                           "1e99999999999",
                           "1e",
                           "1e+",
                           "1e+-3",
                           "1e3.5",
                           "1e-4",
                           "e3",
                           "1E3Gi"}) {
    EXPECT_FALSE(Quantity::Parse(text)) << text;
  }
}

TEST(Quantity, TimesGpus) {
  EXPECT_EQ(Quantity::Parse("120Gi")->Times(8).ToString(), "960Gi");
  EXPECT_EQ(Quantity::Parse("12")->Times(2).ToString(), "24");
  EXPECT_EQ(Quantity::Parse("500m")->Times(3).ToString(), "1500m");
}

TEST(Quantity, Orders) {
  EXPECT_TRUE(*Quantity::Parse("1Gi") == *Quantity::Parse("1024Mi"));
  EXPECT_TRUE(*Quantity::Parse("1G") < *Quantity::Parse("1Gi"));
  EXPECT_EQ(Quantity::Parse("1500m")->Ceil(), 2);
}

}  // namespace
}  // namespace base
