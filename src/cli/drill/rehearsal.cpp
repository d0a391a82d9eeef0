#include "cli/drill/rehearsal.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/incident/timeline_text.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::cli::drill {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kJobTimeMax = 90s;
constexpr std::chrono::milliseconds kContainmentTimeMax = 20s;
constexpr std::chrono::milliseconds kSealTimeMax = 1s;
constexpr std::chrono::milliseconds kLookPeriod = 20ms;
// How long the estate is watched at work before it is attacked.
constexpr std::chrono::milliseconds kNormalTime = 1500ms;
constexpr std::chrono::milliseconds kStatusTimeMax = 5s;
constexpr const char* kStatusSummary = "/api/v2/summary.json";
constexpr std::string_view kWebGroup = "web";
constexpr std::string_view kWebsite = "website";
const std::vector<std::string> kFirstThree = {"gisis", "imodocs", "publications"};
const std::vector<std::string> kAllFour = {"gisis", "imodocs", "publications", "website"};

// Of the web services, in the order of the status page.
std::vector<std::string> sealed_in(const json::Value& summary) {
  std::vector<std::string> sealed;
  const json::Array* components = summary["components"].array();
  for (const json::Value& component : components != nullptr ? *components : json::Array()) {
    if (text_of(component["exposure"]) == "sealed") sealed.push_back(text_of(component["id"]));
  }
  std::ranges::sort(sealed);
  return sealed;
}

json::Array names_of(const std::vector<std::string>& services) {
  return json::Array(services.begin(), services.end());
}

}  // namespace

Rehearsal::Rehearsal(DrillEstate& stage, const control::Control& control, Narration& narration)
    : stage_(stage), control_(control), narration_(narration), visitor_(stage.estate()) {
  report_.started = report_.attacked = clock_.now();
  report_.estate = stage.estate().folder.string();
  for (const supervisor::ServiceConfig& service : stage.estate().services) {
    if (service.group != kWebGroup) continue;
    web_.push_back({.name = service.name,
                    .host = service.hostnames.front(),
                    .path = "/",
                    .title = service.title.find("en")->second});
    report_.services.push_back({.name = service.name, .title = web_.back().title});
  }
}

Result<void> Rehearsal::run() {
  TRY(recover_what_an_interrupted_drill_left());
  TRY(stage_.mark_dataset());
  TRY(back_up_everything());
  TRY(look_around());
  TRY(attack());
  TRY(recover_first_three());
  TRY(seal_again_and_check());
  TRY(recover_website());
  return close_and_verify();
}

DrillReport Rehearsal::take_report() {
  for (const auto& probe : probes_) probe->stop();
  report_.probes.clear();
  for (const auto& probe : probes_) report_.probes.push_back(probe->tally());
  report_.ended = clock_.now();
  report_.incident = incident_;
  if (!incident_.empty()) {
    if (const Result<json::Value> record = incident()) report_.incident_record = *record;
  }
  gather_services();
  return std::move(report_);
}

void Rehearsal::mark(std::string title) {
  narration_.act(title);
  report_.marks.push_back({clock_.now(), std::move(title)});
}

void Rehearsal::check(std::string name, bool passed, std::string found) {
  const std::string line = name + ": " + found;
  passed ? narration_.good(line) : narration_.bad(line);
  report_.checks.push_back({std::move(name), passed, std::move(found)});
}

Result<json::Value> Rehearsal::incident() const {
  return control_.get("/v1/incidents/" + incident_);
}

Result<void> Rehearsal::follow() {
  if (incident_.empty()) return {};
  const json::Value now = TRY(incident());
  const json::Array* records = now["timeline"].array();
  if (records == nullptr) return {};
  for (; records_told_ < records->size(); ++records_told_) {
    narration_.record((*records)[records_told_]);
  }
  return {};
}

Result<void> Rehearsal::run_job(const std::string& path, const json::Value& body) {
  const json::Value job = TRY(control_.post(path, body));
  const Result<json::Value> result =
      control::wait_for_job(control_, job, kJobTimeMax,
                            [this](double, const std::string&) { static_cast<void>(follow()); });
  TRY(follow());
  if (!result) return std::unexpected(result.error());
  return {};
}

Result<void> Rehearsal::recover(const std::vector<std::string>& services) {
  return run_job("/v1/incidents/" + incident_ + "/recover",
                 json::Object{{"services", names_of(services)}, {"expose", "public"}});
}

Result<void> Rehearsal::recover_what_an_interrupted_drill_left() {
  const json::Value estate = TRY(control_.get("/v1/estate"));
  if (!estate["incident"].is_string()) return {};
  const std::string left = *estate["incident"].string();
  narration_.act("An earlier drill was interrupted: its services are brought back first");
  const json::Value job = TRY(control_.post("/v1/incidents/" + left + "/recover",
                                            json::Object{{"services", json::Array()}}));
  TRY(control::wait_for_job(control_, job, kJobTimeMax));
  TRY(control_.post("/v1/incidents/" + left + "/close",
                    json::Object{{"reason", "an interrupted drill"}}));
  return {};
}

Result<void> Rehearsal::back_up_everything() {
  mark("Backup");
  narration_.explain(
      "Every service is quiesced and backed up to the vault at the second site, which "
      "adds and reads, and never deletes.");
  const json::Value job =
      TRY(control_.post("/v1/backups", json::Object{{"services", json::Array()}}));
  const json::Value result = TRY(control::wait_for_job(control_, job, kJobTimeMax));
  const json::Array* backups = result["backups"].array();
  for (const json::Value& backup : backups != nullptr ? *backups : json::Array()) {
    narration_.say(fmt::format("{}: snapshot {} of {} files", text_of(backup["service"]),
                               text_of(backup["snapshot"]).substr(0, 8),
                               backup["files"].to_u64("files").value_or(0)));
  }
  return {};
}

Result<void> Rehearsal::start_probes() {
  const supervisor::Estate& estate = stage_.estate();
  const supervisor::ServiceConfig* meetings = estate.find("meetings");
  const supervisor::ServiceConfig* mail = estate.find("mail");
  if (meetings == nullptr || mail == nullptr) {
    return fail(ErrorKind::not_found,
                "the drill needs the services meetings and mail in estate.toml");
  }
  meetings_visitor_ = std::make_unique<Visitor>(estate);
  const std::string host = meetings->hostnames.front();
  const std::string path = TRY(meetings_visitor_->find_front_page(host));
  const auto ask_meetings = [this, host, path]() -> Result<void> {
    const Page page = TRY(meetings_visitor_->get(host, path));
    if (page.status == 200) return {};
    return fail(ErrorKind::unavailable, fmt::format("answered {}", page.status));
  };

  MailProbeSettings settings;
  for (const supervisor::PortConfig& port : mail->ports) {
    LineAddress address{.host = "mail." + estate.gateway.domain,
                        .port = port.port,
                        .transport = port.tls ? Transport::tls : Transport::plain,
                        .authority = supervisor::Layout(estate.folder).ca_certificate(),
                        .unix_socket = {}};
    (port.name == "smtp" ? settings.smtp : settings.imap) = std::move(address);
  }
  const Path dataset = supervisor::Layout(estate.folder).current_generation("mail");
  settings.password = TRY(read_probe_password(dataset));
  mail_probe_ = std::make_unique<MailProbe>(std::move(settings), random_);
  const auto use_mail = [this]() -> Result<void> {
    TRY(mail_probe_->send_and_read_back());
    return {};
  };
  // Once before it counts: a service that does not work now would prove nothing.
  TRY_CONTEXT(ask_meetings(), "meetings does not answer before the drill");
  TRY_CONTEXT(use_mail(), "mail does not work before the drill");
  probes_.push_back(std::make_unique<ContinuousProbe>("mail", use_mail));
  probes_.push_back(std::make_unique<ContinuousProbe>("meetings", ask_meetings));
  return {};
}

Result<void> Rehearsal::look_around() {
  mark("An ordinary day");
  for (WebService& service : web_) {
    service.path = TRY_CONTEXT(visitor_.find_front_page(service.host), service.name);
    narration_.good(fmt::format("https://{}{} is open to everyone", service.host, service.path));
  }
  TRY(start_probes());
  narration_.explain(
      "From now on a message is sent and read back, and the meeting is looked in on, "
      "ten times a second: both must notice nothing.");
  std::this_thread::sleep_for(kNormalTime);
  return {};
}

Result<void> Rehearsal::attack() {
  mark("Attack");
  narration_.explain(
      "Code inside the website's compartment, as if its program had been taken over, "
      "tries every way out and encrypts what it can write.");
  std::vector<RefusalWatch::Target> targets;
  for (const WebService& service : web_) {
    targets.push_back({.service = service.name, .host = service.host, .path = service.path});
  }
  RefusalWatch refusals(stage_.estate(), targets);
  std::this_thread::sleep_for(200ms);  // so that each lane has seen the service at work
  report_.attacked = clock_.now();
  TRY(stage_.trigger());
  TRY(wait_for_containment());
  const auto until = std::chrono::steady_clock::now() + kContainmentTimeMax;
  while (!refusals.all_refused() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kLookPeriod);
  }
  measure_seal(report_.attacked, refusals.stop());
  TRY(follow());
  check_sealed_page();
  check_status_page(kAllFour, "we have taken these services offline");
  return {};
}

Result<void> Rehearsal::wait_for_containment() {
  const auto until = std::chrono::steady_clock::now() + kContainmentTimeMax;
  while (std::chrono::steady_clock::now() < until) {
    const json::Value estate = TRY(control_.get("/v1/estate"));
    if (estate["incident"].is_string()) {
      incident_ = *estate["incident"].string();
      const json::Value now = TRY(incident());
      if (text_of(now["state"]) == "contained") return {};
    }
    std::this_thread::sleep_for(kLookPeriod);
  }
  return fail(ErrorKind::limit,
              fmt::format("the attack was not contained within {} s: see logs/ in the estate",
                          kContainmentTimeMax.count() / 1000));
}

void Rehearsal::measure_seal(WallTime triggered, const std::vector<RefusalWatch::Seen>& seen) {
  if (const Result<json::Value> now = incident()) {
    if (const json::Array* records = (*now)["timeline"].array()) {
      for (const json::Value& record : *records) {
        if (text_of(record["kind"]) != "sealed" || report_.seal_ms) continue;
        const auto refusal = record["details"]["indicator_to_refusal_ms"].to_i64("refusal");
        const auto freeze = record["details"]["seal_ms"].to_i64("seal_ms");
        if (refusal) report_.seal_ms = *refusal;
        if (freeze) report_.freeze_ms = *freeze;
      }
    }
  }
  std::optional<WallTime> last;
  bool have_all_refused = !seen.empty();
  for (const RefusalWatch::Seen& lane : seen) {
    have_all_refused = have_all_refused && lane.refused && lane.answered_before > 0;
    if (lane.refused && (!last || *lane.refused > *last)) last = lane.refused;
  }
  if (last) {
    report_.seal_outside_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(*last - triggered).count();
  }
  const auto in_time = [](std::optional<std::int64_t> taken) {
    return taken && *taken <= kSealTimeMax.count();
  };
  // Not by bulkheadd's own word alone: a visitor's clock, begun when the attack did, says so too.
  check("The gateway refuses all four within a second",
        have_all_refused && in_time(report_.seal_ms) && in_time(report_.seal_outside_ms),
        fmt::format(
            "{} after the indicator; {} after the attack began, seen from outside",
            report_.seal_ms ? incident::duration_text(*report_.seal_ms) : "never",
            report_.seal_outside_ms ? incident::duration_text(*report_.seal_outside_ms) : "never"));
}

Result<void> Rehearsal::check_pages(const std::vector<std::string>& services, int status) {
  for (const WebService& service : web_) {
    if (std::ranges::find(services, service.name) == services.end()) continue;
    const Page page = TRY(visitor_.get(service.host, service.path));
    const bool is_expected = status == 503 ? is_sealed(page) : page.status == status;
    check(fmt::format("A visitor of {} is answered {}", service.name, status), is_expected,
          fmt::format("answered {}{}", page.status,
                      page.refusal.empty() ? "" : ", by the gateway: " + page.refusal));
  }
  return {};
}

void Rehearsal::check_sealed_page() {
  const WebService& website = web_.back();
  const std::string status_host = stage_.estate().status_host();
  const Result<Page> page = visitor_.get(website.host, "/", "ar");
  const bool is_helpful = page && is_sealed(*page) &&
                          page->body.find("dir=\"rtl\"") != std::string::npos &&
                          page->body.find(status_host) != std::string::npos;
  check("A sealed service explains itself in the visitor's language (asked in Arabic)", is_helpful,
        !page ? page.error().message()
              : fmt::format("answered {}, {} bytes{}", page->status, page->body.size(),
                            is_helpful ? ", with a link to the status page" : ""));
}

void Rehearsal::check_status_page(const std::vector<std::string>& sealed, std::string_view news) {
  // Written by bulkheadd in the background: what counts is that it follows, not in which
  // millisecond.
  const auto until = std::chrono::steady_clock::now() + kStatusTimeMax;
  const std::string name =
      sealed.empty()
          ? "The status page says that all is open again"
          : fmt::format("The status page says that {} sealed",
                        sealed.size() == 1 ? sealed.front() + " alone is"
                                           : fmt::format("{} are", fmt::join(sealed, ", ")));
  std::string found;
  while (std::chrono::steady_clock::now() < until) {
    const Result<Page> page = visitor_.get(stage_.estate().status_host(), kStatusSummary);
    found = page ? fmt::format("answered {}", page->status) : page.error().message();
    if (page && page->status == 200) {
      found = "it says something else";
      const Result<json::Value> summary = json::parse(page->body);
      if (summary && sealed_in(*summary) == sealed &&
          (news.empty() || page->body.find(news) != std::string::npos)) {
        check(name, true, news.empty() ? "it does" : fmt::format("\"{} …\"", news));
        return;
      }
    }
    std::this_thread::sleep_for(kLookPeriod);
  }
  check(name, false, found);
}

Result<void> Rehearsal::recover_first_three() {
  mark("Three come back");
  narration_.explain(
      "GISIS, IMODOCS and Virtual Publications show no indicator: they come back "
      "first, gate by gate, each beside its sealed state.");
  TRY(recover(kFirstThree));
  TRY(check_pages(kFirstThree, 200));
  TRY(check_pages({std::string(kWebsite)}, 503));
  check_status_page({std::string(kWebsite)}, "Open again");
  return {};
}

Result<void> Rehearsal::seal_again_and_check() {
  mark("Sealed again");
  narration_.explain(
      "On 2 October 2020 the three were taken offline once more, for a security "
      "check. That must be possible at any time.");
  TRY(control_.post("/v1/seal",
                    json::Object{{"services", names_of(kFirstThree)},
                                 {"reason", "a security check, as on 2 October 2020"}}));
  TRY(follow());
  TRY(check_pages(kFirstThree, 503));
  check_status_page(kAllFour, "Taken offline again for a security check");
  TRY(recover(kFirstThree));
  return check_pages(kFirstThree, 200);
}

Result<void> Rehearsal::recover_website() {
  mark("The website comes back");
  narration_.explain(
      "The way in is closed first; then the last clean snapshot is restored beside the "
      "damaged data, checked, and opened in stages.");
  TRY(stage_.close_the_hole());
  TRY(recover({std::string(kWebsite)}));
  return check_pages({std::string(kWebsite)}, 200);
}

Result<void> Rehearsal::close_and_verify() {
  mark("Proof");
  check_status_page({}, "");
  TRY(prove_recovery());
  TRY(read_attack_report());
  TRY(control_.post("/v1/incidents/" + incident_ + "/close",
                    json::Object{{"reason", "the drill is over"}}));
  for (const auto& probe : probes_) {
    probe->stop();
    const ProbeTally tally = probe->tally();
    const std::uint64_t answered = tally.sent - tally.lost;
    check(fmt::format("{} noticed nothing", tally.service), tally.lost == 0 && tally.sent > 0,
          tally.lost == 0
              ? fmt::format("{} probes, none lost, {:.1f} ms on average, {:.1f} ms at most",
                            tally.sent,
                            answered == 0 ? 0
                                          : static_cast<double>(tally.total.count()) / 1000 /
                                                static_cast<double>(answered),
                            static_cast<double>(tally.slowest.count()) / 1000)
              : fmt::format("{} of {} lost; first: {}", tally.lost, tally.sent,
                            tally.first_lost.front().reason));
  }
  return prove_record();
}

void Rehearsal::gather_services() {
  const json::Array* services = report_.incident_record["services"].array();
  for (const json::Value& entry : services != nullptr ? *services : json::Array()) {
    const auto service =
        std::ranges::find(report_.services, text_of(entry["name"]), &DrillService::name);
    if (service == report_.services.end()) continue;
    if (const auto rto = entry["rto_ms"].to_i64("rto_ms")) service->rto_ms = *rto;
    if (const auto rpo = entry["rpo_ms"].to_i64("rpo_ms")) service->rpo_ms = *rpo;
    service->seals = entry["seals"].to_i64("seals").value_or(0);
  }
}

}  // namespace bulkhead::cli::drill
