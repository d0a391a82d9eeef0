#include <cstdint>

#include "base/check.h"
#include "services/gisis/domain/csv.h"

// Whatever is read can be written and is then read the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::services::gisis;
  CsvReader reader(source_of(bulkhead::as_text({data, size})));
  std::uint64_t rows = 0;
  while (true) {
    const auto row = reader.next();
    if (!row || !*row) break;
    CHECK((*row)->number == ++rows);
    CHECK(!(*row)->cells.empty() && (*row)->cells.size() <= kCsvColumnsMax);
    std::string out = "h,h\r\n";  // so that the separator is a comma
    for (const auto& cell : (*row)->cells) append_csv_cell(out, cell, CellKind::text);
    end_csv_row(out);
    CsvReader again(source_of(out));
    CHECK(again.next());
    const auto same = again.next();
    CHECK(same && *same && (*same)->cells.size() == (*row)->cells.size());
    for (std::size_t i = 0; i < (*row)->cells.size(); ++i) {
      CHECK(unguard_formula((*same)->cells[i]) == (*row)->cells[i]);
    }
  }
  return 0;
}
