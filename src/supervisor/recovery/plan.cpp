#include "supervisor/recovery/plan.h"

#include <algorithm>
#include <set>
#include <span>

namespace bulkhead::supervisor {
namespace {

// The numbers of Exposure grow with the restriction.
bool reaches(Exposure now, Exposure wanted) {
  return static_cast<int>(now) <= static_cast<int>(wanted);
}

std::vector<Step> remaining_steps(const AffectedService& service, RecoveryKind kind,
                                  Exposure expose) {
  const std::span<const Step> all = kind == RecoveryKind::recheck
                                        ? std::span<const Step>(kStepsToRecheck)
                                        : std::span<const Step>(kStepsToRestore);
  std::vector<Step> steps;
  for (const Step step : all) {
    const std::optional<Exposure> opened = exposure_of(step);
    if (opened && !reaches(expose, *opened)) continue;
    if (!service.is_done(step)) steps.push_back(step);
  }
  return steps;
}

// A restoration under way stays one, even when its promotion is done already.
RecoveryKind kind_of(const AffectedService& service) {
  if (service.is_done(Step::promote)) return RecoveryKind::restore;
  return service.needs_recheck_only() ? RecoveryKind::recheck : RecoveryKind::restore;
}

struct Ordering {
  const Estate& estate;
  const std::set<std::string>& wanted;
  std::set<std::string> placed = {};
  std::vector<std::string> order = {};

  void place(const std::string& name) {
    const ServiceConfig* service = estate.find(name);
    if (service == nullptr || !placed.insert(name).second) return;
    for (const std::string& dependency : service->depends_on) place(dependency);
    if (wanted.contains(name)) order.push_back(name);
  }
};

}  // namespace

std::optional<Exposure> exposure_of(Step step) {
  switch (step) {
    case Step::open_operators: return Exposure::operators;
    case Step::open_members: return Exposure::members;
    case Step::open_read_only: return Exposure::read_only;
    case Step::open_public: return Exposure::public_;
    default: return std::nullopt;
  }
}

Result<std::vector<PlannedService>> plan_recovery(const Estate& estate, const Incident& incident,
                                                  const std::vector<std::string>& services,
                                                  Exposure expose) {
  std::set<std::string> wanted(services.begin(), services.end());
  for (const std::string& name : wanted) {
    if (incident.find(name) == nullptr) {
      return fail(ErrorKind::not_found, "incident " + incident.id + " does not hold " + name +
                                            "; see bulkhead incident show " + incident.id);
    }
  }
  if (wanted.empty()) {
    for (const AffectedService& service : incident.services) {
      if (service.contained && !reaches(service.exposure, expose)) wanted.insert(service.name);
    }
  }

  std::vector<const ServiceConfig*> configs;
  for (const std::string& name : wanted) {
    const ServiceConfig* config = estate.find(name);
    if (config == nullptr) {
      return fail(ErrorKind::not_found, name + " is no longer in estate.toml");
    }
    configs.push_back(config);
  }
  std::ranges::sort(configs, [](const ServiceConfig* a, const ServiceConfig* b) {
    return a->tier != b->tier ? a->tier < b->tier : a->name < b->name;
  });

  Ordering ordering{.estate = estate, .wanted = wanted};
  std::vector<PlannedService> plan;
  for (const ServiceConfig* config : configs) {
    for (const std::string& dependency : config->depends_on) {
      const AffectedService* other = incident.find(dependency);
      if (other != nullptr && other->exposure == Exposure::sealed && other->contained &&
          !wanted.contains(dependency)) {
        return fail(ErrorKind::conflict, config->name + " depends on " + dependency +
                                             ", which is sealed; recover it too");
      }
    }
    ordering.place(config->name);
  }
  for (const std::string& name : ordering.order) {
    const AffectedService& service = *incident.find(name);
    const RecoveryKind kind = kind_of(service);
    PlannedService planned{
        .name = name, .kind = kind, .steps = remaining_steps(service, kind, expose)};
    if (!planned.steps.empty()) plan.push_back(std::move(planned));
  }
  return plan;
}

}  // namespace bulkhead::supervisor
