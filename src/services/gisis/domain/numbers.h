// The numbers that identify ships, companies and radio stations, as types that only exist when they
// are right. Parsing accepts the ways people write them ("IMO 9074729", "907 4729").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "services/gisis/domain/reason.h"

namespace bulkhead::services::gisis {

// Seven digits; the last is the last digit of digits 1 to 6 times 7, 6, 5, 4, 3, 2 (A.1117(30)).
class ImoNumber {
 public:
  static Parsed<ImoNumber> parse(std::string_view text);
  std::string text() const;
  auto operator<=>(const ImoNumber&) const = default;

 private:
  explicit ImoNumber(std::uint32_t value) : value_(value) {}
  std::uint32_t value_;
};

// The number of a company or registered owner: weights 8, 6, 4, 2, 9, 7; the check digit is
// (11 - sum mod 11) mod 10 (MSC.160(78)).
class CompanyNumber {
 public:
  static Parsed<CompanyNumber> parse(std::string_view text);
  std::string text() const;
  auto operator<=>(const CompanyNumber&) const = default;

 private:
  explicit CompanyNumber(std::uint32_t value) : value_(value) {}
  std::uint32_t value_;
};

// Maritime mobile service identity of a ship station: nine digits, of which the first three, the
// country's maritime identification digits, are 201 to 775 (ITU-R M.585). Coast stations and aids
// to navigation begin differently and are no ships.
class Mmsi {
 public:
  static Parsed<Mmsi> parse(std::string_view text);
  std::string text() const;
  auto operator<=>(const Mmsi&) const = default;

 private:
  explicit Mmsi(std::uint32_t value) : value_(value) {}
  std::uint32_t value_;
};

}  // namespace bulkhead::services::gisis
