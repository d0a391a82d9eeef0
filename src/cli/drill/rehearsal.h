// The story of 30 September to 2 October 2020, act by act, on a running estate: each act acts as an
// outsider or an operator would, waits for what must happen, and checks it from outside.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "cli/control/job.h"
#include "cli/drill/drill_estate.h"
#include "cli/drill/mail_probe.h"
#include "cli/drill/narration.h"
#include "cli/drill/refusal_watch.h"
#include "cli/drill/report.h"
#include "repository/repository.h"

namespace bulkhead::cli::drill {

class Rehearsal {
 public:
  Rehearsal(DrillEstate& stage, const control::Control& control, Narration& narration);

  // The report is complete up to where an error ended the story.
  Result<void> run();
  DrillReport take_report();

 private:
  struct WebService {
    std::string name;
    std::string host;
    std::string path;  // of its front page
    std::string title;
  };

  // The acts.
  Result<void> recover_what_an_interrupted_drill_left();
  Result<void> back_up_everything();
  Result<void> look_around();
  Result<void> attack();
  Result<void> recover_first_three();
  Result<void> seal_again_and_check();
  Result<void> recover_website();
  Result<void> close_and_verify();

  Result<void> start_probes();
  void mark(std::string title);
  void check(std::string name, bool passed, std::string found);
  // Follows the incident's timeline while the job runs.
  Result<void> run_job(const std::string& path, const json::Value& body);
  Result<void> recover(const std::vector<std::string>& services);
  Result<void> wait_for_containment();
  Result<void> follow();
  Result<json::Value> incident() const;
  Result<void> check_pages(const std::vector<std::string>& services, int status);
  void check_sealed_page();
  // `sealed`: in alphabetical order; `news`: words of an update, or empty.
  void check_status_page(const std::vector<std::string>& sealed, std::string_view news);
  void measure_seal(WallTime triggered, const std::vector<RefusalWatch::Seen>& seen);
  Result<void> read_attack_report();
  Result<void> prove_recovery();
  Result<void> prove_record();
  Result<void> compare_with_snapshot(repository::Repository& repository, DrillService& service);
  void gather_services();

  DrillEstate& stage_;
  const control::Control& control_;
  Narration& narration_;
  const SystemClock clock_;
  SystemRandom random_;
  Visitor visitor_;
  std::vector<WebService> web_;
  std::string incident_;
  std::size_t records_told_ = 0;
  DrillReport report_;
  // Both end before what they use.
  std::unique_ptr<Visitor> meetings_visitor_;
  std::unique_ptr<MailProbe> mail_probe_;
  std::vector<std::unique_ptr<ContinuousProbe>> probes_;
};

}  // namespace bulkhead::cli::drill
