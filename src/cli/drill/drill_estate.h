// The estate that a drill plays in: made by the drill and marked so. The attacker's way in is a
// wrapper in the place of the website's program, which the drill writes into estate.toml and closes
// again before the website comes back. An estate without the marker is never touched.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/drill/attacker/reach_out.h"
#include "supervisor/estate/estate.h"

namespace bulkhead::cli::drill {

struct DrillEstateOptions {
  Path folder;
  Path from;            // the description, estates/imo
  Path program_folder;  // of bulkheadd and the services
  bool free_ports = false;
};

class DrillEstate {
 public:
  // Makes it where it is not there yet. Kind denied where it is there and no drill made it.
  static Result<DrillEstate> prepare(const DrillEstateOptions& options);

  const supervisor::Estate& estate() const { return estate_; }
  bool was_made() const { return was_made_; }

  // Before bulkheadd starts: the website's compartment then holds the dormant attacker.
  Result<void> open_the_hole();
  // Allows the attacker to work on the dataset that the website runs on now.
  Result<void> mark_dataset() const;
  // The attacker begins within milliseconds.
  Result<void> trigger() const;
  // Whatever starts from now on is the website's own program.
  Result<void> close_the_hole() const;
  // The dataset that the website runs on now.
  Path current_dataset() const { return current_dataset("website"); }
  Path current_dataset(std::string_view service) const;
  // What lies outside of the compartment and is named to the attacker, to be tried.
  std::vector<attacker::Target> ways_out() const;

 private:
  DrillEstate(DrillEstateOptions options, supervisor::Estate estate, bool was_made)
      : options_(std::move(options)), estate_(std::move(estate)), was_made_(was_made) {}
  Path programs() const { return estate_.folder / "drill"; }
  Result<void> write_wrapper(const std::string& command) const;
  Result<void> name_wrapper_in_estate_file();

  DrillEstateOptions options_;
  supervisor::Estate estate_;
  bool was_made_ = false;
  std::string token_;  // of this drill
};

}  // namespace bulkhead::cli::drill
