#include "services/gisis/domain/position.h"

#include <string>

#include <gtest/gtest.h>

namespace bulkhead::services::gisis {
namespace {

TEST(Position, ReadsTheWaysALatitudeIsWritten) {
  for (const auto* text :
       {"3° 56.80' N", "3°56.80'N", "03° 56' 48\" N", "03-56-48N", "3 56.8 N", "N 3° 56.80'",
        "03:56.80 n", "3º 56,80’ N", "3° 56′ 48″ N", "3° 56' 48'' N", "Lat. 3° 56.80' N",
        "0356.80N", "3.946666666666667", "3–56.8 N"}) {
    const auto degrees = parse_angle(text, Axis::latitude);
    ASSERT_TRUE(degrees) << text;
    EXPECT_NEAR(*degrees, 3.946666666666667, 1e-9) << text;
  }
}

TEST(Position, PutsSouthAndWestBelowZero) {
  EXPECT_NEAR(*parse_angle("22° 08.00' S", Axis::latitude), -22.133333, 1e-6);
  EXPECT_NEAR(*parse_angle("-22.5", Axis::latitude), -22.5, 1e-12);
  EXPECT_NEAR(*parse_angle("117° 25.00' W", Axis::longitude), -117.416666, 1e-6);
  EXPECT_NEAR(*parse_angle("00010W", Axis::longitude), -10.0 / 60, 1e-12);
}

TEST(Position, RefusesWhatIsBeyondTheEarthOrTheHour) {
  EXPECT_EQ(parse_angle("90° 00.01' N", Axis::latitude).error(), Reason::out_of_range);
  EXPECT_TRUE(parse_angle("90° 00.00' N", Axis::latitude));
  EXPECT_EQ(parse_angle("180.5", Axis::longitude).error(), Reason::out_of_range);
  EXPECT_EQ(parse_angle("3° 60.00' N", Axis::latitude).error(), Reason::out_of_range);
  EXPECT_EQ(parse_angle("3° 10' 60\" N", Axis::latitude).error(), Reason::out_of_range);
}

TEST(Position, RefusesWhatItCannotBeSureOf) {
  for (const auto* text : {"", "N", "unknown", "3° 56.80' E", "3.5° 20' N", "-3° N", "3' 20° N",
                           "3 4 5 6 N", "3° N S", "1e5 N", "°", "--3", "3° 56.80' N."}) {
    EXPECT_FALSE(parse_angle(text, Axis::latitude)) << text;
  }
}

TEST(Position, ReadsBothHalvesInOneText) {
  for (const auto* text : {"51° 30.00' N 0° 10.00' W", "5130N 00010W", "51°30'N, 0°10'W",
                           "51.5, -0.16666666666666667", "51 30 N / 000 10 W"}) {
    const auto position = parse_position(text);
    ASSERT_TRUE(position) << text;
    EXPECT_NEAR(position->latitude_degrees, 51.5, 1e-9) << text;
    EXPECT_NEAR(position->longitude_degrees, -1.0 / 6, 1e-9) << text;
  }
  EXPECT_FALSE(parse_position("51° 30.00' N"));
  EXPECT_FALSE(parse_position("51 30 10 20"));
}

TEST(Position, IsShownSoThatItReadsBack) {
  EXPECT_EQ(format_angle(3.946666667, Axis::latitude), "3° 56.80′ N");
  EXPECT_EQ(format_angle(-0.00001, Axis::longitude), "0° 00.00′ E");
  EXPECT_EQ(format_angle(59.9999999, Axis::latitude), "60° 00.00′ N");
  EXPECT_EQ(format_position({-6.016666667, 117.4166667}), "6° 01.00′ S, 117° 25.00′ E");
  EXPECT_TRUE(parse_position(format_position({-6.016666667, 117.4166667})));
}

}  // namespace
}  // namespace bulkhead::services::gisis
