#include "cli/drill/register.h"

#include <atomic>
#include <cerrno>
#include <thread>

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "cli/control/control.h"
#include "cli/drill/drill_estate.h"
#include "cli/drill/narration.h"
#include "cli/drill/rehearsal.h"
#include "cli/drill/report_page.h"
#include "cli/incident/timeline_text.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::cli::drill {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kStartTimeMax = 90s;
constexpr std::chrono::milliseconds kStopGrace = 20s;
constexpr std::chrono::milliseconds kLookPeriod = 100ms;

struct DrillVerb : control::EstateOptions {
  std::string from = "estates/imo";
  std::string report;
  bool keep = false;
  bool free_ports = false;
};

Result<Path> program_folder() {
  std::error_code error;
  const Path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return fail(ErrorKind::io, "cannot find where bulkhead itself is");
  return self.parent_path();
}

// Its output goes to logs/bulkheadd.log: the drill tells its own story.
Result<Process> start_bulkheadd(const Path& programs, const Path& estate) {
  const Path log = estate / "logs" / "bulkheadd.log";
  TRY(make_directories(log.parent_path()));
  const FileDescriptor out = TRY(open_file(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  ProcessOptions options;
  options.arguments = {(programs / "bulkheadd").string(), "--estate", estate.string()};
  options.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                         "LANG=C.UTF-8"};
  options.standard_output = out.get();
  options.standard_error = out.get();
  return Process::start(options);
}

// Why bulkheadd ended is what it said last.
std::string last_line(const Path& log) {
  constexpr std::size_t kLogSizeMax = 64 << 20;
  const auto text = read_text_file(log, kLogSizeMax);
  const std::string_view said = text ? trim(*text) : std::string_view();
  return std::string(said.substr(said.rfind('\n') + 1));
}

bool is_ready(const json::Value& estate) {
  const json::Array* services = estate["services"].array();
  if (services == nullptr) return false;
  for (const json::Value& service : *services) {
    const std::string* state = service["state"].string();
    const std::string* exposure = service["exposure"].string();
    const bool is_sealed = exposure != nullptr && *exposure == "sealed";
    if (!is_sealed && (state == nullptr || *state != "ready")) return false;
  }
  return true;
}

Result<void> wait_until_ready(const control::Control& control, Process& bulkheadd) {
  const auto until = std::chrono::steady_clock::now() + kStartTimeMax;
  const Path log = control.folder() / "logs" / "bulkheadd.log";
  while (std::chrono::steady_clock::now() < until) {
    if (const auto status = bulkheadd.poll()) {
      return fail(ErrorKind::unavailable,
                  fmt::format("bulkheadd ended ({}). It said last: {}\nAll that it said is in {}",
                              status->describe(), last_line(log), log.string()));
    }
    if (const auto estate = control.get("/v1/estate"); estate && is_ready(*estate)) return {};
    std::this_thread::sleep_for(kLookPeriod);
  }
  return fail(ErrorKind::limit,
              fmt::format("not every service was ready within {} s; see bulkhead estate status and "
                          "{}",
                          kStartTimeMax.count() / 1000, log.string()));
}

Result<void> write_reports(const DrillReport& report, const Path& file) {
  TRY(make_directories(file.parent_path()));
  TRY(write_file_atomic(file,
                        as_bytes(json::write(to_json(report), json::Layout::indented) + "\n")));
  Path page = file;
  page.replace_extension(".html");
  return write_file_atomic(page, as_bytes(report_page(report)));
}

void print_summary(const DrillReport& report, const Path& file) {
  fmt::print("\n  {:<14} {:>14} {:>14} {:>9} {:>10} {:>7}\n", "service", "RTO", "RPO", "damaged",
             "recovered", "sealed");
  for (const DrillService& service : report.services) {
    fmt::print("  {:<14} {:>14} {:>14} {:>9} {:>10} {:>6}x\n", service.name,
               service.rto_ms ? incident::duration_text(*service.rto_ms) : "-",
               service.rpo_ms ? incident::duration_text(*service.rpo_ms) : "-",
               service.files_damaged, service.files_recovered, service.seals);
  }
  for (const ProbeTally& tally : report.probes) {
    fmt::print("  {:<14} {} probes, {} lost\n", tally.service, tally.sent, tally.lost);
  }
  Path page = file;
  page.replace_extension(".html");
  fmt::print(
      "\n  Result: {}{}\n  Report: {}\n  Page:   {}\n", report.passed() ? "passed" : "FAILED",
      report.failure.empty() ? "" : " (" + report.failure + ")", file.string(), page.string());
}

void print_addresses(const supervisor::Estate& estate) {
  fmt::print("\nThe estate stays up until Ctrl-C. Its certificate authority is {}.\n\n",
             supervisor::Layout(estate.folder).ca_certificate().string());
  for (const supervisor::ServiceConfig& service : estate.services) {
    for (const std::string& host : service.hostnames) {
      fmt::print("  {:<14} {}/\n", service.name, estate.https_origin(host));
    }
  }
  fmt::print("  {:<14} {}/\n\n", "status", estate.https_origin(estate.status_host()));
  std::fflush(stdout);
}

// Ctrl-C ends bulkheadd in order, and with it every compartment, before it ends the drill.
// bulkheadd is in a process group of its own and does not hear the terminal itself.
class Interruption {
 public:
  // Before any other thread is started, so that only this one takes the signals.
  Interruption() {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::thread([this] { wait_and_end(); }).detach();
  }
  void watch_over(pid_t bulkheadd) { bulkheadd_ = bulkheadd; }
  // What fails from then on fails because the estate is being ended: returns only where no signal
  // came.
  void await_end_if_begun() const {
    while (has_begun_) pause();
  }
  // Until the signal comes; the process then ends with `status`.
  [[noreturn]] void await(int status) {
    status_ = status;
    while (true) pause();
  }

 private:
  void wait_and_end() {
    int received = 0;
    while (sigwait(&signals_, &received) != 0) {
    }
    has_begun_ = true;
    fmt::print(stderr, "\nEnding the estate …\n");
    if (const pid_t process = bulkheadd_; process > 0 && kill(process, SIGTERM) == 0) {
      siginfo_t ended{};
      while (waitid(P_PID, static_cast<id_t>(process), &ended, WEXITED | WNOWAIT) != 0 &&
             errno == EINTR) {
      }
    }
    _exit(status_);
  }

  sigset_t signals_{};
  std::atomic<pid_t> bulkheadd_ = -1;
  std::atomic<int> status_ = 130;
  std::atomic<bool> has_begun_ = false;
};

Result<int> drill(const DrillVerb& verb) {
  // Lives as long as the process: its thread may be waiting at any moment.
  static Interruption interruption;
  const Path programs = TRY(program_folder());
  std::error_code error;
  const Path folder = std::filesystem::absolute(verb.estate, error).lexically_normal();
  const Path report_file = verb.report.empty() ? folder / "reports" / "imo-2020.json"
                                               : std::filesystem::absolute(verb.report, error);
  Narration narration(isatty(STDOUT_FILENO) == 1 ? estate::Colour::terminal : estate::Colour::none);
  narration.act("The stage");
  DrillEstate stage = TRY(DrillEstate::prepare({.folder = folder,
                                                .from = std::filesystem::absolute(verb.from, error),
                                                .program_folder = programs,
                                                .free_ports = verb.free_ports}));
  narration.say(fmt::format("{} the estate in {}", stage.was_made() ? "made" : "found",
                            stage.estate().folder.string()));
  const control::Control control = TRY(control::Control::open({.estate = folder.string()}));
  if (control.get("/v1/estate")) {
    return fail(ErrorKind::conflict,
                fmt::format("{} is running already; stop it first (Ctrl-C where it was started): "
                            "the drill starts it with the simulated attacker inside",
                            folder.string()));
  }
  TRY(stage.open_the_hole());
  Process bulkheadd = TRY(start_bulkheadd(programs, stage.estate().folder));
  interruption.watch_over(bulkheadd.id());
  TRY(wait_until_ready(control, bulkheadd));
  narration.good(
      "vault, gateway and every service are up, each service in a compartment of its own");

  DrillReport report;
  {
    Rehearsal rehearsal(stage, control, narration);
    const Result<void> played = rehearsal.run();
    interruption.await_end_if_begun();
    report = rehearsal.take_report();
    if (!played) {
      report.failure = played.error().message();
      narration.bad(report.failure);
    }
  }
  TRY(write_reports(report, report_file));
  print_summary(report, report_file);
  const int status = report.passed() ? kExitSuccess : kExitFailure;
  if (verb.keep) {
    print_addresses(stage.estate());
    interruption.await(status);
  }
  bulkheadd.stop(kStopGrace);
  return status;
}

}  // namespace

void register_drill(Command& root) {
  Command& drills = root.subcommand("drill", "Rehearse an incident, with proof");
  auto verb = std::make_shared<DrillVerb>();
  Command& imo_2020 =
      drills.subcommand("imo-2020", "The attack of 30 September 2020, in an estate made for it");
  control::add_estate_option(imo_2020, *verb);
  imo_2020.option("--from", verb->from, "The description that the estate is made from")
      .option("--report", verb->report, "Where to; else reports/imo-2020.json in the estate")
      .flag("--keep", verb->keep, "Leave the services up afterwards, until Ctrl-C")
      .flag("--free-ports", verb->free_ports, "Take free ports when the estate is made")
      .on_run([verb] { return drill(*verb); });
}

}  // namespace bulkhead::cli::drill
